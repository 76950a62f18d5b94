"""What a call answers, as far as the document tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobctl.openapi.names import expression
from jobctl.openapi.schemas import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobctl.openapi.document import Call, Document

_GOOD: Final = ("200", "201", "202", "2XX", "2xx", "default")


def answer_schema(document: Document, call: Call) -> Any | None:
    """Return the schema of a call's good answer in JSON; None where there is none."""
    for kind, media in _media(document, call):
        if "json" in kind.lower() or kind == "*/*":
            schema = media.get("schema")
            if isinstance(schema, dict):
                return schema
    return None


def streams_events(document: Document, call: Call) -> bool:
    """Tell whether a call answers with server-sent events."""
    return any(kind.lower().startswith("text/event-stream") for kind, _ in _media(document, call))


def _media(document: Document, call: Call) -> Iterator[tuple[str, Mapping[str, Any]]]:
    answers = document.mapping(call.node.get("responses"))
    for code in _GOOD:
        content = document.mapping(document.mapping(answers.get(code)).get("content"))
        for kind, media in content.items():
            yield kind, document.mapping(media)


def arrays_in(document: Document, schema: Any) -> tuple[str, ...]:
    """Return where a list's answer has its entries: `@` where it is one itself, else names of properties."""
    shape = shape_of(document, schema)
    if "array" in shape.types:
        return ("@",)
    return tuple(name for name, one in shape.properties.items() if "array" in shape_of(document, one).types)


def list_items(document: Document, call: Call) -> str | None:
    """Return the profile's `list_items`; None where the usual names find the entries."""
    arrays = arrays_in(document, answer_schema(document, call) or {})
    if not arrays or arrays[0] in _USUAL_ITEMS:
        return None
    return expression((arrays[0],))


_USUAL_ITEMS: Final = frozenset({"items", "jobs", "data", "results", "@"})
