"""How each API spells one job: records, frames, status words; and the faults that bend records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from jobctl.sandbox.lives import STATES
from jobctl.sandbox.moments import iso, naive

if TYPE_CHECKING:
    from jobctl.sandbox.database import Job
    from jobctl.sandbox.plan import FaultPlan

FIRST_CONTENT: Final = 65017
_V1_WORDS: Final = {"pending": "queued", "started": "running", "processing": "running"}
_PLAIN_ERROR: Final = "worker ran out of memory"
_BAD_ERROR: Final = (
    "\x1b[2J\x1b[31mworker ran out of memory\x1b[0m\x1b]0;owned\x07\r\x00\x9b1A\u202egpj.tluser\u202c\n"
    "status: completed\x7f"
)
WORDS: Final = {
    "generation": {status: status for status in STATES},
    "v1": {status: _V1_WORDS.get(status, status) for status in STATES},
}


def statuses_called(api: str, word: str) -> set[str]:
    """The stored statuses that an API calls by this word."""
    return {status for status, spelled in WORDS[api].items() if spelled == word.lower()}


class Shaper:
    """Writes jobs the way one API does, with the data faults of the plan."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan

    def word(self, api: str, job: Job) -> str:
        """The API's word for the job's status."""
        odd = self._plan.get("unknown-status")
        return odd.text if odd and STATES[job.status] == "running" else WORDS[api][job.status]

    def text(self, plain: str) -> str:
        """A server's sentence, with control characters when that fault is on."""
        return f"{plain} {_BAD_ERROR}" if self._plan.get("ansi") else plain

    def record(self, api: str, job: Job) -> dict[str, Any]:
        """The job's record, bare."""
        spelled = self._generation(job) if api == "generation" else self._v1(job)
        if self._plan.get("no-updated-at"):
            del spelled["updated_at"]
        return spelled

    def frame(self, job: Job, kind: str = "status") -> str:
        """A frame about the job as JSON, `updated_at` in milliseconds."""
        frame: dict[str, Any] = {
            "type": kind,
            "job_id": job.id if job.number is None else job.number,
            "status": self.word(job.api, job),
            "progress": _plain(job.progress),
            "updated_at": iso(job.updated_at),
        }
        if self._plan.get("no-updated-at"):
            del frame["updated_at"]
        return json.dumps(frame, separators=(",", ":"))

    def pending_frame(self, job: Job, *, dated: bool) -> str:
        """A frame that says the job is pending, whatever it is; of creation time or of none."""
        frame = {
            "type": "status",
            "job_id": job.id if job.number is None else job.number,
            "status": WORDS[job.api]["pending"],
            "progress": 0,
        }
        return json.dumps(
            frame | ({"updated_at": iso(job.created_at)} if dated else {}), separators=(",", ":")
        )

    def _generation(self, job: Job) -> dict[str, Any]:
        return {
            "id": job.number,
            "status": self.word("generation", job),
            "progress": _plain(job.progress),
            "prompt": job.body.get("prompt"),
            "created_at": naive(job.created_at),
            "updated_at": naive(job.updated_at),
            "error_message": self.text(_PLAIN_ERROR) if job.status == "failed" else None,
            "content_id": FIRST_CONTENT + job.n if job.status == "completed" else None,
        }

    def _v1(self, job: Job) -> dict[str, Any]:
        return {
            "id": job.id,
            "status": self.word("v1", job),
            "progress": _plain(job.progress),
            "prompt": job.body.get("prompt"),
            "created_at": iso(job.created_at),
            "updated_at": iso(job.updated_at),
            "error": self.text(_PLAIN_ERROR) if job.status == "failed" else None,
            "result": {"url": f"/files/{job.n}.mp4"} if job.status == "completed" else None,
        }


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number
