"""The lines of one log, each once, whatever brings them and however often it begins again. Pure."""

from __future__ import annotations

import re
from typing import Final

from jobctl.text import visible

_HEAD: Final = 1024
"""Characters by which a log is known again, by its first and by its last: lines have times, as a rule."""
_LONGEST_LINE: Final = 64 * 1024
_TAB: Final = 8
# SGR sequences (ECMA-48, 8.3.117) only colour: engines write them into files nobody reads in a terminal.
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


class LogText:
    """Feed it sessions: each begins with the first character of the log and is cut anywhere."""

    def __init__(self) -> None:
        self.seen = 0
        """Characters of the log that have been taken."""
        self.restarts = 0
        """How often the log turned out to be another one, and was taken from its first line again."""
        self._head = self._tail = ""
        self._partial = ""
        self._begun = ""
        self._at = 0

    def begin(self) -> None:
        """A session begins."""
        self._at, self._begun = 0, ""

    def whole(self, text: str) -> list[str]:
        """Take a session that is all there is of the log; return the lines that are new and complete."""
        self.begin()
        if not self._is_known(text):
            self._begun = text
            return self._begin_anew()
        return self.feed(text)

    def feed(self, piece: str) -> list[str]:
        """Take the next piece of this session; return the lines that are new and complete."""
        if self._at < len(self._head):
            self._begun += piece
            common = min(len(self._begun), len(self._head))
            if self._begun[:common] != self._head[:common]:
                return self._begin_anew()
        start, self._at = self._at, self._at + len(piece)
        return self._take(piece[max(0, self.seen - start) :]) if self._at > self.seen else []

    def rest(self) -> list[str]:
        """Return what stands behind the last line end, once nothing more can come."""
        last, self._partial = self._partial, ""
        return [last] if last else []

    def _is_known(self, text: str) -> bool:
        """Is this the log so far? Its unfinished line may be written anew, its front may be cut away."""
        known = self.seen - len(self._partial)
        if text.startswith(self._head[: min(known, len(text))]):
            if len(text) < known:
                return True  # an older copy
            if text.startswith(self._tail, known - len(self._tail)):
                if not self._partial.startswith(text[known : self.seen]):
                    self._go_on_from(known, text)
                return True
        at = text.find(self._tail) if len(self._tail) == _HEAD else -1
        if at >= 0:
            self._go_on_from(at + _HEAD, text)
        return at >= 0

    def _go_on_from(self, known: int, text: str) -> None:
        self.seen, self._head, self._partial = known, text[: min(known, _HEAD)], ""

    def _begin_anew(self) -> list[str]:
        text, unfinished = self._begun, self.rest()
        self.restarts += 1
        self.seen, self._head, self._tail, self._begun, self._at = 0, "", "", "", len(text)
        return unfinished + self._take(text)

    def _take(self, text: str) -> list[str]:
        self.seen += len(text)
        if len(self._head) < _HEAD:
            self._head += text[: _HEAD - len(self._head)]
        text = self._partial + text
        *lines, self._partial = text.split("\n")
        if len(self._partial) > _LONGEST_LINE:
            lines.append(self._partial)
            self._partial = ""
        if lines:
            complete = text[: len(text) - len(self._partial)]
            self._tail = (self._tail + complete[-_HEAD:])[-_HEAD:]
        return [line.removesuffix("\r") for line in lines]


def shown(line: str) -> str:
    """Return a line as a terminal may have it: without colours, tabs as blanks, no other control as it is."""
    return visible(_COLOUR.sub("", line).expandtabs(_TAB), _LONGEST_LINE)
