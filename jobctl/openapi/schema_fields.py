"""Where in an answer a job's status, id, time, progress, error, result and attempt stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.openapi import roles
from jobctl.openapi.found import Confidence, Found, graded, missing
from jobctl.openapi.names import expression, snake
from jobctl.openapi.schemas import leaves_of, shape_of
from jobctl.openapi.status_field import find_status
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobctl.openapi.document import Document
    from jobctl.openapi.flags import Flag
    from jobctl.openapi.schemas import Leaf
    from jobctl.openapi.words import Word


class Fields(NamedTuple):
    """What a record carries. `found` has one finding for each field of a profile that was looked for.

    `promised` says of fields that the document calls required which types it promises. `progress_max` is None
    where 100 is right.
    """

    found: Mapping[str, Found]
    words: tuple[Word, ...]
    progress_max: float | None
    promised: Mapping[str, str]
    points: int
    """How much the status looks like a job's; 0 where there is none."""


class _Role(NamedTuple):
    names: Mapping[str, int]
    types: tuple[str, ...]
    by_hand: str


_ROLES: Final = {
    "id": _Role(roles.IDS, ("string", "integer"), "write fields.id by hand where the answer carries one"),
    "progress": _Role(roles.PROGRESS, ("number", "integer"), "leave it out: progress is optional"),
    "updated_at": _Role(
        roles.UPDATED,
        ("string", "integer", "number"),
        "without it reads are the only authority; write fields.updated_at where the server does send one",
    ),
    "error": _Role(roles.ERRORS, ("string", "object", "array"), "write fields.error where there is one"),
    "result": _Role(
        roles.RESULTS,
        ("string", "object", "array", "integer", "number"),
        "write fields.result where there is one",
    ),
    "attempt": _Role(roles.ATTEMPTS, ("integer",), "leave it out unless the API counts attempts"),
}
_TO_ONE: Final = re.compile(r"\b0(\.0+)?\s*(?:to|and|-|\.\.)\s*1(\.0+)?\b(?!\s*0)")
_HUNDRED: Final = re.compile(r"\b100\b|percent", re.IGNORECASE)


def find_fields(document: Document, schema: Any, id_names: tuple[str, ...] = ()) -> Fields:
    """Read a response schema. `id_names` are what the path calls the id, surest first, in snake case."""
    if not (isinstance(schema, dict) and "$ref" in schema and len(schema) > 1):
        schema = document.resolve(schema)  # worked out once for all who refer to it
    leaves = document.remembered("leaves", schema, lambda: leaves_of(document, schema))
    status = document.remembered("status", schema, lambda: find_status(leaves))
    found = {"status": status.found}
    # What the profile reads there is a word, whatever the booleans are.
    is_promised = status.leaf is not None and status.leaf.promised and status.flag is None
    promised = {"status": _promise(status.leaf)} if status.leaf is not None and is_promised else {}
    if status.leaf is None:
        return Fields(found, (), None, promised, 0)
    beside = status.leaf
    leaves = document.remembered("near", schema, lambda: [one for one in leaves if _stands_with(one, beside)])
    taken = {status.leaf.path}
    chosen: dict[str, Leaf] = {}
    for name in _ROLES:
        best = _best(name, leaves, status.leaf, id_names, taken)
        found[name] = _found(name, best, document)
        if best is not None:
            chosen[name] = best[1]
            taken.add(best[1].path)
            if best[1].promised:
                promised[name] = _promise(best[1])
    envelope = _envelope(status.leaf, chosen.get("id"))
    if status.flag is not None:
        found["status"] = _by_flag(status.found, status.flag, chosen.get("id"))
    if envelope is not None:
        found = {name: _in_or_out(one, envelope) for name, one in found.items()}
    progress_max, found["progress"] = _scale(chosen.get("progress"), found["progress"], leaves)
    return Fields(found, status.words, progress_max, promised, status.points)


