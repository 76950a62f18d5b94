"""YAML → plain data, from the parser's events: no tags obeyed, no alias expanded, depth and nodes bounded.

Scalars follow YAML 1.2's core schema: `on` and `2024-01-01` stay text. Keys are always text, so that the
response `200:` is found as `"200"`. An alias is the very same object as its anchor, so that a document of a
thousand million laughs takes a few hundred nodes.
"""

from __future__ import annotations

import re
from typing import Any, Final

DEEPEST: Final = 200
MOST_NODES: Final = 3_000_000
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", re.ASCII)
_CONSTANTS: Final = {"": None, "~": None} | {
    spelled: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelled in (word, word.capitalize(), word.upper())
}


class LimitReached(Exception):  # noqa: N818 -- beside ValueError, which means no YAML
    """It may be YAML, and is more of it than anybody needs."""


def build_yaml(text: str) -> Any:
    """Build the first document of a YAML text.

    Raises:
        ValueError: not YAML, or an anchor that is not there (or contains itself).
        LimitReached: too deep, or too many nodes.
    """
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 -- 40 ms that JSON never pays

    try:
        return _built(text, pure=False)
    except YAMLError as error:
        first = error
    # The parser in C knows YAML 1.1 only, in which `{url: https://…}` is an error; the other one is slow.
    if len(text) <= _LARGEST_PURE:
        try:
            return _built(text, pure=True)
        except YAMLError as error:
            first = error
    mark = getattr(first, "problem_mark", None)
    line = f" (line {mark.line + 1})" if mark is not None else ""
    raise ValueError(f"{getattr(first, 'problem', None) or 'no YAML'}{line}")


_LARGEST_PURE: Final = 2 << 20


def _built(text: str, *, pure: bool) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 -- as above

    builder = _Builder()
    for event in YAML(typ="safe", pure=pure).parse(text):
        name = type(event).__name__
        if name == "DocumentEndEvent":
            break
        builder.take(name, event)
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[tuple[Any, str | None]] = []
        """Containers not closed yet, each with its anchor."""
        self._keys: list[Any] = []
        """The key that waits for its value, for each open container."""
        self._anchors: dict[str, Any] = {}
        self._nodes = 0

    def take(self, name: str, event: Any) -> None:
        """Take one event of the parser."""
        if name in {"MappingStartEvent", "SequenceStartEvent"}:
            if len(self._open) >= DEEPEST:
                raise LimitReached(f"nested deeper than {DEEPEST} levels")
            self._open.append(({} if name == "MappingStartEvent" else [], event.anchor))
            self._keys.append(_NO_KEY)
        elif name in {"MappingEndEvent", "SequenceEndEvent"}:
            value, anchor = self._open.pop()
            self._keys.pop()
            self._put(value, anchor, None)
        elif name == "ScalarEvent":
            plain = event.style in {None, ""} and event.tag is None
            self._put(_scalar(event.value) if plain else event.value, event.anchor, event.value)
        elif name == "AliasEvent":
            if event.anchor not in self._anchors:
                raise ValueError(f"no anchor is called {event.anchor!r}")
            self._put(self._anchors[event.anchor], None, None)

    def _put(self, value: Any, anchor: str | None, text: str | None) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise LimitReached(f"more than {MOST_NODES} nodes")
        if anchor is not None:
            self._anchors[anchor] = value
        if not self._open:
            self.root = value
            return
        container, key = self._open[-1][0], self._keys[-1]
        if isinstance(container, list):
            container.append(value)
        elif key is _NO_KEY:
            # A mapping or a list as a key means nothing in JSON, nor in OpenAPI: kept apart, under no name.
            self._keys[-1] = text if text is not None else value if isinstance(value, str) else None
        else:
            _set(container, key, value)
            self._keys[-1] = _NO_KEY


_NO_KEY: Final = object()


def _set(container: dict[str, Any], key: str | None, value: Any) -> None:
    if key == "<<":
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                container.update({name: kept for name, kept in one.items() if name not in container})
    elif key is not None:
        container[key] = value


def _scalar(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
