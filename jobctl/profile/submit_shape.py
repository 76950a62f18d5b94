"""What a profile makes of the fields that somebody submits: a path and a body. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from jobctl.errors import ConfigError
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.profile.urls import Operation

_FIELD: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*|\*)\}")
REST: Final = "*"
"""The field name that stands for all fields nothing else asks for."""
_ABSENT: Final = object()


def shaped(operation: Operation, template: Any, payload: Any) -> tuple[Operation, Any]:
    """Return the operation with its path filled, and the body.

    A text of the template that is `"{name}"` becomes that field, JSON as it is, and goes away where the field
    is not given; `"{*}"` becomes all fields that nothing else asks for. Without a template they are the body.

    Raises:
        ConfigError: a field of the path is not given, or what is submitted has no fields to take from.
    """
    asked = set(operation.fields) | set(fields_of(template))
    if not asked:
        return operation, payload if template is None else template
    if not isinstance(payload, dict):
        raise ConfigError(
            "this profile puts what is submitted into a form of its own, and needs an object of fields",
            hint="give key=value fields or a JSON object",
        )
    path = {name: _text_for_path(operation, payload.get(name, _ABSENT), name) for name in operation.fields}
    rest = {name: value for name, value in payload.items() if name not in asked}
    body = rest if template is None else _filled(template, payload, rest)
    return operation.with_fields(path), body


def fields_of(template: Any) -> Iterator[str]:
    """Yield the names of the fields a body template asks for."""
    if isinstance(template, str):
        field = _FIELD.fullmatch(template)
        if field is not None:
            yield field[1]
    elif isinstance(template, dict | list):
        for part in template.values() if isinstance(template, dict) else template:
            yield from fields_of(part)


def _text_for_path(operation: Operation, value: Any, name: str) -> str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    to = f"this profile submits to {operation}"
    if value is not _ABSENT:
        raise ConfigError(
            f"{to}: {name} is {visible(value, 60)}, and a path takes a text or a whole number",
            hint=f"give it as {name}=…",
        )
    raise ConfigError(f"{to}, and no {name} is given", hint=f"add {name}=… to the fields")


def _filled(template: Any, payload: dict[str, Any], rest: dict[str, Any]) -> Any:
    if isinstance(template, str):
        field = _FIELD.fullmatch(template)
        if field is None:
            return template
        return rest if field[1] == REST else payload.get(field[1], _ABSENT)
    if isinstance(template, dict):
        made = {key: _filled(part, payload, rest) for key, part in template.items()}
        return {key: value for key, value in made.items() if value is not _ABSENT}
    if isinstance(template, list):
        return [value for part in template if (value := _filled(part, payload, rest)) is not _ABSENT]
    return template
