"""The entries of a HAR, one after the other, as they stand in the file: never the whole of it in memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.captures.har_text import HarText

_DEEPEST: Final = 64
# A string that goes on is scanned again from its start with each buffer, so buffers are not small.
_TAKEN_AT_ONCE: Final = 1024 * 1024
_FIRST_WORDS: Final = re.compile(r"[\n'\"]|\.\s")
_STARTS: Final = frozenset({"start_map", "start_array"})
_ENDS: Final = frozenset({"end_map", "end_array"})


class DamagedHarError(Exception):
    """The file stops being a HAR here; what came before is good."""


def entries(text: HarText) -> Iterator[Any]:
    """Yield the members of `log.entries` as JSON values, numbers that are no integers as `Decimal`.

    Raises:
        DamagedHarError: cut short, no JSON, nested too deeply, or without `log.entries`. Entries before the
            damage have been yielded by then.
    """
    import ijson  # type: ignore[import-untyped]  # noqa: PLC0415 -- only recordings need it

    events = ijson.basic_parse(text, buf_size=_TAKEN_AT_ONCE)
    is_found = False
    try:
        for event, key in events:
            if event == "map_key" and key == "log":
                for _ in _to_entries(events):
                    is_found = True
                    yield from _members(events)
            elif event == "map_key":
                _skip(events, *next(events))
    except (ijson.JSONError, ValueError, ArithmeticError) as error:
        raise DamagedHarError(_words(error)) from error
    if not is_found:
        raise DamagedHarError("it has no log.entries")


def _to_entries(events: Iterator[tuple[str, Any]]) -> Iterator[None]:
    """Go through the object `log`, and stop inside each array `entries`."""
    event, value = next(events)
    if event != "start_map":
        _skip(events, event, value)
        return
    for event, key in events:
        if event == "end_map":
            return
        event, value = next(events)  # noqa: PLW2901 -- the value of that key
        if key == "entries" and event == "start_array":
            yield
        else:
            _skip(events, event, value)


def _members(events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    for event, value in events:
        if event == "end_array":
            return
        yield _built(events, event, value, _DEEPEST)


def _skip(events: Iterator[tuple[str, Any]], event: str, _value: Any) -> None:
    """Read over one value; nothing of it is kept."""
    depth = int(event in _STARTS)
    while depth:
        event, _ = next(events)
        depth += (event in _STARTS) - (event in _ENDS)


def _built(events: Iterator[tuple[str, Any]], event: str, value: Any, room: int) -> Any:
    if event not in _STARTS:
        return value
    if not room:
        raise DamagedHarError(f"an entry is nested more than {_DEEPEST} deep")
    if event == "start_array":
        items = []
        for inner, item in events:
            if inner == "end_array":
                break
            items.append(_built(events, inner, item, room - 1) if inner in _STARTS else item)
        return items
    members: dict[str, Any] = {}
    for inner, key in events:
        if inner == "end_map":
            break
        inner, item = next(events)  # noqa: PLW2901 -- the value of that key
        members[key] = _built(events, inner, item, room - 1) if inner in _STARTS else item
    return members


def _words(error: Exception) -> str:
    """Say what the parser found, without the piece of the file it shows: that may hold a secret."""
    said = error.args[0] if error.args else ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    is_cut = "premature EOF" in text or "ncomplete" in text
    return "it is cut short" if is_cut else f"it is no JSON from there on ({_FIRST_WORDS.split(text)[0]})"
