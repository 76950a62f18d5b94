from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import ConfigError
from jobctl.model import JobStatus
from jobctl.profile.auth import Auth, AuthKind
from jobctl.profile.builtin import BUILTIN
from jobctl.profile.fields import compile_path
from jobctl.profile.load import load_profiles
from jobctl.profile.model import DEFAULT_FIELDS
from jobctl.profile.parse import merge_tables, parse_profile
from jobctl.text import visible

MINIMAL = {"read": "GET /jobs/{id}"}


def parse(**changes):
    return parse_profile("video", MINIMAL | changes, "jobctl.toml")


def test_a_minimal_profile_is_whole():
    profile = parse(base_url="http://h")
    assert profile.read_url("1") == "http://h/jobs/1"
    assert profile.fields == DEFAULT_FIELDS
    assert profile.auth == Auth(AuthKind.BEARER_ENV, (("Authorization", "JOBCTL_TOKEN"),), optional=True)
    assert profile.origin == "jobctl.toml"
    assert profile.warnings == ()


FULL = {
    "base_url": "https://h/p",
    "submit": "POST /jobs",
    "cancel": "DELETE /jobs/{id}",
    "list": "GET /jobs?limit=100",
    "stream": "wss://s/ws/{id}",
    "fields": {"status": "data.state", "attempt": ""},
    "status": {"running": ["warming-up"], "failed": "exploded", "pending": ["stopped"]},
    "progress_max": 1,
    "keepalive_types": ["tick"],
    "frame_type": "event",
    "list_items": "data.jobs",
    "cancel_refused": [409],
    "auth": {"header_env": {"X-Api-Key": "KEY"}},
    "tls": {"ca": "ca.pem"},
    "routes": {"loca.lt": "https://my-app.loca.lt"},
    "idempotency_header": "X-Idem",
    "headers": {"X-Org": "acme"},
}


