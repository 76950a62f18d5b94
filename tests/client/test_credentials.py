"""Credentials of one run: resolved late, once, and again only when the API refuses them."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobctl.client.credentials import Credentials
from jobctl.errors import ConfigError
from jobctl.profile.auth import Auth, AuthKind

BEARER = Auth(AuthKind.BEARER_ENV, (("Authorization", "TOKEN"),))


@pytest.fixture
def tokens(tmp_path):
    """An auth command that gives a new token each time: (Auth, how often it ran)."""
    runs = tmp_path / "runs"
    runs.write_text("")
    script = "import sys; f = open(sys.argv[1], 'r+'); n = len(f.read()) + 1; f.write('x'); print(f't{n}')"
    auth = Auth(AuthKind.COMMAND, command=(sys.executable, "-S", "-c", script, str(runs)))
    return auth, lambda: len(runs.read_text())


def bearer(number):
    return {"Authorization": f"Bearer t{number}"}


def test_nothing_is_asked_for_before_the_first_request(tokens):
    auth, runs = tokens
    credentials = Credentials(auth, {})
    assert (credentials.is_slow, runs()) == (True, 0)
    assert credentials.headers() == credentials.headers() == bearer(1)
    assert (credentials.is_slow, runs()) == (False, 1)


def test_an_environment_is_read_when_it_is_needed():
    environ = {}
    credentials = Credentials(BEARER, environ)
    assert credentials.is_slow is False
    with pytest.raises(ConfigError, match="TOKEN is not set"):
        credentials.headers()
    environ["TOKEN"] = "late"
    assert credentials.headers() == {"Authorization": "Bearer late"}
    environ["TOKEN"] = "later"
    assert credentials.headers() == {"Authorization": "Bearer late"}


@pytest.mark.parametrize("auth", [Auth(), BEARER, Auth(AuthKind.BEARER, literal="t")])
def test_asking_again_for_what_cannot_change_is_refused(auth):
    credentials = Credentials(auth, {"TOKEN": "t"})
    used = credentials.headers()
    assert credentials.refresh(used) is False
    assert credentials.headers() == used


def test_a_refused_token_is_replaced(tokens):
    auth, runs = tokens
    credentials = Credentials(auth, {})
    assert credentials.refresh(credentials.headers()) is True
    assert credentials.headers() == bearer(2)
    assert credentials.refresh(credentials.headers()) is True
    assert (credentials.headers(), runs()) == (bearer(3), 3)


def test_a_refusal_of_a_token_that_was_replaced_meanwhile_runs_nothing(tokens):
    auth, runs = tokens
    credentials = Credentials(auth, {})
    old = credentials.headers()
    credentials.refresh(old)
    assert credentials.refresh(old) is True
    assert (credentials.headers(), runs()) == (bearer(2), 2)


def test_many_refusals_at_the_same_time_run_the_command_once(tokens):
    auth, runs = tokens
    credentials = Credentials(auth, {})
    used = credentials.headers()
    together = threading.Barrier(8)

    def refused(_number):
        together.wait(10)
        return credentials.refresh(used), credentials.headers()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(refused, range(8)))
    assert answers == [(True, bearer(2))] * 8
    assert runs() == 2


def test_first_requests_at_the_same_time_run_the_command_once(tokens):
    auth, runs = tokens
    credentials = Credentials(auth, {})
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: credentials.headers(), range(8))) == [bearer(1)] * 8
    assert runs() == 1


def test_a_command_that_fails_is_an_error_and_the_old_token_stays(tmp_path):
    marker = tmp_path / "broken"
    refusal = "no ticket: token=hunter2hunter2"
    script = f"import os, sys; sys.exit('{refusal}') if os.path.exists(sys.argv[1]) else print('t1')"
    credentials = Credentials(
        Auth(AuthKind.COMMAND, command=(sys.executable, "-S", "-c", script, str(marker))), {}
    )
    used = credentials.headers()
    marker.touch()
    with pytest.raises(ConfigError, match="no ticket") as caught:
        credentials.refresh(used)
    assert "hunter2" not in str(caught.value)
    assert credentials.headers() == used
    marker.unlink()
    assert credentials.refresh(used) is True


def test_the_old_headers_are_at_hand_while_new_ones_are_fetched(tmp_path):
    """An event loop asks for them: it must not stand still while a login command runs."""
    first, go = tmp_path / "first", tmp_path / "go"
    script = (
        "import os, sys, time\nfirst, go = sys.argv[1:]\n"
        "if os.path.exists(first):\n while not os.path.exists(go): time.sleep(0.01)\n"
        "open(first, 'w').close(); print('t1')"
    )
    credentials = Credentials(
        Auth(AuthKind.COMMAND, command=(sys.executable, "-S", "-c", script, str(first), str(go))), {}
    )
    used = credentials.headers()
    with ThreadPoolExecutor(2) as pool:
        refreshing = pool.submit(credentials.refresh, used)
        try:
            while not credentials._lock.locked():
                assert not refreshing.done()
            assert pool.submit(credentials.headers).result(5) == used
            assert not refreshing.done()
        finally:
            go.touch()
        assert refreshing.result(10) is True


def test_many_refusals_share_one_failure_of_the_command(tmp_path):
    runs = tmp_path / "runs"
    runs.write_text("")
    script = (
        "import sys, time; f = open(sys.argv[1], 'r+'); n = len(f.read()); f.write('x'); f.close()\n"
        "time.sleep(0.2 * bool(n)); sys.exit('no ticket') if n else print('t1')"
    )
    credentials = Credentials(
        Auth(AuthKind.COMMAND, command=(sys.executable, "-S", "-c", script, str(runs))), {}
    )
    used = credentials.headers()
    together = threading.Barrier(6)

    def refused(_number):
        together.wait(10)
        with pytest.raises(ConfigError, match="no ticket"):
            credentials.refresh(used)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(refused, range(6)))
    assert len(runs.read_text()) == 2
    with pytest.raises(ConfigError, match="no ticket"):
        credentials.refresh(used)
    assert len(runs.read_text()) == 3, "a later refusal asks again"