def _best(
    role: str, leaves: list[Leaf], status: Leaf, id_names: tuple[str, ...], taken: set[tuple[str, ...]]
) -> tuple[int, Leaf] | None:
    best: tuple[int, Leaf] | None = None
    about = _ROLES[role]
    for leaf in leaves:
        name = snake(leaf.name)
        points = about.names.get(name, 0)
        if role == "id" and name in id_names:
            points = max(points, 8 - id_names.index(name))
        if not points or leaf.path in taken or not leaf.shape.may_be(*about.types):
            continue
        # Beside the status is the surest place; a record inside the record is somebody else's.
        points += 3 if leaf.path[:-1] == status.path[:-1] else 0
        points -= 2 * abs(len(leaf.path) - len(status.path))
        if points > 0 and (best is None or points > best[0]):
            best = points, leaf
    return best


def _stands_with(leaf: Leaf, status: Leaf) -> bool:
    """Beside the status, above it, or in the `metadata` beside (`status.phase`)."""
    above = status.path[:-1]
    if leaf.path[: len(above)] == above:
        return len(leaf.path) <= len(above) + 1
    return leaf.path[:-1] == above[: len(leaf.path) - 1] or (
        len(leaf.path) == len(status.path) == 2 and leaf.path[0] == "metadata"
    )


def _found(role: str, best: tuple[int, Leaf] | None, document: Document) -> Found:
    if best is None:
        return missing("nothing in the answer has such a name", _ROLES[role].by_hand)
    points, leaf = best
    path, reasons = leaf.path, [_named(leaf)]
    if role == "error" and leaf.shape.properties:
        for inner in ("message", "detail", "title"):
            said = leaf.shape.properties.get(inner)
            if said is not None and shape_of(document, said).may_be("string"):
                path = (*path, inner)
                reasons.append(f"an object, whose {inner} is meant for people")
                break
    return Found(expression(path), graded(points, 8, 6), tuple(reasons))


def _named(leaf: Leaf) -> str:
    types = "/".join(sorted(leaf.shape.types)) or "any type"
    form = f", {visible(leaf.shape.format, 30)}" if leaf.shape.format else ""
    return f"named {visible(leaf.name, 60)} ({types}{form}{'' if leaf.promised else ', not always there'})"


def _envelope(status: Leaf, job_id: Leaf | None) -> str | None:
    """Return the one object around the whole record, where there is one."""
    if len(status.path) != 2 or (job_id is not None and job_id.path[:-1] != status.path[:-1]):
        return None
    return None if status.path[0] in {"status", "state"} else status.path[0]


def _by_flag(found: Found, flag: Flag, job_id: Leaf | None) -> Found:
    above = flag.leaf.path[:-1]
    is_beside = job_id is not None and job_id.path[:-1] == above
    status = flag.status(expression(job_id.path[-1:]) if job_id is not None and is_beside else None)
    # The record may come bare too, as in lists; a pipe binds weaker than all of it.
    return found._replace(value=f"{expression(above)} || @ | {status}" if above else status)


def _in_or_out(found: Found, envelope: str) -> Found:
    """Read the record bare too, as lists and streams carry it."""
    head = expression((envelope,)) + "."
    if found.value is None or not found.value.startswith(head) or "||" in found.value:
        return found
    return found._replace(
        value=f"{found.value} || {found.value.removeprefix(head)}",
        reasons=(*found.reasons, f"in the envelope {visible(envelope, 60)}, or bare"),
    )


def _scale(leaf: Leaf | None, found: Found, leaves: list[Leaf]) -> tuple[float | None, Found]:
    if leaf is None:
        texts = [one for one in leaves if snake(one.name) in roles.PROGRESS]
        if texts:
            kind = "/".join(sorted(texts[0].shape.types))
            return None, missing(f"{expression(texts[0].path)} is {kind}, no number", found.by_hand)
        return None, found
    said = leaf.shape.text
    if leaf.shape.most == 1 or (_TO_ONE.search(said) and not _HUNDRED.search(said)):
        return 1.0, found._replace(reasons=(*found.reasons, "from 0 to 1"))
    if leaf.shape.most == 100 or _HUNDRED.search(f"{said} {snake(leaf.name)}"):
        return None, found._replace(reasons=(*found.reasons, "from 0 to 100"))
    doubt = "taken to be from 0 to 100: write progress_max = 1 where it ends at 1"
    lower = Confidence.MEDIUM if found.confidence is Confidence.HIGH else found.confidence
    return None, found._replace(confidence=lower, reasons=(*found.reasons, doubt))


def _promise(leaf: Leaf) -> str:
    return "/".join(sorted(leaf.shape.types)) or "any type"
