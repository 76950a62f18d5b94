"""The server's OpenAPI description, true to what it serves."""

from __future__ import annotations

import functools
from typing import Any, Final

from jobctl.sandbox.lives import TERMINAL
from jobctl.sandbox.routes import INVALID, KEY_REUSED, PATHS, SUBMITTED, TOO_LATE
from jobctl.sandbox.shapes import WORDS

_Schema = dict[str, Any]

_TEXT: Final[_Schema] = {"type": "string"}
_MAYBE_TEXT: Final[_Schema] = {"type": ["string", "null"]}
_PROGRESS: Final[_Schema] = {"type": "number", "minimum": 0, "maximum": 100}
_SECONDS: Final[_Schema] = {"type": "number", "minimum": 0}
_WHEN: Final[_Schema] = {"type": "string", "format": "date-time"}
_URL: Final[_Schema] = {"type": ["object", "null"], "properties": {"url": _TEXT}, "required": ["url"]}


def _object(properties: dict[str, _Schema], *, required: bool = True) -> _Schema:
    names: _Schema = {"required": list(properties)} if required else {}
    return {"type": "object", "properties": properties, **names}


def _ref(name: str) -> _Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _words(api: str) -> _Schema:
    return {"type": "string", "enum": sorted(set(WORDS[api].values()))}


_SCRIPT: Final = _object(
    {
        "duration": _SECONDS,
        "steps": {"type": "integer", "minimum": 1, "maximum": 1000},
        "end": {"type": "string", "enum": sorted(TERMINAL)},
        "pending": _SECONDS,
        "requeue_at": {"type": ["number", "null"], "minimum": 0},
    },
    required=False,
)
_SCHEMAS: Final[dict[str, _Schema]] = {
    "Script": _SCRIPT,
    "GenerationSubmit": _object({"prompt": _TEXT, "sandbox": _ref("Script")}, required=False),
    "GenerationJob": _object(
        {
            "id": {"type": "integer"},
            "status": _words("generation"),
            "progress": _PROGRESS,
            "prompt": {},
            # A space and no zone: not an RFC 3339 date-time.
            "created_at": _TEXT,
            "updated_at": _TEXT,
            "error_message": _MAYBE_TEXT,
            "content_id": {"type": ["integer", "null"]},
        }
    ),
    "GenerationAnswer": _ref("GenerationJob"),
    "GenerationList": _object(
        {"items": {"type": "array", "items": _ref("GenerationJob")}, "total": {"type": "integer"}}
    ),
    "GenerationError": _object({"detail": _TEXT}),
    "V1Submit": _object({"id": _TEXT, "prompt": _TEXT, "sandbox": _ref("Script")}, required=False),
    "V1Job": _object(
        {
            "id": _TEXT,
            "status": _words("v1"),
            "progress": _PROGRESS,
            "prompt": {},
            "created_at": _WHEN,
            "updated_at": _WHEN,
            "error": _MAYBE_TEXT,
            "result": _URL,
        }
    ),
    "V1Answer": _object({"job": _ref("V1Job")}),
    "V1List": _object({"jobs": {"type": "array", "items": _ref("V1Job")}, "total": {"type": "integer"}}),
    "V1Error": _object({"error": _object({"message": _TEXT})}),
}
_PREFIX: Final = {"generation": "Generation", "v1": "V1"}


def _content(schema: str) -> _Schema:
    return {"application/json": {"schema": _ref(schema)}}


def _answers(api: str, statuses: dict[int, str]) -> _Schema:
    return {
        str(status): {"description": schema, "content": _content(_PREFIX[api] + schema)}
        for status, schema in sorted(statuses.items())
    }


def _query(name: str, schema: _Schema, **more: Any) -> _Schema:
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


def _list_parameters(api: str) -> list[_Schema]:
    several = {"style": "form", "explode": False}
    return [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}),
        _query("offset", {"type": "integer", "minimum": 0, "default": 0}),
        _query("status", {"type": "array", "items": _words(api)}, **several),
        _query("ids", {"type": "array", "items": _TEXT}, **several),
    ]


def _paths(api: str) -> _Schema:
    name, base = _PREFIX[api], PATHS[api]
    kind: _Schema = {"type": "integer"} if api == "generation" else _TEXT
    job_id = {"name": "id", "in": "path", "required": True, "schema": kind}
    key = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": _TEXT}
    submitted = {SUBMITTED[api]: "Answer", INVALID[api]: "Error", KEY_REUSED[api]: "Error"}
    return {
        base: {
            "post": {
                "operationId": f"submit{name}Job",
                "parameters": [key],
                "requestBody": {"required": False, "content": _content(name + "Submit")},
                "responses": _answers(api, submitted),
            },
            "get": {
                "operationId": f"list{name}Jobs",
                "parameters": _list_parameters(api),
                "responses": _answers(api, {200: "List", INVALID[api]: "Error"}),
            },
        },
        base + "/{id}": {
            "get": {
                "operationId": f"read{name}Job",
                "parameters": [job_id],
                "responses": _answers(api, {200: "Answer", 404: "Error"}),
            }
        },
        base + "/{id}/cancel": {
            "post": {
                "operationId": f"cancel{name}Job",
                "parameters": [job_id],
                "responses": _answers(api, {200: "Answer", 404: "Error", TOO_LATE[api]: "Error"}),
            }
        },
    }


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Practice job server", "version": "1"},
        "paths": _paths("generation") | _paths("v1"),
        "components": {"schemas": _SCHEMAS},
    }
