"""`jobctl` as a real process: started, fed, read, signalled; killed when it does not end in time."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TIMEOUT = 30.0
_KEPT = ("PATH", "SYSTEMROOT", "TMPDIR", "COVERAGE_PROCESS_START")


@dataclass
class Done:
    """What a process left behind. `peak` is its peak memory in KiB (0 where nobody measured)."""

    code: int
    out: str
    err: str
    seconds: float
    peak: int = 0

    @property
    def lines(self):
        """Stdout as JSON objects, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self):
        """Stdout as exactly one JSON object."""
        (line,) = self.lines
        return line

    @property
    def result(self):
        """The one `result` line of a watch, which must be the last."""
        lines = self.lines
        assert [line["type"] for line in lines].count("result") == 1, self
        assert lines[-1]["type"] == "result", self
        return lines[-1]

    def codes(self):
        """Codes of the notices."""
        return [line["code"] for line in self.lines if line["type"] == "notice"]


def check_message(done, code, *said):
    """The code, no traceback, each of the words on stderr, and nothing that a terminal would obey."""
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    for words in said:
        assert words in done.err, done
    assert all(character.isprintable() or character == "\n" for character in done.out + done.err)


class Program:
    """One running process. Output is collected by whoever waits, unless a descriptor is given for it."""

    def __init__(self, start, *, stdin=b"", stdout=None, stderr=None):
        self._started = time.monotonic()
        self._texts = {}
        self._selector = selectors.DefaultSelector()
        given, self._ours = [], []
        given.append(stdin if isinstance(stdin, int) else _filled_pipe(stdin))
        for number, target in ((1, stdout), (2, stderr)):
            if target is not None:
                given.append(os.dup(target))
                self._texts[number] = b""
                continue
            ours, theirs = os.pipe()
            given.append(theirs)
            self._texts[number] = b""
            self._selector.register(ours, selectors.EVENT_READ, number)
        self._done = None
        self.pid, self._wait = start(given)
        for descriptor in given:
            os.close(descriptor)

    def until(self, text, timeout=TIMEOUT):
        """Read until `text` stands in stdout or stderr."""
        deadline = time.monotonic() + timeout
        while not any(text.encode() in got for got in self._texts.values()):
            if not self._selector.get_map() or not self._take(deadline):
                self.kill()
                raise AssertionError(f"{text!r} never came: {self._texts}")

    def said(self):
        """What has come so far, of both."""
        return "".join(got.decode("utf-8", "replace") for got in self._texts.values())

    def close_stdout(self):
        """Go away as a reader."""
        for key in list(self._selector.get_map().values()):
            if key.data == 1:
                self._selector.unregister(key.fd)
                os.close(key.fd)

    def signal(self, number):
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self):
        """End it, whatever it does, and let go of everything; harmless when it has ended."""
        if self._done is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fd)
            os.close(key.fd)
        self._done = self._wait()

    def finish(self, timeout=TIMEOUT):
        """Wait for the end and return what was said."""
        deadline = time.monotonic() + timeout
        while self._selector.get_map():
            if not self._take(deadline):
                self.kill()
                raise AssertionError(f"no end within {timeout} s: {self._texts}")
        code, peak = self._done = self._wait()
        out, err = (self._texts[number].decode(errors="backslashreplace") for number in (1, 2))
        return Done(code, out, err, time.monotonic() - self._started, peak)

    def _take(self, deadline):
        ready = self._selector.select(max(0.0, deadline - time.monotonic()))
        for key, _ in ready:
            part = os.read(key.fd, 1 << 20)
            self._texts[key.data] += part
            if not part:
                self._selector.unregister(key.fd)
                os.close(key.fd)
        return bool(ready)


class Starter:
    """Starts programs in one folder with one small environment."""

    def __init__(self, cwd, **environ):
        self.cwd = cwd
        self.environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.environ |= {"HOME": str(cwd), "PYTHONPATH": str(ROOT), "TZ": "UTC", "NO_PROXY": "*"}
        self.environ |= {"JOBCTL_STATE_DIR": str(Path(cwd, "state"))} | environ

    def start(self, *argv, fresh=False, env=None, cwd=None, **streams):
        """Start `jobctl argv`, `fresh` in its own interpreter; `env` adds variables (None: removes)."""
        environ = {k: v for k, v in (self.environ | (env or {})).items() if v is not None}
        run = _popen if fresh or sys.platform != "linux" else _forked
        return Program(functools.partial(run, argv, environ, str(cwd or self.cwd)), **streams)

    def run(self, *argv, timeout=TIMEOUT, **how):
        """Start and wait."""
        return self.start(*argv, **how).finish(timeout)


def _filled_pipe(text):
    source, feed = os.pipe()
    os.write(feed, text)
    os.close(feed)
    return source


def _popen(argv, environ, cwd, streams):
    stdin, stdout, stderr = streams
    process = subprocess.Popen(
        [sys.executable, "-m", "jobctl", *argv],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=environ,
        cwd=cwd,
    )
    return process.pid, lambda: (process.wait(TIMEOUT), 0)


def _forked(argv, environ, cwd, streams):
    told, report = os.pipe()
    text = json.dumps({"argv": argv, "env": environ, "cwd": cwd}).encode()
    socket.send_fds(_zygote(), [text], [*streams, report])
    os.close(report)
    lines = os.fdopen(told)
    pid = int(lines.readline())

    def wait():
        with lines:
            code, peak = lines.readline().split()
            return int(code), int(peak)

    return pid, wait


@functools.cache
def _zygote():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            stdin=theirs,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
    atexit.register(lambda: (ours.close(), process.wait(TIMEOUT)))
    return ours
