"""Field paths: JMESPath, compiled once, without its interpreter for the paths profiles really use.

`name`, `a.b.c`, `"quoted-name"` and `x || y` become plain functions; whatever else JMESPath allows goes to
the `jmespath` library. A path that does not fit the data is None, never an exception.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any, Final

Getter = Callable[[Any], Any]

_NAME: Final = r'(?:[A-Za-z_][A-Za-z0-9_]*|"[^"\\]+")'
_CHAIN: Final = re.compile(rf"\s*{_NAME}(?:\.{_NAME})*\s*", re.ASCII)
_SPLIT_NAMES: Final = re.compile(_NAME, re.ASCII)


def chain_of(expression: str) -> tuple[str, ...] | None:
    """Return the names of a plain `a.b.c` path, or None when the expression is more than that."""
    if not _CHAIN.fullmatch(expression):
        return None
    return tuple(name.strip('"') for name in _SPLIT_NAMES.findall(expression))


def alternatives_of(expression: str) -> tuple[tuple[str, ...], ...] | None:
    """Return the plain paths of `a.b || c`, or None when one of them is more than a plain path."""
    chains = [chain_of(part) for part in expression.split("||")]
    if any(chain is None for chain in chains):
        return None
    return tuple(chain for chain in chains if chain is not None)


def is_falsy(value: Any) -> bool:
    """JMESPath's own notion, which `||` uses: None, false, empty string, list or object; 0 is a value."""
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def compile_path(expression: str) -> Getter:
    """Compile a JMESPath expression to a function from payload to value.

    Raises:
        ValueError: the expression is not valid JMESPath.
    """
    chains = alternatives_of(expression)
    if chains is None:
        return _compile_with_library(expression)
    if len(chains) == 1:
        return _walker(chains[0])
    walkers = [_walker(chain) for chain in chains]

    def first_truthy(payload: Any) -> Any:
        value = None
        for walk in walkers:
            value = walk(payload)
            if not is_falsy(value):
                return value
        return value

    return first_truthy


def _walker(chain: tuple[str, ...]) -> Getter:
    def walk(payload: Any) -> Any:
        for name in chain:
            if not isinstance(payload, dict):
                return None
            payload = payload.get(name)
        return payload

    return walk


def _compile_with_library(expression: str) -> Getter:
    import jmespath  # noqa: PLC0415 -- 15 ms that plain field names never pay
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns of its own old spellings: `x` for `"x"`
            compiled = jmespath.compile(expression)
        _check_functions(compiled.parsed)
    except (JMESPathError, ValueError) as error:
        raise ValueError(str(error)) from error
    except RecursionError:
        raise ValueError("nested too deep") from None

    def search(payload: Any) -> Any:
        try:
            return compiled.search(payload)
        except Exception:  # noqa: BLE001 -- a function meets whatever a server sends: `floor()` of 1e999
            return None

    return search


def _check_functions(tree: Any) -> None:
    """Refuse a function nobody knows: the library would only complain about it when it is called."""
    from jmespath.functions import Functions  # noqa: PLC0415

    nodes = [tree]
    while nodes:
        node = nodes.pop()
        if node["type"] == "function_expression":
            name, arguments = node["value"], len(node["children"])
            known = Functions.FUNCTION_TABLE.get(name)
            if known is None:
                raise ValueError(f"unknown function {name}()")
            parameters = known["signature"]
            is_variadic = bool(parameters) and parameters[-1].get("variadic", False)
            if arguments < len(parameters) or (arguments > len(parameters) and not is_variadic):
                raise ValueError(f"{name}() takes {len(parameters)} arguments, got {arguments}")
        nodes += [child for child in node["children"] if isinstance(child, dict)]