def test_everything_a_profile_can_say():
    profile = parse_profile("video", MINIMAL | FULL, "conf/jobctl.toml")
    assert str(profile.cancel) == "DELETE /jobs/{id}"
    assert profile.fields["status"] == "data.state"
    assert "attempt" not in profile.fields
    assert profile.fields["progress"] == DEFAULT_FIELDS["progress"]
    assert profile.status_of("Warming Up") is JobStatus.RUNNING
    assert profile.status_of("exploded") is JobStatus.FAILED
    assert profile.status_of("stopped") is JobStatus.PENDING
    assert profile.status_of("done") is JobStatus.COMPLETED
    assert (profile.progress_max, profile.frame_type, profile.list_items) == (1.0, "event", "data.jobs")
    assert profile.keepalive_types == {"tick"}
    assert profile.cancel_refused == {409}
    assert profile.auth.variables == (("X-Api-Key", "KEY"),)
    assert profile.tls is not None
    assert profile.tls.ca == "conf/ca.pem"
    assert profile.stream_url("1") == "wss://s/ws/1"
    assert profile.headers == {"X-Org": "acme"}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("read", 42, "profiles.video.read: expected 'METHOD /path/{id}', got 42"),
        ("read", "GET /x", "with '{id}'"),
        ("submit", ["POST /x"], "profiles.video.submit: expected 'METHOD /path', got a list"),
        ("base_url", "localhost:80", "profiles.video.base_url: expected a URL that starts with"),
        ("base_url", 8001, "profiles.video.base_url: expected a URL"),
        ("strem", "/ws", "profiles.video.strem: unknown key; did you mean 'stream'?"),
        ("stream", "ftp://x/{id}", "profiles.video.stream: expected a path"),
        ("progress_max", 5e-324, "expected a number above 0"),
        ("progress_max", 10**400, "expected a number above 0"),
        ("fields", {"status": "nosuch(@)"}, "unknown function"),
        ("tls", {"ca": "a\0b"}, "profiles.video.tls.ca: expected the path"),
        ("stream", "ws://[::1/x", "expected a ws:// or wss:// URL with a host"),
        ("stream", "wss://h:99999/{id}", "expected a ws:// or wss:// URL with a host"),
        ("stream", "/ws/{job}", "the only placeholder is '{id}'"),
        ("stream", True, "got true"),
        ("fields", "status", "profiles.video.fields: expected a table, got 'status'"),
        ("fields", {"stat": "x"}, "profiles.video.fields.stat: unknown key; did you mean 'status'?"),
        ("fields", {"zzz": "x"}, "allowed: attempt, error, id, progress, result, status, updated_at"),
        (
            "fields",
            {"status": "a ||"},
            "profiles.video.fields.status: expected a JMESPath expression, got 'a ||'",
        ),
        ("fields", {"status": 3}, "profiles.video.fields.status: expected a JMESPath expression"),
        ("status", {"done": ["x"]}, "profiles.video.status.done: unknown key"),
        ("status", {"failed": [3]}, "profiles.video.status.failed: expected a list of words, got 3"),
        ("status", {"failed": ["in-doubt"], "completed": ["In_Doubt"]}, "'in-doubt' is already 'completed'"),
        ("progress_max", 0, "expected a number above 0"),
        ("progress_max", True, "expected a number above 0"),
        ("progress_max", float("nan"), "expected a number above 0"),
        ("keepalive_types", "ping", "expected a list of frame types"),
        ("cancel_refused", [True], "HTTP status codes"),
        ("cancel_refused", [42], "HTTP status codes"),
        ("auth", {}, "expected exactly one of bearer_env"),
        ("auth", {"bearer_env": "A", "command": "b"}, "got bearer_env and command"),
        ("auth", {"bearer": ""}, "profiles.video.auth.bearer: expected a token"),
        ("auth", {"bearer_env": "A", "optional": "yes"}, "auth.optional: expected true or false"),
        ("auth", {"command": "a 'b"}, "auth.command: expected a command line"),
        ("auth", {"command": []}, "auth.command: expected a command line"),
        ("auth", {"header_env": "KEY"}, "a table of header = 'VARIABLE'"),
        ("auth", {"header_env": {"X Y": "KEY"}}, "a table of header = 'VARIABLE'"),
        ("auth", {"basic_env": {"user": "U"}}, "password = 'VARIABLE'"),
        ("tls", "ca.pem", "profiles.video.tls: expected a table"),
        ("tls", {"key": "k"}, "a key needs its cert"),
        ("tls", {"verify": False}, "profiles.video.tls.verify: unknown key"),
        ("routes", {"x": "nowhere"}, "profiles.video.routes.x: expected a URL"),
        ("idempotency_header", "A B", "expected a header name"),
        ("headers", {"X": "a\nb"}, "profiles.video.headers.X: the header's value holds a line break"),
        ("submit_body", "x", "profiles.video.submit_body: expected a table"),
        ("read_also", "GET /x", "profiles.video.read_also: expected 'METHOD /path/{id}' with '{id}'"),
        ("unknown_looks_like", [], "expected a word or a list of words"),
        ("unknown_looks_like", ["a", 3], "expected a word or a list of words"),
        ("cancel_accepted", [200.5], "HTTP status codes"),
        ("headers", {"X": 3}, "profiles.video.headers.X: expected a text, got 3"),
    ],
)
def test_an_error_names_file_key_and_expectation(key, value, expected):
    with pytest.raises(ConfigError) as caught:
        parse(**{key: value})
    assert expected in caught.value.message
    assert all(line.startswith("jobctl.toml: profiles.video.") for line in caught.value.message.splitlines())


def test_a_secret_pasted_for_a_variable_name_is_not_shown():
    for auth in ("sk-abc-123", {"bearer_env": "sk-abc-123"}, {"basic_env": "sk-abc-123"}):
        with pytest.raises(ConfigError) as caught:
            parse(auth=auth)
        assert "sk-abc" not in caught.value.message


def test_all_problems_are_told_together():
    with pytest.raises(ConfigError) as caught:
        parse_profile("video", {"raed": "GET /x", "progress_max": -1, "stream": 4}, "f.toml")
    assert len(caught.value.message.splitlines()) == 4
    assert "extends" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"auth": {"bearer": "abc"}}, "auth.bearer"),
        ({"headers": {"Authorization": "Bearer abc"}}, "headers.Authorization"),
    ],
)
def test_a_literal_secret_works_and_warns(changes, where):
    (warning,) = parse(**changes).warnings
    assert where in warning
    assert "abc" not in warning


