"""An OpenAPI document: its calls, and `$ref`s followed within bounds. Wrong types read as absent."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote, urldefrag, urljoin

from jobctl.errors import ConfigError
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_MOST_HOPS: Final = 50
_MOST_CALLS: Final = 20_000
_MOST_COMBINED: Final = 200


class Call(NamedTuple):
    """One method of one path, with the path's own parameters among its own."""

    method: str
    path: str
    node: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    servers: Any = None
    """Servers of its own, or of its path, as the document has them."""

    @property
    def label(self) -> str:
        """Method and path as the document has them."""
        return f"{self.method} {self.path}"

    @property
    def spoken(self) -> str:
        """What it is called: operation id, summary and tags."""
        tags: Any = self.node.get("tags")
        said = (
            self.node.get("operationId"),
            self.node.get("summary"),
            *(tags if isinstance(tags, list) else ()),
        )
        return " ".join(text for text in said if isinstance(text, str))


class Document:
    """A parsed document. `address` is its URL or path; `others` are documents it refers to, by address."""

    def __init__(self, root: Any, address: str, others: Mapping[str, Any] | None = None) -> None:
        """Take parsed data.

        Raises:
            ConfigError: it is no OpenAPI 3 document; the message says what it is instead.
        """
        self.root = _checked(root, address)
        self.address = address
        self._others = dict(others or {})
        self._memo: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._targets: dict[str, Any] = {}
        self._combined = 0
        self.elsewhere: set[str] = set()
        """Addresses of documents that a `$ref` needed and nobody has given."""
        self.broken: set[str] = set()
        """`$ref`s that lead nowhere."""

    def remembered(self, what: str, node: Any, work_out: Callable[[], T]) -> T:
        """Work something out about a node once; by identity, as comparing nodes would walk all of them."""
        key = what, id(node)
        known = self._memo.get(key)
        if known is None:
            # The node beside it, so that no other gets its identity.
            known = self._memo[key] = node, work_out()
        result: T = known[1]
        return result

    def may_combine(self) -> bool:
        """Tell, and count, whether one more object may be put together of several: each is a new one."""
        self._combined += 1
        return self._combined <= _MOST_COMBINED

    def resolve(self, node: Any) -> Any:
        """Follow `$ref`s to the node meant; an empty mapping where they lead nowhere or in a circle."""
        for _ in range(_MOST_HOPS):
            reference = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(reference, str):
                return node
            if reference not in self._targets:
                self._targets[reference] = self._target(reference)
            node = self._targets[reference]
        self.broken.add("a circle of $refs")
        return {}

    def mapping(self, node: Any) -> Mapping[str, Any]:
        """Resolve a node that should be a mapping; an empty one where it is none."""
        found = self.resolve(node)
        return found if isinstance(found, dict) else {}

    def items(self, node: Any) -> list[Any]:
        """Resolve a node that should be a list; an empty one where it is none."""
        found = self.resolve(node)
        return found if isinstance(found, list) else []

    def calls(self) -> Iterator[Call]:
        """All calls, in the document's order, 20,000 at most."""
        left = _MOST_CALLS
        for path, node in self.mapping(self.root.get("paths")).items():
            item = self.mapping(node)
            if not path.startswith("/"):
                continue
            shared = self._parameters(item)
            for method in _METHODS:
                if method in item and left:
                    left -= 1
                    operation = self.mapping(item[method])
                    named = {(one.get("name"), one.get("in")): one for one in shared}
                    named |= {(one.get("name"), one.get("in")): one for one in self._parameters(operation)}
                    servers = operation.get("servers") or item.get("servers")
                    yield Call(method.upper(), path, operation, tuple(named.values()), servers)

    def _parameters(self, node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        found = (self.mapping(one) for one in self.items(node.get("parameters")))
        return [one for one in found if isinstance(one.get("name"), str) and isinstance(one.get("in"), str)]

    def _target(self, reference: str) -> Any:
        try:
            place, pointer = urldefrag(reference)
            address = urljoin(self.address, place)
        except ValueError:  # `//[::1` is no address
            self.broken.add(visible(reference, 120))
            return {}
        tree = self.root
        if place and address != self.address:
            if address not in self._others:
                self.elsewhere.add(address)
                return {}
            tree = self._others[address]
            if tree is None:  # it could not be read, which whoever tried has told
                return {}
        found = _at(tree, pointer)
        if found is None:
            self.broken.add(visible(reference, 120))
        return {} if found is None else found


def absolute_refs(tree: Any, address: str) -> Any:
    """Make every `$ref` of a further document absolute, in place, so that it means the same anywhere."""
    seen: set[int] = set()
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        if not isinstance(node, dict | list) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                with contextlib.suppress(ValueError):  # told when it is followed
                    node["$ref"] = urljoin(address, node["$ref"]) if node["$ref"] else address
            nodes.extend(node.values())
        else:
            nodes.extend(node)
    return tree


def _at(tree: Any, pointer: str) -> Any:
    """Follow a JSON pointer (RFC 6901) as it stands in a URL fragment; None where it leads nowhere."""
    if not pointer:
        return tree
    if not pointer.startswith("/"):  # an anchor of JSON Schema
        return None
    for step in unquote(pointer).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(tree, dict):
            tree = tree.get(name)
        elif isinstance(tree, list) and name.isdecimal() and len(name) < 8 and int(name) < len(tree):
            tree = tree[int(name)]
        else:
            return None
    return tree


def _checked(root: Any, address: str) -> dict[str, Any]:
    shown = visible(address, 300)
    if not isinstance(root, dict):
        raise ConfigError(f"{shown}: no OpenAPI document, but {_kind(root)}", hint=_SAMPLE_HINT)
    if "swagger" in root:
        raise ConfigError(
            f"{shown}: Swagger {visible(root['swagger'], 20)}; OpenAPI 3.0 and 3.1 can be read",
            hint="convert it first (swagger2openapi and the Swagger editor do), or use --sample",
        )
    version = root.get("openapi")
    version = version if isinstance(version, str) else str(version) if isinstance(version, float) else ""
    if not version.startswith("3."):
        other = "AsyncAPI" if "asyncapi" in root else "something else: its `openapi` is not 3.x"
        raise ConfigError(f"{shown}: no OpenAPI 3.0 or 3.1 document, but {other}", hint=_SAMPLE_HINT)
    if not isinstance(root.get("paths"), dict) or not root["paths"]:
        raise ConfigError(f"{shown}: the document lists no paths", hint=_SAMPLE_HINT)
    return root


_SAMPLE_HINT: Final = "without one, give an answer of the API: jobctl init --sample FILE|URL"


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "plain text or a single value"
