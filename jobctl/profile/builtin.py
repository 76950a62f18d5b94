"""The profiles that come with jobctl, in the shape their TOML would have."""

from __future__ import annotations

from typing import Any, Final

_ENVELOPED: Final = ("id", "status", "progress", "updated_at", "error", "result", "attempt")

BUILTIN: Final[dict[str, dict[str, Any]]] = {
    "generation": {
        "base_url": "http://localhost:8001",
        "submit": "POST /api/v1/generation-jobs",
        "read": "GET /api/v1/generation-jobs/{id}",
        "cancel": "POST /api/v1/generation-jobs/{id}/cancel",
        "list": "GET /api/v1/generation-jobs",
        "read_many": "GET /api/v1/generation-jobs?limit=1000&ids={id}",
        "read_many_most": 500,
        "stream": "/ws/jobs/{id}",
        "fields": {
            "id": "id || job_id",
            "error": "error_message",
            "result": "content_id",
            "status": "status",
        },
        "auth": {"bearer_env": "JOBCTL_TOKEN", "optional": True},
    },
    "v1": {
        "base_url": "http://localhost:8000",
        "submit": "POST /v1/jobs",
        "read": "GET /v1/jobs/{id}",
        "cancel": "POST /v1/jobs/{id}/cancel",
        "list": "GET /v1/jobs",
        "read_many": "GET /v1/jobs?limit=1000&ids={id}",
        "read_many_most": 100,
        "stream": "/ws/jobs/{id}",
        "fields": {name: f"job.{name} || {name}" for name in _ENVELOPED} | {"id": "job.id || id || job_id"},
        "auth": {"bearer_env": "JOBCTL_TOKEN", "optional": True},
    },
}
