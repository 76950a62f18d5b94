from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.sandbox.targets import Action, find_target


def target(method, path):
    return find_target({"type": "websocket" if method == "WS" else "http", "method": method, "path": path})


@pytest.mark.parametrize(
    ("method", "path", "action", "job"),
    [
        ("POST", "/api/v1/generation-jobs", Action.SUBMIT, ""),
        ("GET", "/v1/jobs", Action.LIST, ""),
        ("HEAD", "/v1/jobs/7", Action.READ, "7"),
        ("GET", "/v1/jobs/a/b/cancel", Action.READ, "a/b/cancel"),
        ("POST", "/v1/jobs/a/b/cancel", Action.CANCEL, "a/b"),
        ("POST", "/v1/jobs/a", Action.OTHER, ""),
        ("WS", "/ws/jobs/a\nb", Action.STREAM, "a\nb"),
        ("GET", "/ws/jobs/7", Action.OTHER, ""),
        ("GET", "/_sandbox/history/7", Action.CONTROL, ""),
        ("GET", "/openapi.json", Action.OTHER, ""),
    ],
)
def test_classifies(method, path, action, job):
    found = target(method, path)
    assert (found.action, found.job) == (action, job)


@given(st.sampled_from(["GET", "POST", "PUT", "WS"]), st.text())
def test_any_path_has_a_target(method, path):
    assert target(method, path).action in Action
    assert target("GET", f"/v1/jobs/{path}x").job == path + "x"
