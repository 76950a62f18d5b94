"""Recordings: what a file is told by its content, and what is said of one that is none."""

from __future__ import annotations

import gzip
import io
import json
import os
import shlex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow

from jobctl.captures.file_kinds import HEAD, kind_of
from jobctl.captures.recordings import open_recording
from jobctl.errors import ConfigError

ENTRY = {
    "startedDateTime": "2025-10-09T22:13:10.125Z",
    "time": 250,
    "request": {"method": "GET", "url": "https://api.test/jobs/7"},
    "response": {"status": 200, "content": {"text": '{"id": 7}'}},
}
HAR = json.dumps({"log": {"version": "1.2", "entries": [ENTRY, ENTRY]}}, indent=1).encode()
DECISION = b'{"schema": "jobctl.decision/1", "rules": 3, "seq": 1, "payload": {"log": {}}}\n'


def flows(count=2):
    out = io.BytesIO()
    writer = FlowWriter(out)
    for _ in range(count):
        writer.add(tflow.tflow(resp=True))
    return out.getvalue()


FLOWS = flows()


@pytest.fixture
def recorded(tmp_path):
    def write(data, name="recording"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize(
    ("data", "kind"),
    [(HAR, "har"), (b"\xef\xbb\xbf \n" + HAR, "har"), (FLOWS, "flows")],
    ids=["har", "bom", "flows"],
)
@pytest.mark.parametrize("name", ["a.har", "a.flow", "a.jsonl", "a"])
def test_the_content_says_what_it_is_not_the_name(recorded, data, kind, name):
    recording = open_recording(recorded(data, name))
    assert (recording.kind, recording.size) == (kind, len(data))
    assert [one.number for one in recording] == [1, 2]
    assert (recording.problems, recording.skipped) == ([], 0)


@pytest.mark.parametrize(
    "before",
    [b'{"log": {"pages": []', b'{\n  "log"  :\r\n{', b'{"comment": "x", "log": {', b'{"log"', b'{"log":{'],
    ids=repr,
)
def test_ways_a_har_begins(before):
    assert kind_of(before).name == "har"


@pytest.mark.parametrize("data", [HAR, FLOWS], ids=["har", "flows"])
def test_each_iteration_begins_anew(recorded, data):
    recording = open_recording(recorded(data[:-1]))
    first = list(recording)
    assert len(recording.problems) == 1
    assert list(recording) == first
    assert len(recording.problems) == 1


@pytest.mark.parametrize("data", [HAR, FLOWS], ids=["har", "flows"])
def test_progress_ends_at_the_size(recorded, data):
    told = []
    list(open_recording(recorded(data), lambda *progress: told.append(progress)))
    assert told[-1] == (len(data), len(data))
    assert told == sorted(told)


def test_a_decision_log_has_a_command_of_its_own(recorded):
    path = recorded(DECISION * 3, "it's a log.jsonl")
    with pytest.raises(ConfigError, match="decision log of jobctl") as caught:
        open_recording(path)
    assert caught.value.hint == f"jobctl explain {shlex.quote(str(path))}"


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        (b"", "an empty file"),
        (b"\n \t", "white space"),
        (b"hello\n", "text"),
        ("é".encode() * HEAD, "text"),
        (b"\x00\x01\x02\xff", "binary data"),
        (b"<!doctype html>", "HTML or XML"),
        (b'{"a": 1}', "JSON without"),
        (b'[{"log": {"entries": []}}]', "JSON without"),
        (b'{"a": 1}\n{"a": 2}\n', "JSON lines"),
        (gzip.compress(HAR), "gzip"),
        (b"PK\x03\x04", "ZIP"),
        (HAR.decode().encode("utf-16"), "UTF-16"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "packet capture"),
        (b"12:", "text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_else_is_refused_with_what_it_looks_like(recorded, data, looks_like):
    with pytest.raises(ConfigError, match=looks_like) as caught:
        open_recording(recorded(data))
    assert caught.value.hint


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        open_recording(tmp_path / "none")
    with pytest.raises(ConfigError, match="is a folder"):
        open_recording(tmp_path)
    with pytest.raises(ConfigError, match="cannot read"):
        open_recording(tmp_path / "a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no regular file"):
        open_recording(tmp_path / "pipe")


def test_a_file_that_goes_away(recorded):
    path = recorded(HAR)
    recording = open_recording(path)
    path.unlink()
    with pytest.raises(ConfigError, match="No such file"):
        list(recording)


_DAMAGED = st.binary(max_size=300) | st.builds(
    lambda data, length, rest: data[:length] + rest,
    st.sampled_from([HAR, FLOWS]),
    st.integers(0, max(len(HAR), len(FLOWS))),
    st.binary(max_size=20),
)


@given(_DAMAGED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(recorded, data):
    try:
        recording = open_recording(recorded(data))
    except ConfigError:
        return
    exchanges = list(recording)
    assert [one.number for one in exchanges] == list(range(1, len(exchanges) + 1))
    assert exchanges or recording.problems
