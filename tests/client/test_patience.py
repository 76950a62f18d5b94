"""What is tried again, how long somebody has to wait for it, and what may have happened meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.client.messages import Pause, Request, Response
from jobctl.client.patience import is_transient, is_uncertain, patiently
from jobctl.errors import ApiError, ConfigError, ProtocolError, TransportError

REQUEST = Request("POST", "http://api.test/", ())
CUT = TransportError("cut off", kind="cut")


def api(status, retry_after=None):
    return ApiError(f"HTTP {status}", status=status, retry_after=retry_after)


def ask(*script, read=None, may_repeat=lambda _error: True):
    """Play answers (statuses, or errors to raise); (result or error, requests sent, pauses)."""
    answers, pauses, sent = iter(script), [], 0

    def send():
        return (yield REQUEST)

    flow = patiently(send, read or (lambda response: response.status), may_repeat)
    step = next(flow)
    while True:
        try:
            if isinstance(step, Pause):
                pauses.append(step)
                step = flow.send(None)
                continue
            sent += 1
            answer = next(answers)
            raised = isinstance(answer, Exception)
            step = flow.throw(answer) if raised else flow.send(Response(answer, (), b"", REQUEST.url))
        except StopIteration as end:
            return end.value, sent, pauses
        except (TransportError, ApiError, ProtocolError, ConfigError) as error:
            return error, sent, pauses


def test_a_good_answer_costs_no_waiting():
    assert ask(200) == (200, 1, [])


def test_it_is_tried_three_times_more_with_longer_pauses_and_the_reason_told():
    error, sent, pauses = ask(*[CUT] * 4)
    assert (error, sent) == (CUT, 4)
    assert [pause.why for pause in pauses] == ["cut off"] * 3
    waits = [pause.seconds for pause in pauses]
    assert waits == sorted(waits)
    assert 0 < waits[0] < 1
    assert sum(waits) < 10


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_the_first_good_answer_ends_it(failures):
    result, sent, pauses = ask(*[CUT] * failures, 201)
    assert (result, sent, len(pauses)) == (201, failures + 1, failures)


@pytest.mark.parametrize(("retry_after", "wait"), [(9.0, 9.0), (30.0, 30.0), (0.1, 0.3), (0.0, 0.3)])
def test_retry_after_is_sat_out_when_it_is_longer_than_our_own_pause(retry_after, wait):
    result, _, (pause,) = ask(api(429, retry_after), 201)
    assert (result, pause.seconds) == (201, wait)


@pytest.mark.parametrize("retry_after", [30.5, 3600.0, 1e12])
def test_a_long_retry_after_is_for_the_caller_to_decide(retry_after):
    error, sent, pauses = ask(api(429, retry_after), 201)
    assert (error.retry_after, sent, pauses) == (retry_after, 1, [])


def test_the_retry_after_of_a_page_is_sat_out_as_well():
    page = ProtocolError("x", kind="tunnel-page", status=503, retry_after=9.0, transient=True)
    result, _, (pause,) = ask(page, 201)
    assert (result, pause.seconds) == (201, 9.0)


def test_what_may_not_be_repeated_is_not():
    asked = []
    error, sent, pauses = ask(CUT, 201, may_repeat=asked.append)
    assert (error, sent, pauses, asked) == (CUT, 1, [], [CUT])


def test_an_answer_nobody_can_read_is_a_failure_like_another():
    def read(response):
        if response.status == 502:
            raise ProtocolError("a page", kind="not-json", status=502)
        return response.status

    assert ask(502, 200, read=read)[:2] == (200, 2)


def test_a_mistake_of_the_caller_is_never_repeated():
    error, sent, pauses = ask(ConfigError("no such host header"), 200)
    assert (type(error), sent, pauses) == (ConfigError, 1, [])


@given(st.lists(st.floats(0, 120), max_size=4))
def test_nobody_waits_longer_than_thirty_seconds_at_a_time(waits):
    _, sent, pauses = ask(*[api(503, wait) for wait in waits], *[200] * 4)
    assert sent <= 4
    assert all(pause.seconds <= 30 for pause in pauses)


@pytest.mark.parametrize(
    ("error", "uncertain", "transient"),
    [
        (TransportError("x", kind="refused", sent=False), False, True),
        (TransportError("x", kind="proxy", sent=False), False, True),
        (TransportError("x", kind="timeout", sent=False), False, True),
        (TransportError("x", kind="timeout", sent=True), True, True),
        (TransportError("x", kind="cut", sent=True), True, True),
        (TransportError("x", kind="dns", sent=False), False, False),
        (TransportError("x", kind="tls", sent=False), False, False),
        *[(api(status), True, True) for status in (500, 502, 503, 504, 520, 524, 530)],
        *[(api(status), False, True) for status in (408, 425, 429)],
        *[(api(status), False, False) for status in (400, 401, 403, 404, 409, 410, 422, 501)],
        (ProtocolError("x", kind="not-json", status=200), True, False),
        (ProtocolError("x", kind="too-large", status=201), True, False),
        (ProtocolError("x", kind="tunnel-page", status=502, transient=True), True, True),
        (ProtocolError("x", kind="tunnel-page", status=404, transient=True), True, True),
        (ProtocolError("x", kind="tunnel-page", status=429, transient=True), False, True),
        (ProtocolError("x", kind="not-json", status=404, transient=True), False, True),
        (ProtocolError("x", kind="tunnel-page", status=401), True, False),
        *[(ProtocolError("x", kind="redirect", status=status), True, False) for status in (301, 302, 303)],
        *[(ProtocolError("x", kind="redirect", status=status), False, False) for status in (307, 308)],
    ],
)
def test_what_may_have_happened_and_what_may_help(error, uncertain, transient):
    assert is_uncertain(error) is uncertain
    assert is_transient(error) is transient
