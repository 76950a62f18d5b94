from __future__ import annotations

import pytest

from jobctl.errors import ConfigError
from jobctl.model import JobStatus
from jobctl.profile import Operation, Profile
from jobctl.profile.fields import compile_path
from jobctl.profile.model import DEFAULT_KEEPALIVES, DEFAULT_LIST_ITEMS, DEFAULT_WORDS, spell

READ = Operation("GET", "/v1/jobs/{id}")


def profile(**changes):
    return Profile(**({"name": "x", "read": READ, "base_url": "https://h/api/"} | changes))


def test_every_default_word_of_the_design():
    expected = {
        "pending": "queued pending created submitted scheduled waiting",
        "running": "started running processing in_progress active",
        "completed": "completed complete succeeded success done finished",
        "failed": "failed failure error errored",
        "cancelled": "cancelled canceled revoked stopped aborted",
    }
    assert {w: JobStatus(s) for s, words in expected.items() for w in words.split()} == DEFAULT_WORDS


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("QUEUED", "pending"),
        ("In-Progress", "running"),
        (" in progress ", "running"),
        ("mystery", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (3, "unknown"),
        ([], "unknown"),
    ],
)
def test_status_words(word, status):
    assert profile().status_of(word) is JobStatus(status)


def test_keepalives_are_found_in_either_spelling():
    assert {"keep-alive", "keep_alive", "pong", spell("Connection-Ack")} <= DEFAULT_KEEPALIVES


@pytest.mark.parametrize(
    ("stream", "url"),
    [
        (None, None),
        ("/ws/jobs/{id}", "wss://h/api/ws/jobs/a%2Fb"),
        ("ws://other:1/s?job={id}", "ws://other:1/s?job=a%2Fb"),
        ("/ws", "wss://h/api/ws"),
    ],
)
def test_stream_url(stream, url):
    assert profile(stream=stream).stream_url("a/b") == url


def test_urls_of_the_operations():
    full = profile(submit=Operation("POST", "/v1/jobs"), cancel=Operation("DELETE", "/v1/jobs/{id}"))
    assert full.read_url("7") == "https://h/api/v1/jobs/7"
    assert full.cancel_request("7") == ("DELETE", "https://h/api/v1/jobs/7", None)
    assert full.submit_request({"a": 1}) == ("POST", "https://h/api/v1/jobs", {"a": 1})


@pytest.mark.parametrize(
    "call", [lambda p: p.submit_request({}), lambda p: p.cancel_request("1"), lambda p: p.list_request()]
)
def test_a_missing_operation_is_a_config_error_with_the_line_to_add(call):
    with pytest.raises(ConfigError) as caught:
        call(profile())
    assert "METHOD /path" in str(caught.value.hint)


def test_a_limit_goes_where_the_body_has_a_place_for_it():
    asked = profile(list=Operation("POST", "/v1/jobs/search"), list_body={"limit": "{limit}", "sort": "-id"})
    url = "https://h/api/v1/jobs/search"
    assert asked.list_request(5) == ("POST", url, {"limit": 5, "sort": "-id"})
    assert asked.list_request() == ("POST", url, {"sort": "-id"})
    without = profile(list=Operation("POST", "/v1/jobs/search"), list_body={})
    assert without.list_request(5) == ("POST", f"{url}?limit=5", {})


def test_without_base_url_nothing_is_guessed():
    with pytest.raises(ConfigError) as caught:
        profile(base_url=None).read_url("1")
    assert "--base-url" in str(caught.value.hint)


def test_with_base_url_keeps_the_rest_and_checks():
    moved = profile().with_base_url(" http://localhost:1 ")
    assert (moved.base_url, moved.read) == ("http://localhost:1", READ)
    with pytest.raises(ConfigError):
        profile().with_base_url("nonsense")


def test_profiles_are_values():
    assert profile() == profile()
    assert len({profile(), profile(), profile(name="y")}) == 2


@pytest.mark.parametrize(
    ("payload", "items"),
    [
        ([1], [1]),
        ([], []),
        ({"items": []}, []),
        ({"jobs": [1, 2], "total": 2}, [1, 2]),
        ({"data": [3]}, [3]),
        ({"results": [4], "items": None}, [4]),
        ({"total": 0}, None),
        ("text", None),
        (None, None),
    ],
)
def test_default_list_items_find_the_array(payload, items):
    assert compile_path(DEFAULT_LIST_ITEMS)(payload) == items
