"""What a call wants sent: the JSON of it, as far as the document tells its values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.model import JobStatus
from jobctl.openapi.found import Confidence, Found, missing
from jobctl.openapi.names import snake, words_in
from jobctl.openapi.roles import STATUS, STATUS_ENDINGS
from jobctl.openapi.schemas import shape_of
from jobctl.openapi.words import read_word
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobctl.openapi.document import Call, Document

CANCELS: Final = ("cancel", "cancellation", "stop", "abort", "terminate", "kill", "revoke", "interrupt")
"""What a cancel is called, the gentlest first."""
_CANCELLED: Final = ("cancelled", "canceled", "cancelling", "canceling", "stopped", "aborted", "terminated")
_ACTIONS: Final = frozenset(["action", "command", "operation", "op", "event", "signal", "transition"])
_FLAGS: Final = frozenset(
    ["cancel", "cancelled", "canceled", "is_cancelled", "is_canceled", "cancel_requested"]
)
_LIMIT: Final = "limit"
_DEEPEST: Final = 4
_MOST_NAMED: Final = 5


class Body(NamedTuple):
    """A body that a profile can hold: `form` is its JSON, None where `found` says what is left to write."""

    form: Any
    found: Found


class _Wanted(NamedTuple):
    is_required: bool
    schema: Any
    kind: str | None
    """The media type, where it is not one that we send."""


class _Setting(NamedTuple):
    path: tuple[str, ...]
    value: str | bool
    is_all_there_is: bool
    """It can be set to nothing else."""


def cancel_setting(document: Document, call: Call) -> _Setting | None:
    """Return the property that a body can set to cancel a job: a status, an action or a flag."""
    wanted = _wanted(document, call)
    return None if wanted is None else _setting(document, wanted.schema, ())


def cancel_body(document: Document, call: Call) -> Body | None:
    """Return the body that a cancel wants; None where it wants none."""
    wanted = _wanted(document, call)
    if wanted is None:
        return None
    setting = _setting(document, wanted.schema, ())
    if setting is None and (not wanted.is_required or call.method in {"PUT", "PATCH"}):
        return _unknown("nothing in its body says cancel", "cancel_body") if wanted.is_required else None
    given = {} if setting is None else {setting.path: setting.value}
    why = "required, and nothing in it is"
    if setting is not None:
        is_sure = setting.is_all_there_is
        why = f"{visible('.'.join(setting.path), 80)} {'is always' if is_sure else 'may be'} {setting.value}"
    return _told(document, wanted, given, "cancel_body", why, is_sure=setting is None or is_sure)


def list_body(document: Document, call: Call) -> Body | None:
    """Return the body that a list wants; None where it wants none."""
    wanted = _wanted(document, call)
    if wanted is None:
        return None
    limit = next(
        (
            name
            for name, node in shape_of(document, wanted.schema).properties.items()
            if name.lower() == _LIMIT and not shape_of(document, node).types.isdisjoint(["integer", "number"])
        ),
        None,
    )
    if limit is None and not wanted.is_required:
        return None
    given: dict[tuple[str, ...], Any] = {(limit,): "{limit}"} if limit else {}
    why = "with a place for --limit" if limit else "required, and nothing in it is"
    return _told(document, wanted, given, "list_body", why, is_sure=True)


def _told(
    document: Document,
    wanted: _Wanted,
    given: Mapping[tuple[str, ...], Any],
    key: str,
    why: str,
    *,
    is_sure: bool,
) -> Body:
    if wanted.kind is not None:
        return _unknown(f"its body is {visible(wanted.kind, 60)}, and JSON is what jobctl sends", key)
    untold: list[str] = []
    form = _form(document, wanted.schema, given, (), untold)
    if untold:
        names = ", ".join(visible(name, 60) for name in untold[:_MOST_NAMED])
        return _unknown(f"its body needs {names}", key)
    return Body(form, Found(json.dumps(form), Confidence.HIGH if is_sure else Confidence.MEDIUM, (why,)))


def _unknown(why: str, key: str) -> Body:
    return Body(None, missing(why, f"write {key} by hand: {key} = {{ name = 'value' }}"))


def _wanted(document: Document, call: Call) -> _Wanted | None:
    body = document.mapping(call.node.get("requestBody"))
    content = document.mapping(body.get("content"))
    kinds = {str(kind).partition(";")[0].strip().lower(): media for kind, media in content.items()}
    sent = next((kind for kind in kinds if kind in {"application/json", "*/*", "application/*"}), None)
    sent = sent or next((kind for kind in kinds if kind.endswith("+json") and "patch" not in kind), None)
    kind = sent or next(iter(kinds), None)
    if kind is None:
        return None
    schema = document.mapping(kinds[kind]).get("schema", {})
    return _Wanted(body.get("required") is True, schema, None if sent else kind)


def _setting(document: Document, schema: Any, above: tuple[str, ...]) -> _Setting | None:
    properties = shape_of(document, schema).properties
    for name, node in properties.items():
        inner, word = shape_of(document, node), snake(name)
        if word in _FLAGS and inner.types == {"boolean"}:
            return _Setting((*above, name), True, is_all_there_is=True)
        if word in STATUS or word in _ACTIONS or word.endswith(STATUS_ENDINGS):
            words = sorted(filter(_is_cancel, inner.enum), key=_gentleness)
            if words:
                return _Setting((*above, name), words[0], all(map(_is_cancel, inner.enum)))
    if len(properties) == 1 and len(above) < 2:  # {"job": {"status": …}}
        ((name, node),) = properties.items()
        return _setting(document, node, (*above, name))
    return None


def _is_cancel(word: str) -> bool:
    said = set(words_in(word))
    return read_word(word).status is JobStatus.CANCELLED or not said.isdisjoint((*CANCELS, *_CANCELLED))


def _gentleness(word: str) -> int:
    ranks = [rank for rank, one in enumerate((*_CANCELLED, *CANCELS)) if one in words_in(word)]
    return min(ranks, default=len(_CANCELLED))


def _form(
    document: Document,
    schema: Any,
    given: Mapping[tuple[str, ...], Any],
    above: tuple[str, ...],
    untold: list[str],
) -> dict[str, Any]:
    """Build an object from what is given and what is required and has one value; others go to `untold`."""
    shape, made = shape_of(document, schema), {}
    asked = {path[len(above)] for path in given if path[: len(above)] == above and len(path) > len(above)}
    in_order = [one for one in shape.properties if one in asked | shape.required]
    for name in [*in_order, *sorted(shape.required - shape.properties.keys())]:
        path, node = (*above, name), shape.properties.get(name, {})
        if path in given:
            made[name] = given[path]
        elif (only := _only_value(document, node)) is not None:
            made[name] = only
        elif len(path) < _DEEPEST and shape_of(document, node).properties:
            made[name] = _form(document, node, given, path, untold)
        else:
            untold.append(".".join(path))
    return made


def _only_value(document: Document, node: Any) -> Any:
    """Return the one value that a schema allows; None where it allows several, or null."""
    enum = shape_of(document, node).enum
    if len(enum) == 1:
        return enum[0]
    only = document.mapping(node).get("const")
    return only if isinstance(only, bool | int) else None
