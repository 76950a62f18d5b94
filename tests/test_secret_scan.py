from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobctl.secret_scan import REDACTED, is_secret_name, redact_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

SECRET_NAMES = """
    authorization Proxy-Authorization cookie Set-Cookie api_key apiKey api-key X-API-Key APIKEY
    token access_token accessToken refreshToken id_token X-Auth-Token x-amz-security-token secret
    client_secret clientSecret password passwd passphrase db_password credential credentials
    aws_credentials signature X-Amz-Signature session session_id sessionId JSESSIONID private_key
    privateKey secret_access_key secretAccessKey aws_secret_access_key jwt auth sig hmac otp pwd
    webhookSecret HF_TOKEN pass db_pass smtpPass passcode user_passcode sas blob_sas
"""
HARMLESS_NAMES = """
    max_tokens token_count tokenCount prompt_tokens completion_tokens total_tokens tokens tokenizer
    tokenized token_type token_usage expires_in secretary author authored key idempotency_key
    cache_key public_key keyboard Sec-WebSocket-Key ETag status design signal session_count
    token_expires_at eos_token monkey Access-Control-Allow-Credentials WWW-Authenticate passenger
    compass bearing render_pass first_pass passes pass_count bypass passthrough sas_region disaster code
"""


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_secret_names(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", HARMLESS_NAMES.split())
def test_harmless_names(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("token", 512, False),
        ("token", "512", True),
        ("password", 1234, True),
        ("password", None, False),
        ("password", True, False),
        ("password", "", False),
        ("pass", 2, False),
        ("pass", True, False),
        ("passcode", 1234, True),
        ("code", "ABC12345", False),
        ("session", {"id": 1}, True),
    ],
)
def test_the_value_decides_doubtful_cases(name, value, secret):
    assert is_secret_name(name, value) is secret


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Bearer abc", "Bearer [redacted]"),
        ("got bearer a.b-c~d+e/f=, sorry", "got bearer [redacted], sorry"),
        ("Bearer token required", "Bearer token required"),
        ("Basic dXNlcjpwYXNz", "Basic [redacted]"),
        ("Basic information missing", "Basic information missing"),
        (f"sent {JWT}!", "sent [redacted]!"),
        ("https://u:p@h/x", "https://[redacted]@h/x"),
        ("https://u:p@ss@h/x", "https://[redacted]@h/x"),
        ("https://h/x?a=1&token=s&b=2", "https://h/x?a=1&token=[redacted]&b=2"),
        ("https://h/x?key=AbC", "https://h/x?key=[redacted]"),
        ("/x?X-Amz-Signature=ab12&X-Amz-Expires=60", "/x?X-Amz-Signature=[redacted]&X-Amz-Expires=60"),
        ("https://h/x?api%5Fkey=s", "https://h/x?api%5Fkey=[redacted]"),
        (
            "https://h/?next=https%3A%2F%2Fi%2F%3Ftoken%3Ds",
            "https://h/?next=https%3A%2F%2Fi%2F%3Ftoken%3D[redacted]",
        ),
        ("https://h/#access_token=s&x=1", "https://h/#access_token=[redacted]&x=1"),
        ('{"password": "a b", "n": 1}', '{"password": "[redacted]", "n": 1}'),
        (r"{\"password\": \"a b\"}", r"{\"password\": \"[redacted]\"}"),
        ("password=hunter2 user=x", "password=[redacted] user=x"),
        ("curl -H 'Authorization: Token abc def'", "curl -H 'Authorization: [redacted]'"),
        ('Cookie: theme="dark"; sid=S; x\nX: y', "Cookie: [redacted]\nX: y"),
        ("got Cookie: theme='dark'; sid=S\r\nX: y", "got Cookie: [redacted]\r\nX: y"),
        (r"Cookie: a=b; c=d\r\nHost: h", r"Cookie: [redacted]\r\nHost: h"),
        ('Authorization: Digest username="bob", response="6629"', "Authorization: [redacted]"),
        ('Cookie: "a"; sid=S', "Cookie: [redacted]"),
        ('"Authorization: Digest username="bob", response="66"", x', '"Authorization: [redacted]'),
        ('{"h": "Cookie: a=b; c=d", "x": 1}', '{"h": "Cookie: [redacted]", "x": 1}'),
        (r"{\"h\": \"Cookie: a=b\", \"x\": 1}", r"{\"h\": \"Cookie: [redacted]\", \"x\": 1}"),
        (r'{"Cookie": "a=\"dark\"; sid=S", "x": 1}', '{"Cookie": "[redacted]", "x": 1}'),
        (r'{"password": "a\"b", "x": 1}', '{"password": "[redacted]", "x": 1}'),
        ("pass=hunter2 user=x", "pass=[redacted] user=x"),
        ("ffmpeg pass=2", "ffmpeg pass=2"),
        ("passcode=1234567", "passcode=[redacted]"),
        ("https://h/cb?code=4/0AbCdEfGh12&state=1", "https://h/cb?code=[redacted]&state=1"),
        ("https://h/err?code=404&code=NOT_FOUND", "https://h/err?code=404&code=NOT_FOUND"),
        ("exit code=13371337", "exit code=13371337"),
        ("Set-Cookie: sid=1; Path=/\nX: y", "Set-Cookie: [redacted]\nX: y"),
        ("Invalid token: expired", "Invalid token: expired"),
        ("token: 8f3c0a91", "token: [redacted]"),
        ("max_tokens=100", "max_tokens=100"),
        ("password=null", "password=null"),
        ("key=value", "key=value"),
        ("ghp_" + "a" * 36, "[redacted]"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- x", "[redacted] x"),
        ("2025-10-09T22:13:10Z https://h/a@b", "2025-10-09T22:13:10Z https://h/a@b"),
    ],
)
def test_text(text, clean):
    assert redact_text(text) == clean
    assert redact_text(clean) == clean


