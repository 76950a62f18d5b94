"""What is told once per job and kind, up to a screenful of a kind, and summed up in words."""

from __future__ import annotations

from collections import Counter
from typing import Final

from jobctl.reasons import REASONS
from jobctl.text import visible

_LINES_OF_A_KIND: Final = 10
_WORDS: Final = {
    "stream-closed": "socket closed",
    "stream-silent": "socket silent",
    "polling-only": "polling only",
    "read-failed": "reads failed",
    "reads-recovered": "reads work again",
    "cached-reads": "reads from a cache",
    "disagreement": "an end that reads contradict",
    "final-record": "final record not read",
}


class Repeats:
    """A kind is `code` or `code:detail`; details of one code share their lines and their sum."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._times: Counter[str] = Counter()
        self._lines: Counter[str] = Counter()

    def told(self, job: str, kind: str, line: str) -> str | None:
        """Return the line to show, None for what was shown already or is only counted."""
        code = kind.partition(":")[0]
        self._times[code] += 1
        if (job, kind) in self._seen or self._lines[code] >= _LINES_OF_A_KIND:
            return None
        self._seen.add((job, kind))
        self._lines[code] += 1
        return line if self._lines[code] < _LINES_OF_A_KIND else f"{line} (more of these are only counted)"

    def summary(self) -> str:
        """Return what came more often than it was shown."""
        return ", ".join(
            f"{_words(code)} ×{times}" for code, times in self._times.items() if times > self._lines[code]
        )


def _words(code: str) -> str:
    return f"not believed ({code})" if code in REASONS else _WORDS.get(code, visible(code, 60))
