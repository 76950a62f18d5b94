from __future__ import annotations

import base64
import sys

import pytest

from jobctl.errors import ConfigError
from jobctl.profile.auth import Auth, AuthKind, run_command

SECRET = "s3cr3t-value-8f3c"
BEARER = Auth(AuthKind.BEARER_ENV, (("Authorization", "TOK"),))
BASIC = Auth(AuthKind.BASIC_ENV, (("Authorization", "UP"),))
BASIC_PAIR = Auth(AuthKind.BASIC_ENV, (("Authorization", "U"), ("Authorization", "P")))
HEADERS = Auth(AuthKind.HEADER_ENV, (("X-Api-Key", "K"), ("X-Org", "O")))


def command(code):
    return Auth(AuthKind.COMMAND, command=(sys.executable, "-c", code))


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("auth", "environ", "headers"),
    [
        (Auth(), {}, {}),
        (BEARER, {"TOK": SECRET}, {"Authorization": f"Bearer {SECRET}"}),
        (BEARER, {"TOK": f" {SECRET}\n"}, {"Authorization": f"Bearer {SECRET}"}),
        (BASIC, {"UP": "u:p:q"}, basic("u:p:q")),
        (BASIC_PAIR, {"U": "u", "P": "p:q"}, basic("u:p:q")),
        (HEADERS, {"K": "k", "O": "o"}, {"X-Api-Key": "k", "X-Org": "o"}),
        (Auth(AuthKind.BEARER, literal="abc"), {}, {"Authorization": "Bearer abc"}),
        (Auth(AuthKind.BEARER_ENV, (("Authorization", "TOK"),), optional=True), {}, {}),
        (Auth(AuthKind.BEARER_ENV, (("Authorization", "TOK"),), optional=True), {"TOK": ""}, {}),
    ],
)
def test_headers(auth, environ, headers):
    assert auth.resolve(environ) == headers


@pytest.mark.parametrize(
    ("auth", "variable"), [(BEARER, "TOK"), (BASIC, "UP"), (BASIC_PAIR, "U"), (HEADERS, "K")]
)
def test_a_missing_variable_is_named_and_how_to_set_it(auth, variable):
    with pytest.raises(ConfigError, match=f"environment variable {variable} is not set") as caught:
        auth.resolve({})
    assert f"export {variable}=" in str(caught.value.hint)


@pytest.mark.parametrize(
    "bad", [f"{SECRET}\nX-Evil: 1", f"{SECRET}\rx", f"{SECRET}\x00x", f"{SECRET}é", f"{SECRET}…"]
)
def test_what_no_header_can_carry_is_refused_unshown(bad):
    with pytest.raises(ConfigError) as caught:
        BEARER.resolve({"TOK": bad})
    assert "TOK" in caught.value.message
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("auth", "environ"), [(BASIC, {"UP": SECRET}), (BASIC_PAIR, {"U": f"{SECRET}:", "P": "p"})]
)
def test_basic_credentials_in_the_wrong_shape(auth, environ):
    with pytest.raises(ConfigError) as caught:
        auth.resolve(environ)
    assert SECRET not in caught.value.message


def test_a_literal_is_not_in_the_repr():
    assert SECRET not in repr(Auth(AuthKind.BEARER, literal=SECRET))


def test_a_command_gives_the_token_anew_each_time(tmp_path):
    counter = tmp_path / "n"
    auth = command(f"open({str(counter)!r},'a').write('x'); print(len(open({str(counter)!r}).read()))")
    assert [auth.resolve({})["Authorization"] for _ in range(2)] == ["Bearer 1", "Bearer 2"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "import sys; sys.stderr.write('no \\x1b[31mlogin'); sys.exit(3)",
            r"exit code 3: no \\x1b\[31mlogin",
        ),
        (f"import sys; sys.exit('password={SECRET}')", r"exit code 1: password=\[redacted\]"),
        ("pass", "is empty"),
        ("print('a'); print('b')", "line break"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')", "non-ASCII"),
    ],
)
def test_a_failing_command(code, expected):
    with pytest.raises(ConfigError, match=expected) as caught:
        command(code).resolve({})
    assert SECRET not in caught.value.message


def test_a_command_that_is_not_there():
    with pytest.raises(ConfigError, match="cannot be started"):
        run_command(["no-such-program-of-jobctl"])


def test_a_command_that_hangs_is_ended():
    with pytest.raises(ConfigError, match=r"longer than 0\.2 s"):
        run_command([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)


def test_no_shell_sees_the_command():
    result = run_command([sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; echo x"])
    assert result.stdout.strip() == "$HOME; echo x"
