"""Secrets taken out of payloads, headers, URLs and free text before anything is written or shown.

A secret is known by the name it stands under, or by its own shape. Redacting twice changes nothing more, and
what holds no secret comes back as the very same object.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from jobctl.secret_scan import REDACTED, is_secret_name, redact_text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["REDACTED", "is_secret_name", "redact", "redact_headers", "redact_text", "redact_url"]

_NAME_KEYS: Final = ("name", "key", "header")
_PAIR: Final = 2
_SHORT_NAME: Final = 128
_PLAIN: Final = frozenset({int, float, bool, type(None)})


def redact(payload: Any) -> Any:
    """Return `payload` without its secrets: dicts, lists and tuples at any depth, text, bytes.

    Header lists (`[["cookie", "…"]]`) and name/value records (HAR) are understood; the rest is left alone.
    """
    return _copy(payload) if _has_secret(payload) else payload


def redact_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return header pairs, in order, with the values of secret-named ones replaced."""
    return tuple((name, _under(name, value)) for name, value in headers)


def redact_url(url: str) -> str:
    """Return a URL without user information and secret-named query or fragment arguments."""
    return redact_text(url)


def _under(name: Any, value: Any) -> Any:
    """Redact a leaf that stands under a name; containers under a secret name go as a whole."""
    if isinstance(name, str) and is_secret_name(name, value):
        return REDACTED
    return _leaf(value)


def _leaf(value: Any) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        text = value.decode("latin-1")
        clean = redact_text(text)
        return value if clean is text else clean.encode("latin-1")
    return value


def _children(node: Any) -> list[tuple[Any, Any, Any]]:
    """List (key in the container, name it stands under, value) of a container."""
    if isinstance(node, dict):
        named = next((node[key] for key in _NAME_KEYS if "value" in node and key in node), None)
        return [(key, named or key if key == "value" else key, value) for key, value in node.items()]
    names = [None, node[0]] if len(node) == _PAIR and isinstance(node[0], str) else [None] * len(node)
    return [(index, name, value) for index, (name, value) in enumerate(zip(names, node, strict=True))]


def _is_secret(name: Any, value: Any) -> bool:
    return isinstance(name, str) and is_secret_name(name, value)


def _has_secret(payload: Any) -> bool:
    # A stack, not recursion: what a server nests must not end the process. Every message comes through
    # here, so the common case (plain names, nothing hidden) is kept short.
    stack, seen = [payload], set()
    while stack:
        node = stack.pop()
        if node.__class__ in _PLAIN:
            continue
        if not isinstance(node, dict | list | tuple):
            if _leaf(node) is not node:
                return True
        elif id(node) not in seen:
            seen.add(id(node))
            if _shows_secret(node):
                return True
            stack.extend(node.values() if isinstance(node, dict) else node)
    return False


def _shows_secret(node: Any) -> bool:
    """Tell whether a container itself, apart from what is inside its values, holds a secret."""
    if isinstance(node, dict):
        if "value" not in node and not any(map(_is_doubtful, node)):
            return False
        if any(isinstance(key, str) and redact_text(key) is not key for key in node):
            return True
    elif len(node) != _PAIR:
        return False
    return any(_is_secret(name, value) and value != REDACTED for _, name, value in _children(node))


def _is_doubtful(key: Any) -> bool:
    if not isinstance(key, str):
        return False
    return _is_doubtful_name(key) if len(key) <= _SHORT_NAME else True


@lru_cache(maxsize=4096)
def _is_doubtful_name(name: str) -> bool:
    return is_secret_name(name) or redact_text(name) is not name


def _copy(payload: Any) -> Any:
    """Copy top-down with a stack; tuples are built as lists first and frozen afterwards, innermost first."""
    root: list[Any] = [None]
    stack: list[tuple[Any, Any, Any]] = [(root, 0, payload)]
    copies: dict[int, Any] = {}
    tuples: list[tuple[Any, Any, Any]] = []
    while stack:
        parent, key, node = stack.pop()
        if not isinstance(node, dict | list | tuple):
            parent[key] = _leaf(node)
            continue
        if id(node) in copies:
            parent[key] = copies[id(node)]
            continue
        copy: Any = {} if isinstance(node, dict) else [None] * len(node)
        parent[key] = copy
        if isinstance(node, tuple):
            tuples.append((parent, key, node))
        else:
            copies[id(node)] = copy
        taken: dict[str, int] = {}
        for child_key, name, value in _children(node):
            place = _free_key(copy, child_key, taken) if isinstance(node, dict) else child_key
            copy[place] = REDACTED if _is_secret(name, value) else value
            if copy[place] is value:
                stack.append((copy, place, value))
    for parent, key, node in reversed(tuples):
        parent[key] = node._make(parent[key]) if hasattr(node, "_make") else tuple(parent[key])
    return root[0]


def _free_key(copy: dict[Any, Any], key: Any, taken: dict[str, int]) -> Any:
    """Return the redacted key, with a number where others came out the same; `taken` counts those."""
    clean = redact_text(key) if isinstance(key, str) else key
    if clean not in copy:
        return clean
    number = taken.get(clean, 0) + 1
    while (free := f"{clean}'{number if number > 1 else ''}") in copy:
        number += 1
    taken[clean] = number
    return free
