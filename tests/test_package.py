from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import jobctl
from jobctl.sandbox import Sandbox

HEAVY = (
    "httpx",
    "websockets",
    "mitmproxy",
    "rich",
    "sqlite3",
    "typer",
    "asyncio",
    "starlette",
    "uvicorn",
    "tabulate",
)

PUBLIC = [
    "Action",
    "ApiError",
    "ConfigError",
    "DeadlineExceeded",
    "Decision",
    "Diagnosis",
    "Exchange",
    "ExitCode",
    "Finding",
    "Job",
    "JobClient",
    "JobNotSuccessful",
    "JobStatus",
    "JobctlError",
    "NoStoreMiddleware",
    "Observation",
    "Profile",
    "ProtocolError",
    "Reader",
    "Reason",
    "Source",
    "Story",
    "SubmitUncertain",
    "TransportError",
    "Verdict",
    "WatchOptions",
    "__version__",
    "cancel",
    "diagnose",
    "reconcile",
    "status",
    "submit",
    "wait",
]


def loaded(*argv, names=HEAVY):
    """Which of `names` a fresh interpreter imports while it runs `python argv`."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *argv], capture_output=True, text=True, timeout=30, check=True
    )
    found = {
        line.rpartition("|")[2].strip()
        for line in done.stderr.splitlines()
        if line.startswith("import time:")
    }
    assert "jobctl" in found
    return [name for name in names if name in found]


@pytest.mark.parametrize("name", jobctl.__all__)
def test_every_name_is_there_and_listed(name):
    assert getattr(jobctl, name) is not None
    assert name in dir(jobctl)


def test_the_public_names():
    """Whoever adds or takes away a name says so here and in the change log."""
    assert sorted(jobctl.__all__) == PUBLIC


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = jobctl.nonsense
    with pytest.raises(ImportError):
        exec("from jobctl import nonsense")  # noqa: S102


def test_names_are_the_homes_own():
    for home, names in jobctl._HOMES.items():
        for name in names:
            assert getattr(jobctl, name) is getattr(importlib.import_module(home), name)


def test_importing_the_package_pulls_in_nothing():
    assert loaded("-c", "import jobctl") == []


@pytest.mark.parametrize(
    "module",
    [
        "reconcile",
        "story",
        "explain",
        "watching.machine",
        "captures.decision_log",
        "caching.middleware",
        "exit_codes",
    ],
)
def test_pure_modules_pull_in_nothing(module):
    assert loaded("-c", f"import jobctl.{module}") == []


def test_version_pulls_in_nothing():
    assert loaded("-m", "jobctl", "--version") == []


@pytest.mark.parametrize("argv", [("--help",), ("watch", "--help"), ("log", "--help"), ("profiles",)])
def test_what_needs_no_memory_does_not_open_it(argv):
    assert loaded("-m", "jobctl", *argv, names=("sqlite3",)) == []


def test_help_needs_no_watch_and_no_rows():
    names = ("jobctl.watching.machine", "jobctl.store.jobs")
    assert loaded("-m", "jobctl", "--help", names=names) == []


def test_ctrl_c_while_it_still_loads_is_no_traceback():
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'jobctl.cli.watch': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from jobctl.__main__ import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "watch", "7"], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "jobctl: interrupted\n")


@pytest.mark.parametrize(
    ("verb", "needed"), [("status", {"httpx", "sqlite3"}), ("watch", {"httpx", "sqlite3", "asyncio"})]
)
def test_a_read_pulls_in_what_it_needs(verb, needed):
    """A finished job needs no websockets, a read no event loop, and nobody here a live view."""
    names = ("asyncio", "websockets", "rich.live", "sqlite3", "mitmproxy", "starlette", "uvicorn", "tabulate")
    # httpx brings its own command line along where `click` and `rich` are installed, Typer pydantic.
    bare = "import jobctl, sys, typer, httpx\ndef run(a: str): pass\nsys.argv[1:] = ['a']\ntyper.run(run)"
    without_us = {"httpx", *loaded("-c", bare, names=names)}
    with Sandbox() as box:
        job = box.submit(duration=0, pending=0)
        found = loaded("-m", "jobctl", verb, job, "-u", box.url, names=("httpx", *names))
    assert set(found) - without_us == needed - without_us