def test_text_without_a_secret_is_the_same_object():
    for text in ("running", "see https://h/x?a=1 for the author's key", "x" * 10_000):
        assert redact_text(text) is text


PIECES = [
    "token",
    "=",
    ":",
    '"',
    "\\",
    "'",
    "Bearer ",
    "basic ",
    "://",
    "@",
    "eyJ",
    ".",
    "?",
    "&",
    "key",
    " ",
    "\n",
    "password",
    "[",
    "]",
    REDACTED,
    JWT,
    "authorization",
    "%3D",
    "%",
    "abc12345",
    "-----BEGIN PRIVATE KEY-----",
    "cookie",
    "sk-",
    "aaaaaaaaaaaaaaaaaaaa",
    ",",
    "/",
]


@example(":password://@cookie://'cookie")
@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)))
def test_redacting_twice_changes_nothing_more(text):
    once = redact_text(text)
    assert redact_text(once) == once


@given(
    st.text("abcdefghij0123456789", min_size=12, max_size=40),
    st.sampled_from(["?a=1&", "https://h/?", "", "x "]),
)
def test_a_random_token_never_survives(token, before):
    for text in (
        f"{before}access_token={token}",
        f"{before}Authorization: Bearer {token}",
        f"ws://{token}@h/x",
    ):
        assert token not in redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "token=" * 30_000,
        "eyJ-" * 50_000,
        "://" * 60_000,
        '"\\' * 90_000,
        "a" * 200_000 + "=",
        "=a!" * 60_000,
        'token="' * 25_000,
        "-----BEGIN PRIVATE KEY-----" * 7_000,
        "bearer " * 28_000,
        'token="\\' * 22_000,
        "cookie: \\" * 20_000,
        "'cookie: " * 20_000,
        "https://h/?code=" * 11_000,
    ],
    ids=range(13),
)
def test_hostile_text_takes_no_more_than_linear_time(text):
    # A quadratic scan of 180 kB would take minutes; this bound is loose on purpose.
    began = time.process_time()
    redact_text(text)
    assert time.process_time() - began < 20
