"""Commands that can be pasted: no secret in them, nothing of a stranger's run by the shell."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from caching.made_report import SECRET, exchange, report

from jobctl.caching.reporting.curl import commands, job_path
from jobctl.exchange import Path


def test_credentials_become_shell_variables():
    asked = (("Authorization", f"Bearer {SECRET}"), ("X-Tenant", "blue"))
    (command,) = commands([exchange(1, Path.PLAIN, asked=asked)])
    assert SECRET not in command
    assert '"Authorization: $AUTHORIZATION"' in command
    assert "'X-Tenant: blue'" in command


@pytest.mark.parametrize("name", ["token$(echo ran)", 'token"; echo ran; "', "token`echo ran`", "token\\"])
def test_a_header_name_in_a_recording_is_never_run(name):
    (command,) = commands([exchange(1, Path.PLAIN, asked=((name, SECRET),))])
    shown = subprocess.run(
        ["sh", "-c", "curl() { printf '%s\\n' \"$@\"; }; " + command],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tokenran" not in shown.stdout
    assert "ran" not in shown.stdout.split()
    assert SECRET not in shown.stdout


@pytest.mark.parametrize("base", ["http://p/v1/jobs/7", "http://p/v1/jobs/7?tenant=blue"])
def test_the_plain_url_has_no_buster_and_keeps_its_own_query(base):
    url = base + ("&" if "?" in base else "?") + "_t=0123456789abcdef"
    plain, busted = commands(
        [exchange(1, Path.VALIDATOR_BUSTED, url=base), exchange(2, Path.BUSTED, url=url)]
    )
    assert shlex.split(plain)[-1] == base
    assert shlex.split(busted)[-1] == url


def test_a_token_in_the_url_is_left_out():
    (command,) = commands([exchange(1, Path.PLAIN, url=f"http://p/v1/jobs/7?token={SECRET}")])
    assert SECRET not in command


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://p/v1/jobs/7", "/v1/jobs"),
        ("http://p/v1/jobs/7/", "/v1/jobs"),
        ("http://p/v1/jobs/7/status", "/v1/jobs"),
        ("http://p/v1/status?job=7", "/v1/status"),
        ("http://p/7", "/"),
    ],
)
def test_the_fix_is_for_all_jobs(url, path):
    assert job_path(report(exchange(1, Path.PLAIN, url=url))) == path


def test_an_id_with_a_slash_is_one_segment():
    made = report(exchange(1, Path.PLAIN, url="http://p/v1/jobs/a%2Fb/status"), job="a/b")
    assert job_path(made) == "/v1/jobs"
