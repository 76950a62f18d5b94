"""One sample answer → a draft: judged as with a document, from what the answer happens to carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from jobctl.openapi.document import Document
from jobctl.openapi.draft import FIELDS, OPERATIONS, Draft
from jobctl.openapi.flags import as_operation
from jobctl.openapi.found import Confidence, Found, missing
from jobctl.openapi.names import words_in
from jobctl.openapi.schema_fields import find_fields
from jobctl.profile.fields import compile_path
from jobctl.secret_scan import is_secret_name
from jobctl.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobctl.openapi.drafting import Wishes

_DEEPEST: Final = 8
_MOST_KEYS: Final = 300
_TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
_LOWER: Final = {Confidence.HIGH: Confidence.MEDIUM, Confidence.MEDIUM: Confidence.LOW}


def schema_of(value: Any, depth: int = _DEEPEST) -> dict[str, Any]:
    """Return the schema that a value shows, the value itself as its example."""
    if isinstance(value, dict):
        inner = list(value.items())[:_MOST_KEYS] if depth else []
        return {
            "type": "object",
            "properties": {str(name): schema_of(one, depth - 1) for name, one in inner},
        }
    if isinstance(value, list):
        return {"type": "array"}
    if value is None:
        return {}  # nothing yet: it may become anything
    kind = _TYPES.get(type(value), "string")
    return {"type": kind, "examples": [value]}


def draft_of_sample(sample: Any, source: str, wishes: Wishes, read: str | None) -> Draft:
    """Draft a profile from one answer. `read` is its call where a person gave it, `GET /path/{id}`."""
    document = Document({"openapi": "3.1.0", "paths": {"/": {}}}, source)
    schema = schema_of(sample)
    if left_out := as_operation(sample):
        schema["properties"] |= left_out
    fields = find_fields(document, schema, ("id",))
    found = {name: _of_one_answer(one, name, sample) for name, one in fields.found.items()}
    call, base = _read_of(source, sample, found, read)
    if "/" in _job_id(sample, found):
        why = f"{found['id'].value} is a path, of which the read takes the last part only"
        found["id"] = missing(why, "leave it out: jobs are read by that part")
    names = [part for part in (call.value or "").split("/")[1:] if part and "{" not in part]
    name = wishes.name or "-".join(words_in(names[-1] if names else "")) or "api"
    own = missing("one answer does not tell", "write it by hand where the API has it")
    if wishes.base_url is not None:
        base = Found(wishes.base_url.rstrip("/"), Confidence.HIGH, ("given by hand",))
    auth = Found("$JOBCTL_TOKEN where it is set", Confidence.LOW, ("one answer does not tell",))
    return Draft(
        name=name,
        label=call.value or "",
        source=source,
        base_url=base,
        operations={key: call if key == "read" else own for key in OPERATIONS},
        fields={key: found[key] for key in FIELDS if key in found},
        words=fields.words,
        auth=auth,
        extra={"progress_max": fields.progress_max} if fields.progress_max is not None else {},
    )


def _of_one_answer(found: Found, name: str, sample: Any) -> Found:
    """One answer proves less than a document: a step less sure, unless the value itself speaks."""
    if found.value is None:
        return found
    value = compile_path(found.value)(sample)
    if name == "updated_at" and value is not None and parse_timestamp(value) is None:
        return missing(f"{found.value} is no time that can be read", found.by_hand)
    if value is not None and name in {"status", "id", "updated_at"}:
        return found
    lower = _LOWER.get(found.confidence, found.confidence)
    return found._replace(confidence=lower, reasons=(*found.reasons, "seen in one answer"))


def _job_id(sample: Any, found: Mapping[str, Found]) -> str:
    where = found["id"].value if "id" in found else None
    job_id = compile_path(where)(sample) if where else None
    return "" if job_id is None else str(job_id)


def _read_of(source: str, sample: Any, found: Mapping[str, Found], read: str | None) -> tuple[Found, Found]:
    """Return the read and the base URL: given, or the sample's own address with the id in it."""
    split = urlsplit(source)
    is_url = split.scheme in {"http", "https"}
    base = (
        Found(f"{split.scheme}://{split.netloc}", Confidence.MEDIUM, ("where the sample came from",))
        if is_url
        else missing("the sample came from a file", "give --base-url URL")
    )
    if read is not None:
        return Found(read, Confidence.HIGH, ("given by hand",)), base
    by_hand = "give --read 'GET /path/{id}'"
    if not is_url:
        return missing("the sample came from a file", by_hand), base
    job_id, parts = _job_id(sample, found), split.path.split("/")
    spots = [number for number, part in enumerate(parts) if job_id and unquote(part) == job_id]
    if "/" in job_id and unquote(split.path).endswith(f"/{job_id}"):
        spots = [len(parts) - 1]  # the name of a Google resource, operations/17
    if not spots:
        return missing("the job's id is not in the sample's address", by_hand), base
    parts[spots[-1]] = "{id}"
    query = "&".join(
        one for one in split.query.split("&") if one and not is_secret_name(unquote(one.partition("=")[0]))
    )
    path = "/".join(parts) + (f"?{query}" if query else "")
    if re.search(r"[\x00-\x20\\#]", path):
        return missing("the sample's address is no path a profile can hold", by_hand), base
    return Found(f"GET {path}", Confidence.HIGH, ("the sample's address, with the job's id in it",)), base
