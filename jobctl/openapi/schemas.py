"""Schemas flattened: `$ref`, `allOf`, `oneOf`, `anyOf` and both ways to say nullable become one shape."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobctl.openapi.document import Document

_MOST_PARTS: Final = 100
_MOST_WAITING: Final = 300
_MOST_LEAVES: Final = 600
_MOST_WORDS: Final = 200
_MOST_WAYS: Final = 4
"""Objects of one name that become one: records and their envelopes, not a web of hundreds."""
DEEPEST: Final = 4
"""Levels of objects that are looked into: `data.attributes.state` and one more."""


class Shape(NamedTuple):
    """What a schema allows. `samples` are example values; `least` and `most` the bounds of a number."""

    types: frozenset[str]
    properties: Mapping[str, Any]
    required: frozenset[str]
    enum: tuple[str, ...]
    nullable: bool
    text: str
    format: str
    most: float | None
    samples: tuple[Any, ...]

    def may_be(self, *types: str) -> bool:
        """Tell whether it may be one of these types; a schema that names none may be any."""
        return not self.types or not self.types.isdisjoint(types)


class Leaf(NamedTuple):
    """One property, and where it stands. `promised`: always there, and never null."""

    path: tuple[str, ...]
    shape: Shape
    promised: bool

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]


def shape_of(document: Document, schema: Any) -> Shape:
    """Flatten one schema; circles end, and of a hundred parts and more the first hundred count."""
    if isinstance(schema, dict) and schema.keys() == {"$ref"}:
        schema = document.resolve(schema)  # flattened once for all who refer to it
    return document.remembered("shape", schema, lambda: _flattened(document, _parts(document, schema)))


def _flattened(document: Document, parts: list[tuple[Mapping[str, Any], bool]]) -> Shape:
    properties: dict[str, dict[int, tuple[Any, bool]]] = {}
    required: set[str] = set()
    types: set[str] = set()
    enum: dict[str, None] = {}
    samples: list[Any] = []
    nullable = False
    for part, is_sure in parts:
        own = _types(part)
        types |= own - {"null"}
        for name, node in _mapping(part.get("properties")).items():
            properties.setdefault(name, {}).setdefault(id(node), (node, is_sure))
        if is_sure:
            required |= {name for name in _list(part.get("required")) if isinstance(name, str)}
        values = [part["const"]] if "const" in part else _list(part.get("enum"))[:_MOST_WORDS]
        nullable |= "null" in own or None in values or part.get("nullable") is True
        enum |= {value: None for value in values if isinstance(value, str)}
        samples += [part[key] for key in ("example", "default") if key in part]
        samples += _list(part.get("examples"))[:5]
    only = [part for part, _ in parts]
    said = (_text(part.get(key)) for part in only for key in ("title", "description"))
    return Shape(
        frozenset(types),
        {name: _combined(document, list(ways.values())) for name, ways in properties.items()},
        frozenset(required),
        tuple(enum),
        nullable,
        " ".join(said)[:2000],
        next((form for part in only if (form := _text(part.get("format")))), ""),
        next((most for part in only if type(most := part.get("maximum")) in {int, float}), None),
        tuple(samples),
    )


def _combined(document: Document, ways: list[tuple[Any, bool]]) -> Any:
    """Return one schema for a property of which several parts speak; where that is too much, the first."""
    if len(ways) == 1:
        return ways[0][0]
    if not all(_is_plain(document.resolve(node)) for node, _ in ways):
        if not document.may_combine():
            return ways[0][0]
        ways = ways[:_MOST_WAYS]
    key = "allOf" if all(sure for _, sure in ways) else "anyOf"
    return {key: [node for node, _ in ways]}


def _is_plain(schema: Any) -> bool:
    """Tell whether nothing more can come of it, as of a word or a number."""
    return not isinstance(schema, dict) or schema.keys().isdisjoint(("properties", "allOf", "oneOf", "anyOf"))


def leaves_of(document: Document, schema: Any, depth: int = DEEPEST) -> list[Leaf]:
    """Return the properties of a schema, nearest first, objects within it included; bounded."""
    found: list[Leaf] = []
    waiting: deque[tuple[tuple[str, ...], Shape, bool]] = deque([((), shape_of(document, schema), True)])
    while waiting and len(found) < _MOST_LEAVES:
        above, shape, sure = waiting.popleft()
        for name, node in shape.properties.items():
            if not name or len(name) > 200:
                continue
            inner = shape_of(document, node)
            promised = sure and name in shape.required and not inner.nullable
            path = (*above, name)
            found.append(Leaf(path, inner, promised))
            if inner.properties and len(path) < depth:
                waiting.append((path, inner, promised))
    return found


def _parts(document: Document, schema: Any) -> list[tuple[Mapping[str, Any], bool]]:
    """Return the schema and what it is put together from; whether a part always holds stands beside it."""
    found: list[tuple[Mapping[str, Any], bool]] = []
    seen: set[int] = set()
    waiting: list[tuple[Any, bool]] = [(schema, True)]
    while waiting and len(found) < _MOST_PARTS:
        node, sure = waiting.pop(0)
        part = document.resolve(node)
        if isinstance(node, dict) and "$ref" in node and len(node) > 1:  # which count since OpenAPI 3.1
            waiting.insert(0, ({key: value for key, value in node.items() if key != "$ref"}, sure))
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        found.append((part, sure))
        if len(waiting) > _MOST_WAITING:
            continue
        waiting += [(one, sure) for one in _list(part.get("allOf"))[:_MOST_PARTS]]
        for key in ("oneOf", "anyOf"):
            choices = _list(part.get(key))[:_MOST_PARTS]
            real = [one for one in choices if _mapping(one).get("type") != "null"]
            waiting += [(one, sure and len(real) == 1) for one in choices]
    return found


def _types(part: Mapping[str, Any]) -> set[str]:
    kind = part.get("type")
    found = {one for one in (kind, *_list(kind)) if isinstance(one, str)}
    if not found and "properties" in part:
        return {"object"}
    return {"array"} if not found and "items" in part else found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
