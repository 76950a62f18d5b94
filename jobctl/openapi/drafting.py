"""An OpenAPI document → drafts of profiles, one for each kind of job in it, the surest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jobctl.openapi import operations as ops
from jobctl.openapi.answers import list_items
from jobctl.openapi.bodies import Body, cancel_body, list_body
from jobctl.openapi.draft import Draft
from jobctl.openapi.found import Confidence, Found, missing
from jobctl.openapi.names import words_in
from jobctl.openapi.path_template import fill_path, required_headers
from jobctl.openapi.security import find_auth
from jobctl.openapi.servers import find_base_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobctl.openapi.document import Call, Document

_CLEARLY = 5
"""Points by which the best kind of job must lead to be taken without asking."""


class Wishes(NamedTuple):
    """What a person has said: the base URL, the profile's name, values for parameters of paths."""

    base_url: str | None = None
    name: str | None = None
    parameters: Mapping[str, str] = {}


class Kinds(NamedTuple):
    """The kinds of job in a document; `calls` are all of them."""

    families: Sequence[ops.Family]
    names: Sequence[str]
    calls: Sequence[Call]

    @property
    def leader(self) -> int | None:
        """The kind that is clearly meant where nobody says; None where several may be."""
        points = [one.points for one in self.families]
        return 0 if len(points) == 1 or (points and points[0] >= points[1] + _CLEARLY) else None

    def below(self, prefix: str) -> list[int]:
        """Return the kinds whose read lies below a path."""
        labels = [family.read.found.value or "" for family in self.families]
        return [number for number, label in enumerate(labels) if _is_head(prefix, "", label)]

    def called(self, wish: str) -> int | None:
        """Return the one kind that a name or the beginning of a path picks; None where none or several."""
        for tell in (_is_name, _is_head, _begins_a_part, _is_in_a_part):
            fits = [
                number
                for number, (family, name) in enumerate(zip(self.families, self.names, strict=True))
                if tell(wish, name, family.read.found.value or "")
            ]
            if fits:
                return fits[0] if len(fits) == 1 else None
        return None


def _is_name(wish: str, name: str, _label: str) -> bool:
    return wish == name


def _is_head(wish: str, _name: str, label: str) -> bool:
    path, head = label.removeprefix("GET "), "/" + wish.strip("/")
    return path == head or path.startswith(head + "/")


def _begins_a_part(wish: str, _name: str, label: str) -> bool:
    return any(part.startswith(wish) for part in label.split("/")[1:])


def _is_in_a_part(wish: str, _name: str, label: str) -> bool:
    return not set(words_in(wish)).isdisjoint(words_in(label))


def find_kinds(document: Document) -> Kinds:
    """Find the kinds of job in a document, each with a name of its own."""
    calls = list(document.calls())
    families = ops.find_families(document, calls)
    names: list[str] = []
    for family in families:
        words = [part for part in family.stem.split("/") if part and "{" not in part]
        name, more = "-".join(words_in(family.noun)) or "api", len(words) - 1
        while name in names and more > 0:
            more -= 1
            name = "-".join((*words_in(words[more]), name))
        names.append(name if name not in names else f"{name}-{len(names) + 1}")
    return Kinds(families, names, calls)


def draft_of(document: Document, kinds: Kinds, number: int, wishes: Wishes) -> Draft:
    """Draft the profile of one kind of job."""
    family, calls = kinds.families[number], kinds.calls
    name = wishes.name or kinds.names[number]
    chosen = {
        "submit": ops.choose_submit(document, family, calls),
        "read": family.read,
        "cancel": ops.choose_cancel(document, family, calls),
        "list": ops.choose_list(document, family, calls),
        "stream": ops.choose_stream(document, family, calls),
    }
    filled = {key: _as_profile_has_it(document, one, wishes.parameters) for key, one in chosen.items()}
    unfilled = filled["read"][1]
    read = family.read.call
    auth = find_auth(document, read, name) if read is not None else None
    operations = {key: _if_read_tells(found, left, unfilled) for key, (found, left) in filled.items()}
    bodies = _bodies(document, chosen, operations)
    forms = {key: body.form for key, body in bodies.items() if body.found.value is not None}
    return Draft(
        name=name,
        label=family.read.found.value or "",
        source=document.address,
        base_url=find_base_url(document, wishes.base_url, read),
        operations={key: _less_sure(one, bodies.get(f"{key}_body")) for key, one in operations.items()},
        fields=family.fields.found,
        words=family.fields.words,
        auth=auth.found if auth is not None else missing("no read"),
        auth_table=auth.table if auth is not None else None,
        extra=_extra(document, family, chosen["submit"].call, chosen["list"].call) | forms,
        bodies={key: body.found for key, body in bodies.items()},
        unfilled=unfilled,
        promised=family.fields.promised,
    )


def _as_profile_has_it(
    document: Document, choice: ops.Choice, given: Mapping[str, str]
) -> tuple[Found, tuple[str, ...]]:
    if choice.call is None:
        return choice.found, ()
    path = fill_path(document, choice.call, choice.id_name, given)
    if path is None:
        return missing(f"{choice.found.value} is no path a profile can hold", "write it by hand"), ()
    found = choice.found._replace(value=f"{choice.call.method} {path.path}")
    if not path.unfilled:
        return found, ()
    names = " ".join(f"--param {one}=…" for one in path.unfilled)
    return Found(
        found.value, Confidence.LOW, (*found.reasons, f"{', '.join(path.unfilled)} to fill in"), names
    ), (path.unfilled)


def _if_read_tells(found: Found, left: tuple[str, ...], of_read: tuple[str, ...]) -> Found:
    """What only another call leaves open must not keep jobs from being read: that call is left out."""
    if set(left) <= set(of_read):
        return found
    return missing(f"{found.value}: {', '.join(left)} to fill in", found.by_hand)


def _bodies(
    document: Document, chosen: Mapping[str, ops.Choice], operations: Mapping[str, Found]
) -> dict[str, Body]:
    found = {}
    for key, work_out in (("cancel", cancel_body), ("list", list_body)):
        call = chosen[key].call
        is_sent = call is not None and call.method != "GET" and operations[key].value is not None
        body = work_out(document, call) if is_sent and call is not None else None
        if body is not None:
            found[f"{key}_body"] = body
    return found


def _less_sure(found: Found, body: Body | None) -> Found:
    """A call whose body nobody knows is refused as it stands."""
    if body is None or body.found.value is not None:
        return found
    return found._replace(confidence=Confidence.LOW, reasons=(*found.reasons, "it needs a body"))


def _extra(
    document: Document, family: ops.Family, submit: Call | None, listing: Call | None
) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if family.fields.progress_max is not None:
        extra["progress_max"] = family.fields.progress_max
    if family.read.call is not None and (headers := required_headers(document, family.read.call)):
        extra["headers"] = headers
    if listing is not None and (items := list_items(document, listing)) is not None:
        extra["list_items"] = items
    for one in submit.parameters if submit is not None else ():
        said = one["name"].lower()
        if one["in"] == "header" and "idempotency" in said and said != "idempotency-key" and said.isascii():
            extra["idempotency_header"] = one["name"]
    return extra
