"""Server text made safe for a terminal: one line, no control or format characters, bounded."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

ELLIPSIS: Final = "…"
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Controls, invisible and bidi formatting, lone surrogates, line and paragraph separators.
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(value: Any, limit: int = 200) -> str:
    r"""Return text, or any JSON value as JSON, on one line of at most `limit` characters.

    Control and format characters become escapes (`\n`, `\x1b`, `\u202e`); what is cut ends in an ellipsis.
    """
    text = value if isinstance(value, str) else _as_json(value)
    # Every character yields at least one, so nothing beyond the limit can matter.
    head = text[: limit + 1]
    if not head.isprintable():
        head = "".join(map(_escape, head))
    if len(head) <= limit:
        return head
    return _cut(text, limit)


def _cut(text: str, limit: int) -> str:
    kept: list[str] = []
    room = limit - len(ELLIPSIS)
    for character in text:
        shown = _escape(character)
        room -= len(shown)
        if room < 0:
            break
        kept.append(shown)
    return "".join(kept) + ELLIPSIS[:limit]


def _escape(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    return _SHORT.get(character) or character.encode("unicode_escape").decode("ascii")


def _as_json(value: Any) -> str:
    import json  # noqa: PLC0415 -- most server text is text

    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except (RecursionError, ValueError, TypeError):
        return f"({type(value).__name__} too deep or too odd to show)"
