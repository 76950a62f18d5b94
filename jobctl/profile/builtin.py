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
    "flower": {
        "base_url": "http://localhost:5555",
        "submit": "POST /api/task/async-apply/{task}",
        "read": "GET /api/task/info/{id}",
        # What the workers told Flower may be late, lost, or forgotten by a restart; what the result backend
        # holds is the task's own word. It says PENDING of any id it does not hold.
        "read_also": "GET /api/task/result/{id}",
        "unknown_looks_like": "PENDING",
        "cancel": "POST /api/task/revoke/{id}?terminate=true&signal=SIGTERM",
        "list": "GET /api/tasks",
        "list_items": "values(@)",
        "fields": {
            "id": 'uuid || "task-id" || also."task-id"',
            "status": "([also.state, state][?@ && @ != 'PENDING'] | [0]) || also.state || state",
            "updated_at": "timestamp",
            "attempt": "retries",
            "progress": "",
            # A retry leaves its exception behind, and to the backend a revocation is a result.
            "error": "(state == 'FAILURE' || also.state == 'FAILURE') && (exception || also.result)",
            "result": "(also.state == 'SUCCESS' && also.result) || (state == 'SUCCESS' && result) || `null`",
        },
        "status": {"pending": ["RECEIVED"], "running": ["RETRY", "PROGRESS"], "failed": ["REJECTED"]},
        "auth": {"basic_env": "FLOWER_BASIC_AUTH", "optional": True},
    },
    "ray": {
        "base_url": "http://localhost:8265",
        "submit": "POST /api/jobs/",
        "read": "GET /api/jobs/{id}",
        "cancel": "POST /api/jobs/{id}/stop",
        "list": "GET /api/jobs/",
        "list_items": "[?type == 'SUBMISSION']",
        "logs": {"read": "GET /api/jobs/{id}/logs", "text": "logs", "tail": "/api/jobs/{id}/logs/tail"},
        "fields": {
            "id": "submission_id || job_id",
            "status": "status",
            "error": "error_type && message",
            "result": "driver_exit_code",
            "updated_at": "",
            "progress": "",
            "attempt": "",
        },
        "auth": {"bearer_env": "RAY_AUTH_TOKEN", "optional": True},
    },
    "replicate": {
        "base_url": "https://api.replicate.com",
        "submit": "POST /v1/predictions",
        "submit_body": {"version": "{version}", "input": "{*}"},
        "read": "GET /v1/predictions/{id}",
        "cancel": "POST /v1/predictions/{id}/cancel",
        "list": "GET /v1/predictions",
        "logs": {"read": "GET /v1/predictions/{id}", "text": "logs"},
        "fields": {"id": "id", "result": "output", "updated_at": "", "progress": "", "attempt": ""},
        "status": {"pending": ["starting"]},
        "auth": {"bearer_env": "REPLICATE_API_TOKEN"},
    },
    "openai-batch": {
        "base_url": "https://api.openai.com",
        "submit": "POST /v1/batches",
        "read": "GET /v1/batches/{id}",
        "cancel": "POST /v1/batches/{id}/cancel",
        "list": "GET /v1/batches",
        "fields": {
            "id": "id",
            "error": "errors.data[0].message",
            "result": "output_file_id",
            "updated_at": "",
            "progress": "",
            "attempt": "",
        },
        "status": {
            "pending": ["validating"],
            "running": ["finalizing", "cancelling"],
            "failed": ["expired"],
        },
        "auth": {"bearer_env": "OPENAI_API_KEY"},
    },
    "anthropic-batch": {
        "base_url": "https://api.anthropic.com",
        "submit": "POST /v1/messages/batches",
        "read": "GET /v1/messages/batches/{id}",
        "cancel": "POST /v1/messages/batches/{id}/cancel",
        "list": "GET /v1/messages/batches",
        "fields": {
            "id": "id",
            # A batch that was cancelled ends with the same word as one that was not.
            "status": "(cancel_initiated_at && processing_status == 'ended' && 'canceled')"
            " || processing_status",
            "result": "results_url",
            "updated_at": "",
            "progress": "",
            "attempt": "",
        },
        "status": {"running": ["canceling"], "completed": ["ended"]},
        "headers": {"anthropic-version": "2023-06-01"},
        "auth": {"header_env": {"x-api-key": "ANTHROPIC_API_KEY"}},
    },
}

NOT_TRIED: Final = frozenset({"replicate", "openai-batch", "anthropic-batch"})
"""Written from public documentation and held by sample records only: no such service runs in the tests."""
