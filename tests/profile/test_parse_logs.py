from __future__ import annotations

import pytest

from jobctl.errors import ConfigError
from jobctl.profile.logs_shape import LogsShape
from jobctl.profile.parse import parse_profile
from jobctl.profile.stream_shape import StreamShape
from jobctl.profile.urls import Operation

READ = Operation("GET", "/jobs/{id}/log")


def profile(logs):
    return parse_profile("p", {"read": "GET /j/{id}", "base_url": "http://h:1/b", "logs": logs}, "f.toml")


def test_a_text_is_where_the_text_of_the_log_is():
    made = profile("GET /jobs/{id}/log")
    assert (made.require_logs(), made.tail_url("7")) == (LogsShape(READ), None)


def test_a_table_says_what_is_in_the_answer_and_where_the_tail_is():
    tail = {"url": "/ws/{id}", "hello": "from-start"}
    made = profile({"read": "GET /jobs/{id}/log", "text": "data.lines", "tail": tail})
    assert made.logs == LogsShape(READ, "data.lines", "/ws/{id}", StreamShape(hello="from-start"))
    assert made.tail_url("a b") == "ws://h:1/b/ws/a%20b"


def test_a_tail_of_another_server_stays_behind_when_the_profile_moves():
    made = profile({"read": "GET /jobs/{id}/log", "tail": "wss://logs/{id}"})
    assert made.tail_url("7") == "wss://logs/7"
    moved = made.with_base_url("http://other")
    assert (moved.tail_url("7"), moved.logs.read) == (None, READ)


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        (3, "profiles.p.logs: expected 'GET /path/{id}', got 3"),
        ("GET /log", "profiles.p.logs: expected 'METHOD /path/{id}' with '{id}'"),
        ({"text": "a"}, "profiles.p.logs.read: expected 'GET /path/{id}', got None"),
        ({"read": "GET /l/{id}", "text": "a ||"}, "profiles.p.logs.text: expected a JMESPath expression"),
        ({"read": "GET /l/{id}", "tial": "/x"}, "profiles.p.logs.tial: unknown key; did you mean 'tail'?"),
        ({"read": "GET /l/{id}", "tail": "x"}, "profiles.p.logs.tail: expected a path"),
        (
            {"read": "GET /l/{id}", "tail": {"url": "/x", "kind": "sse"}},
            "logs.tail.kind: a tail is a WebSocket",
        ),
        ({"read": "GET /l/{id}", "tail": {"url": "/x", "only": "a"}}, "logs.tail.only: every message"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(logs, said):
    with pytest.raises(ConfigError) as caught:
        profile(logs)
    assert said in str(caught.value)


def test_a_profile_without_logs_says_which_line_is_missing():
    made = parse_profile("p", {"read": "GET /j/{id}"}, "f.toml")
    with pytest.raises(ConfigError, match="has no 'logs'") as caught:
        made.require_logs()
    assert "f.toml" in caught.value.hint
