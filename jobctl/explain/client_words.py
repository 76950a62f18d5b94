"""What the client says of itself in a recording: telemetry and messages with the job and a status. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.exchange import json_leaves
from jobctl.explain.explanation import Shown
from jobctl.model import JobStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from jobctl.profile.model import Profile

_LONGEST: Final = 64 * 1024
_MOST_RECORDS: Final = 50
_STATUS: Final = re.compile(r"(?i)(status|state|shown|display(ed)?)")
_PROGRESS: Final = re.compile(r"(?i)(progress|percent)")


class Word(NamedTuple):
    """The client says that it shows `word` for `job`."""

    job: str
    word: str
    shown: Shown


def words_in(payload: Any, jobs: Collection[str], profile: Profile) -> Iterator[Word]:
    """Yield what a client's own message says about jobs known so far.

    A record counts when a value in it is the id of such a job, and a field called like a status holds a word
    that the profile maps.
    """
    for record in _records(payload):
        leaves = json_leaves(record)
        job = next((text for text in leaves.values() if text in jobs), None)
        if job is None:
            continue
        word = next((text for path, text in leaves.items() if _is_status(path, text, profile)), None)
        if word is not None:
            yield Word(job, word, Shown(profile.status_of(word), _progress(leaves)))


def _records(payload: Any) -> list[Any]:
    """A message is one record, or a batch of them."""
    if isinstance(payload, list):
        return payload[:_MOST_RECORDS]
    if isinstance(payload, dict):
        batches = [value for value in payload.values() if isinstance(value, list) and value]
        if len(batches) == 1 and all(isinstance(one, dict) for one in batches[0]):
            return batches[0][:_MOST_RECORDS]
        return [payload]
    return []


def _is_status(path: str, text: str, profile: Profile) -> bool:
    name = path.rpartition(".")[2]
    return _STATUS.search(name) is not None and profile.status_of(text) is not JobStatus.UNKNOWN


def _progress(leaves: dict[str, str]) -> float | None:
    for path, text in leaves.items():
        if _PROGRESS.search(path.rpartition(".")[2]):
            try:
                value = float(text.removesuffix("%"))
            except ValueError:
                continue
            return value if 0 <= value <= 100 else None
    return None


def may_speak(body: bytes) -> bool:
    """Tell whether a message is worth looking into: JSON, and not too long."""
    return 0 < len(body) <= _LONGEST and body.lstrip()[:1] in {b"{", b"["}
