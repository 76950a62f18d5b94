"""Paths of a document → of a profile: the id as `{id}`, other placeholders filled in or left to fill."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from jobctl.openapi.names import snake
from jobctl.secret_scan import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobctl.openapi.document import Call, Document

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_UNUSABLE: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\#{}]")


class Filled(NamedTuple):
    """A path that a profile can hold, and the parameters nobody has given a value for (in capitals there)."""

    path: str
    unfilled: tuple[str, ...]


def placeholders(path: str) -> tuple[str, ...]:
    """Return the names of a path's parameters, in order."""
    return tuple(_PLACEHOLDER.findall(path))


def stem_of(path: str) -> str:
    """Return what stands before a path's last parameter, without a slash at its end."""
    head = path.rpartition("{")[0] if "{" in path else path
    return head.rstrip("/")


def tail_of(path: str) -> tuple[str, ...]:
    """Return the segments behind a path's last parameter."""
    return tuple(part for part in path.rpartition("}")[2].split("/") if part)


def query_id(call: Call) -> str | None:
    """Return the required query parameter that is the job's id, for calls such as `GET /result?task_id=`."""
    for one in call.parameters:
        name = one["name"]
        if (
            one["in"] == "query"
            and one.get("required") is True
            and snake(name).split("_")[-1] in {"id", "uuid"}
        ):
            return str(name)
    return None


def fill_path(document: Document, call: Call, id_name: str | None, given: Mapping[str, str]) -> Filled | None:
    """Return the path as a profile has it; None where no profile can hold such a path."""
    unfilled: list[str] = []

    def value(name: str, place: str = "path") -> str:
        if name == id_name:
            return "{id}"
        text = given.get(name) or _default(document, call, place, name)
        if text is None:
            unfilled.append(name)
            return snake(name).upper() or "VALUE"
        return quote(text, safe="")

    try:
        path = _PLACEHOLDER.sub(lambda found: value(found.group(1)), call.path)
        query = [
            f"{quote(one['name'], safe='')}={value(one['name'], 'query')}"
            for one in call.parameters
            if one["in"] == "query" and one.get("required") is True
        ]
    except UnicodeEncodeError:  # half a character, which no URL can carry
        return None
    if query:
        path = f"{path}{'&' if '?' in path else '?'}{'&'.join(query)}"
    if _UNUSABLE.search(path.replace("{id}", "")) or path.count("{id}") > 1:
        return None
    return Filled(path, tuple(dict.fromkeys(unfilled)))


def required_headers(document: Document, call: Call) -> dict[str, str]:
    """Return the required headers whose one value the document tells, credentials left out."""
    found = {}
    for one in call.parameters:
        name = one["name"]
        if one["in"] == "header" and one.get("required") is True and name.lower() not in _NOT_OURS:
            text = _default(document, call, "header", name)
            if text is not None and text.isascii() and text.isprintable():
                found[name] = text
    return found


_NOT_OURS: Final = frozenset({"authorization", "accept", "content-type", "cookie", "idempotency-key"})


def _default(document: Document, call: Call, place: str, name: str) -> str | None:
    """Return the only value that the document lets a parameter have, or its default."""
    for one in call.parameters:
        if one["name"] == name and one["in"] == place and not is_secret_name(name):
            schema = document.mapping(one.get("schema"))
            choices: Any = schema.get("enum")
            only = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
            for value in (schema.get("const"), only, schema.get("default")):
                if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
                    return str(value)
    return None
