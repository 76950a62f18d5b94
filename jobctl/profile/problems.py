"""Problems of a configuration file, collected so that all of them are told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobctl.errors import ConfigError
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable


class Problems:
    """Lines such as `jobctl.toml: profiles.video.read: expected 'METHOD /path/{id}', got 42`."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []
        self.hints: list[str] = []

    def add(self, path: str, message: str, hint: str | None = None) -> None:
        """Note one problem at a key path."""
        self.lines.append(f"{visible(self.file)}: {visible(path)}: {visible(message, 400)}")
        if hint and hint not in self.hints:
            self.hints.append(hint)

    def expected(self, path: str, what: str, got: Any) -> None:
        """Note that something else was expected than what stands there."""
        self.add(path, f"expected {what}, got {show(got)}")

    def error(self, path: str, error: ConfigError) -> None:
        """Note an error raised by a value's own check."""
        self.add(path, error.message, error.hint)

    def unknown_keys(self, path: str, table: Iterable[str], known: Iterable[str]) -> None:
        """Note the keys that nobody knows, each with the likely meaning or all allowed ones."""
        known = list(known)
        for key in table:
            if key not in known:
                self.add(f"{path}.{key}" if path else key, f"unknown key; {did_you_mean(key, known)}")

    def raise_any(self) -> None:
        """Raise ConfigError with all problems, one a line, when there are any."""
        if self.lines:
            raise ConfigError("\n".join(self.lines), hint="; ".join(self.hints) or None)


def show(value: Any) -> str:
    """Return a value as an error shows it: short, on one line; a table or list by its kind."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return visible(repr(value), 80)
    except ValueError:  # more digits than Python is willing to print
        return "a number of thousands of digits"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" or the list of what is allowed."""
    import difflib  # noqa: PLC0415 -- only errors need it

    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(names)}"
