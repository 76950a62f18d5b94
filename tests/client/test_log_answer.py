from __future__ import annotations

import json

import pytest

from jobctl.client.log_answer import log_of
from jobctl.client.messages import Response
from jobctl.errors import ApiError, ProtocolError
from jobctl.profile.fields import compile_path

LOGS = compile_path("logs")


def answer(body, status=200, kind="text/plain"):
    return Response(status, (("Content-Type", kind),), body, "http://h/log")


@pytest.mark.parametrize(
    ("logs", "text"), [("a\nb", "a\nb"), (["a", "b\n"], "a\nb\n"), (None, ""), ([], ""), ("", "")]
)
def test_the_text_in_json(logs, text):
    assert log_of(answer(json.dumps({"logs": logs}).encode()), LOGS, 0.0) == text


def test_a_body_is_the_log_whatever_is_in_it():
    assert log_of(answer(b""), None, 0.0) == ""
    assert log_of(answer(b'{"line": 1}\n\xff'), None, 0.0) == '{"line": 1}\n\ufffd'
    assert log_of(answer(b"<html>printed by the job</html>"), None, 0.0).startswith("<html>")


@pytest.mark.parametrize(
    ("response", "text", "error"),
    [
        (answer(b"no such job", 404), None, ApiError),
        (answer(b"no such job", 404), LOGS, ApiError),
        (answer(b"<html><title>Sign in</title></html>", kind="text/html"), None, ProtocolError),
        (answer(b"", 302), None, ProtocolError),
        (answer(b'{"logs": 3}'), LOGS, ProtocolError),
        (answer(b"plain"), LOGS, ProtocolError),
    ],
)
def test_what_is_no_log_is_told(response, text, error):
    with pytest.raises(error) as caught:
        log_of(response, text, 0.0)
    assert caught.value.message.startswith("logs: HTTP")
