"""One request to its answer: new credentials once, and redirects that give nothing away."""

from __future__ import annotations

import pytest

from jobctl.client.messages import RefreshAuth, Request, Response
from jobctl.client.sending import MAX_REDIRECTS, UNCACHED, Sender
from jobctl.errors import ApiError, ConfigError, ProtocolError, TransportError

COMMON = (("User-Agent", "jobctl/1"), ("Accept", "application/json"))
URL = "http://api.test:8001/jobs/7?_t=n0"
READ = Request("GET", URL, (*COMMON, *UNCACHED, ("X-Team", "red")))


def answer(status=200, **headers):
    return Response(status, tuple(headers.items()), b"{}", URL)


def moved(location, status=302):
    return answer(status, location=location)


def play(*script, request=READ, refresh=False):
    """Send against scripted answers (errors are thrown); (response or error, requests)."""
    flow = Sender(lambda: {"Authorization": "Bearer t"}, COMMON).send(request, "_t=n0")
    requests, steps = [], iter(script)
    send, value = flow.send, None
    while True:
        try:
            step = send(value)
        except StopIteration as end:
            return end.value, requests
        except (ApiError, ConfigError, ProtocolError, TransportError) as error:
            return error, requests
        if isinstance(step, RefreshAuth):
            assert step.refused == {"Authorization": "Bearer t"}
            value = refresh
        else:
            requests.append(step)
            value = next(steps)
        send = flow.throw if isinstance(value, Exception) else flow.send


def test_new_credentials_are_tried_once():
    assert [len(play(answer(401), answer(200), refresh=True)[1])] == [2]
    response, requests = play(answer(401), refresh=False)
    assert (response.status, len(requests)) == (401, 1)
    response, requests = play(answer(401), answer(401), refresh=True)
    assert (response.status, len(requests)) == (401, 2)


def test_credentials_that_cannot_be_renewed_are_a_refusal():
    failure = ConfigError("the auth command login ended with exit code 3", hint="run it by hand")
    error, requests = play(answer(401), refresh=failure)
    assert (type(error), error.status, error.hint, len(requests)) == (ApiError, 401, "run it by hand", 1)
    assert "exit code 3" in error.message


def test_credentials_that_were_never_there_are_the_callers_side():
    error, _ = play(ConfigError("the environment variable T is not set"))
    assert type(error) is ConfigError


@pytest.mark.parametrize(
    "location", ["http://[", "http://x:port/", "ftp://x/", "file:///etc/passwd", "javascript:1"]
)
def test_a_location_that_is_no_place_to_go_is_not_followed(location):
    response, requests = play(moved(location))
    assert (response.status, len(requests)) == (302, 1)


def test_redirects_are_counted():
    error, requests = play(*[moved(f"/{n}") for n in range(10)])
    assert (error.kind, error.status, len(requests)) == ("redirect", 302, MAX_REDIRECTS + 1)


def test_a_redirect_that_no_request_can_follow_is_the_servers_fault():
    failure = ConfigError("cannot make a request to http://xn--/: bad label", hint="check --base-url")
    error, requests = play(moved("http://xn--/"), failure)
    assert (type(error), error.kind, error.status, len(requests)) == (ProtocolError, "redirect", 302, 2)
    assert "http://xn--/" in error.message
    assert "Location" in error.hint


def test_nobody_answers_after_a_redirect():
    error, _ = play(moved("/x"), TransportError("refused", kind="refused", sent=False))
    assert (type(error), error.kind, error.sent) == (TransportError, "refused", False)
    assert error.message == "after a redirect: refused"


def test_elsewhere_nobody_learns_who_asked_and_no_cache_may_answer():
    _, (_, second) = play(moved("http://else.test/x"), answer())
    headers = dict(second.headers)
    assert not {"Authorization", "X-Team"} & set(headers)
    assert set(UNCACHED) <= set(second.headers)
    assert second.url == "http://else.test/x?_t=n0"


def test_a_tunnel_elsewhere_is_told_to_skip_its_page():
    _, (_, second) = play(
        moved("https://a.loca.lt/x"), answer(), request=READ._replace(url="https://api.test/")
    )
    assert dict(second.headers)["Bypass-Tunnel-Reminder"] == "1"


def test_at_home_all_headers_stay():
    _, (_, second) = play(moved("/x"), answer())
    assert second.headers == (*READ.headers, ("Authorization", "Bearer t"))
    assert second.url == "http://api.test:8001/x?_t=n0"


def test_a_server_that_insists_on_a_plain_url_gets_it():
    response, requests = play(moved("/jobs/7/"), moved("/jobs/7/"), answer())
    assert response.status == 200
    assert [request.url.partition("8001")[2] for request in requests] == [
        "/jobs/7?_t=n0",
        "/jobs/7/?_t=n0",
        "/jobs/7/",
    ]


@pytest.mark.parametrize(
    ("status", "location", "sent"),
    [(307, "/x", 2), (308, "/x", 2), (302, "/x", 1), (303, "/x", 1), (307, "http://else.test/x", 1)],
)
def test_a_body_is_sent_again_only_where_that_is_asked_for(status, location, sent):
    submit = Request("POST", URL, COMMON, b"{}")
    _, requests = play(moved(location, status), answer(201), request=submit)
    assert len(requests) == sent


def test_http_to_https_is_told_before_anything_is_sent():
    error, requests = play(moved("https://api.test:8001/jobs/7"))
    assert (error.kind, len(requests)) == ("redirect", 1)
    assert "https" in error.hint
