"""The bytes of a JSON or YAML file → plain dicts, lists and scalars, bounded in size, depth and nodes."""

from __future__ import annotations

import json
from typing import Any, Final

from jobctl.errors import ConfigError
from jobctl.openapi.yaml_nodes import LimitReached, build_yaml
from jobctl.text import visible

LARGEST: Final = 10 * 1024 * 1024
"""Bytes of a document; the largest public ones stay below."""
_HINT: Final = "give the address of the document itself, as JSON or YAML"


def parse_document(raw: bytes, where: str) -> Any:
    """Parse a document; `where` names it in errors.

    Raises:
        ConfigError: it is too large, no text, or neither JSON nor YAML; the message says which.
    """
    shown = visible(where, 300)
    if len(raw) > LARGEST:
        raise ConfigError(f"{shown}: larger than 10 MB", hint="cut it down to the paths of the jobs")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{shown}: no UTF-8 text, so neither JSON nor YAML", hint=_HINT) from None
    start = text.lstrip()[:200]
    if not start:
        raise ConfigError(f"{shown}: empty", hint=_HINT)
    if start.startswith("<"):
        kind = "an HTML page" if "html" in start.lower() else "XML"
        raise ConfigError(f"{shown}: {kind} where JSON or YAML belongs", hint=_HINT)
    if start[0] in "{[":
        try:
            return json.loads(text, parse_constant=lambda _name: None)
        except RecursionError:
            raise ConfigError(f"{shown}: nested too deep") from None
        except ValueError as error:
            as_json = error
            if len(text) > _LARGEST_FLOW:
                raise ConfigError(f"{shown}: not JSON: {visible(str(error))}") from None
    else:
        as_json = None
    return _yaml(text, shown, as_json)


_LARGEST_FLOW: Final = 1 << 20
"""Characters up to which something that begins like JSON, and is none, is tried as YAML."""


def _yaml(text: str, shown: str, as_json: ValueError | None) -> Any:
    try:
        return build_yaml(text)
    except LimitReached as error:
        raise ConfigError(f"{shown}: {error}") from None
    except ValueError as error:
        why = f"not JSON: {as_json}" if as_json else f"neither JSON nor YAML: {error}"
        raise ConfigError(f"{shown}: {visible(why, 300)}", hint=_HINT) from None
