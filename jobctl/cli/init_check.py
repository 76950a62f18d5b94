"""`jobctl init --check JOB`: one read by the new profile, each field as read, and where the document lied."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from jobctl.cli import output
from jobctl.model import JobStatus, Observation, Source
from jobctl.observe import FIELD_ORDER
from jobctl.openapi.draft import Draft
from jobctl.openapi.drafting import Wishes
from jobctl.openapi.sample import draft_of_sample
from jobctl.profile.fields import compile_path, is_falsy
from jobctl.profile.model import Profile
from jobctl.redact import redact_text
from jobctl.scripting import blocking
from jobctl.story import format_time
from jobctl.text import visible

_TYPES: Final = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    dict: "object",
    list: "array",
}


class Line(NamedTuple):
    """One field: its expression, what the server sent there, what was understood, and what is wrong."""

    field: str
    expression: str
    sent: str
    read: str
    remark: str


class Checked(NamedTuple):
    """All fields of one answer; `is_readable`: a status was read."""

    job: str
    lines: list[Line]
    is_readable: bool

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "job": self.job,
            "readable": self.is_readable,
            "fields": [one._asdict() for one in self.lines],
        }


def check(draft: Draft, profile: Profile, job: str, *, insecure: bool) -> Checked:
    """Read the job once, uncached.

    Raises:
        ConfigError, TransportError, ApiError, ProtocolError: see `jobctl.errors`.
    """
    with blocking(profile, insecure=insecure, tell=output.tell) as (calls, http):
        seen = http.run(calls.read(job, Source.VERIFY))
    return Checked(job, compare(draft, profile, seen), seen.status is not None)


def compare(draft: Draft, profile: Profile, seen: Observation) -> list[Line]:
    """Compare one answer with what the profile expects and the document promised."""
    other = draft_of_sample(seen.payload, "", Wishes(), None)
    lines = []
    for name in FIELD_ORDER:
        expression = profile.fields.get(name, "")
        sent = compile_path(expression)(seen.payload) if expression else None
        read = _read(seen, name)
        remark = _remark(draft, name, sent, read, seen)
        instead = other.fields[name].value if name in other.fields else None
        if is_falsy(sent) and instead and not is_falsy(compile_path(instead)(seen.payload)):
            remark = "; ".join(filter(None, (remark, f"the answer has {instead}")))
        lines.append(Line(name, expression, _shown(sent), read, visible(remark, 300)))
    return lines


def _read(seen: Observation, name: str) -> str:
    if name == "status":
        return "" if seen.status is None else seen.status.value
    if name == "updated_at":
        return "" if seen.updated_at is None else format_time(seen.updated_at.ns / 1e9)
    if name == "progress":
        return "" if seen.progress is None else f"{seen.progress:g} %"
    return _shown({"id": seen.said_id, "attempt": seen.attempt, "error": seen.error}.get(name, seen.result))


def _remark(draft: Draft, name: str, sent: Any, read: str, seen: Observation) -> str:
    promised = draft.promised.get(name)
    if sent is None:
        lie = f"the document promises it ({promised}), the server does not send it"
        return lie if promised else "not in this answer" if name in ("status", "id") else ""
    kind = _TYPES.get(type(sent), "")
    if promised and kind not in _fitting(promised):
        return f"the document promises {promised}, the server sends {kind}"
    if not read and not is_falsy(sent):
        return "it cannot be read as that"
    if name == "status" and seen.status is JobStatus.UNKNOWN:
        return "a word nobody mapped: say in the profile's status what it means"
    if name == "id" and seen.said_id not in {None, seen.job}:
        return f"asked for {seen.job}: with this id every answer is taken for another job's; mend fields.id"
    return ""


def _fitting(promised: str) -> set[str]:
    types = set(promised.split("/"))
    if "any type" in types:
        return set(_TYPES.values())
    return types | ({"integer"} if "number" in types else set())


def _shown(value: Any) -> str:
    return "" if value is None else visible(redact_text(visible(value, 200)), 80)
