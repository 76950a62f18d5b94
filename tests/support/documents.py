"""OpenAPI documents of one job, and pages that serve them."""

from __future__ import annotations

import json

from support.servers import reply

LIFE = {"type": "string", "enum": ["queued", "running", "done", "failed"]}


def document(schema=None, **more):
    """A document with one job, read at `/jobs/{id}`; `more` are further keys of it."""
    schema = schema or {
        "type": "object",
        "required": ["id", "status", "updated_at"],
        "properties": {"id": {"type": "string"}, "status": LIFE, "updated_at": {"type": "string"}},
    }
    answer = {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}
    return {"openapi": "3.1.0", "paths": {"/jobs/{id}": {"get": answer}}, **more}


def served(pages):
    """Answer each path with its page: data as JSON, text as it is, a number as a status."""

    def answer(head):
        path = head.split(" ")[1].partition("?")[0]
        page = pages.get(path, 404)
        if isinstance(page, int):
            return reply(page, b'{"detail": "no"}')
        if isinstance(page, str) and page.startswith("Location:"):
            return reply(302, b"", page)
        return reply(200, page.encode() if isinstance(page, str) else json.dumps(page).encode())

    return answer
