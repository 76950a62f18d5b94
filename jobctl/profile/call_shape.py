"""The bodies of a cancel and of a list, from the JSON forms of a profile. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_ID: Final = "{id}"
_LIMIT: Final = "{limit}"
_ABSENT: Final = object()
_DEEPEST: Final = 50


def cancel_body(form: Any, job_id: str) -> Any:
    """Return the body of a cancel: the form, with the id in place of `{id}` anywhere in its texts."""
    return _mapped(form, lambda text: text.replace(_ID, job_id))


def list_body(form: Any, limit: int | None) -> tuple[Any, bool]:
    """Return the body of a list, and whether the limit is in it.

    A text that is `"{limit}"` becomes the number; without a limit it goes away, as in `submit_body`.
    """
    found = False

    def put(text: str) -> Any:
        nonlocal found
        if text != _LIMIT:
            return text
        found = True
        return _ABSENT if limit is None else limit

    return _mapped(form, put), found


def json_problem(form: Any, depth: int = _DEEPEST) -> str | None:
    """Return what in a form from TOML no JSON can carry; None where nothing is."""
    if not depth:
        return "nested too deep"
    if isinstance(form, dict | list):
        parts = form.values() if isinstance(form, dict) else form
        return next((said for one in parts if (said := json_problem(one, depth - 1))), None)
    if isinstance(form, float) and not math.isfinite(form):
        return f"{form} is no JSON number"
    if form is None or isinstance(form, str | bool | int | float):
        return None
    return f"JSON has no such value as {form}: write it as a text in quotes"


def _mapped(form: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(form, str):
        return change(form)
    if isinstance(form, dict):
        made = {key: _mapped(part, change) for key, part in form.items()}
        return {key: value for key, value in made.items() if value is not _ABSENT}
    if isinstance(form, list):
        return [value for part in form if (value := _mapped(part, change)) is not _ABSENT]
    return form