KEYS = [*MINIMAL, *FULL, "extends", "bearer_env", "basic_env", "command", "optional", "user", "running", "id"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*KEYS, "", "GET /{id}", "http://h", "~/x"])
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=4))
def test_any_table_is_a_profile_or_a_config_error(table):
    message = ""
    try:
        profile = parse_profile("any", MINIMAL | table, "f.toml")
    except ConfigError as error:
        message = error.message
    else:
        assert profile == parse_profile("any", MINIMAL | table, "f.toml")
    lines = message.splitlines()
    assert all(line.startswith("f.toml: profiles.any") and visible(line, 2000) == line for line in lines)


@pytest.mark.parametrize(
    "auth", ["none", {"bearer_env": "T"}, {"command": "a 'b c'"}, {"command": ["a", "b c"]}]
)
def test_auth_spellings(auth):
    parsed = parse(auth=auth).auth
    assert parsed.kind is AuthKind("none" if auth == "none" else next(iter(auth)))
    assert parsed.command in {(), ("a", "b c")}


def test_merging_keeps_what_is_not_said():
    base = {"read": "GET /a/{id}", "fields": {"id": "x", "status": "y"}, "status": {"failed": ["a", "b"]}}
    merged = merge_tables(base, {"extends": "base", "fields": {"status": "z"}, "status": {"completed": "A"}})
    assert merged["read"] == "GET /a/{id}"
    assert merged["fields"] == {"id": "x", "status": "z"}
    profile = parse_profile("m", merged)
    assert (profile.status_of("a"), profile.status_of("b")) == (JobStatus.COMPLETED, JobStatus.FAILED)


@pytest.mark.parametrize("name", ["generation", "v1"])
def test_the_profiles_of_both_incidents_parse_without_warnings(name):
    profile = parse_profile(name, BUILTIN[name])
    assert profile.warnings == ()
    assert profile.auth.resolve({}) == {}
    assert profile.stream_url("1193930") == f"{str(profile.base_url).replace('http', 'ws')}/ws/jobs/1193930"


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("generation", {"id": 1, "status": "started", "content_id": 65018, "progress": 0}),
        ("v1", {"job": {"id": 1, "status": "started", "result": 65018, "progress": 0}}),
        ("v1", {"id": 1, "status": "started", "result": 65018, "progress": 0}),
    ],
)
def test_the_built_in_profiles_read_both_incidents(name, payload):
    fields = parse_profile(name, BUILTIN[name]).fields
    read = {key: compile_path(path)(payload) for key, path in fields.items()}
    assert (read["id"], read["status"], read["result"], read["progress"]) == (1, "started", 65018, 0)


@pytest.mark.parametrize(
    "auth",
    [{"bearer_env": "T"}, {"command": "login"}, {"bearer": "t"}, {"header_env": {"AUTHORIZATION": "T"}}],
)
def test_one_header_cannot_come_from_two_places(auth):
    table = {"read": "GET /{id}", "auth": auth, "headers": {"authorization": "Bearer x"}}
    with pytest.raises(ConfigError, match=r"profiles\.video\.headers\.authorization: the auth table"):
        parse_profile("video", table)
    for other in ({"read": "GET /{id}", "auth": auth, "headers": {"X-A": "1"}}, table | {"auth": "none"}):
        assert parse_profile("video", other).headers


@pytest.mark.parametrize("key", ["read", "progress_max", "base_url", "extends", "status", "stream", "auth"])
def test_a_number_of_thousands_of_digits_is_an_error_like_any_other(tmp_path, key):
    value = 16**6000
    path = tmp_path / "c.toml"
    text = f"{{ running = [0x{value:x}] }}" if key == "status" else f"0x{value:x}"
    read = "" if key == "read" else 'read = "GET /{id}"'
    path.write_text(f"[profiles.x]\n{read}\n{key} = {text}")
    with pytest.raises(ConfigError, match=key):
        load_profiles([path])
