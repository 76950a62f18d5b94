"""One record per decision, for the log, the memory and the screen."""

from __future__ import annotations

import json
import time

import pytest

from jobctl.captures.recorder import Recorder
from jobctl.cli.records import memory_of, open_records
from jobctl.errors import ConfigError
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reconcile import reconcile
from jobctl.store.reading import decisions

PROFILE = Profiles().get("generation").with_base_url("http://localhost:1")
READER = Reader(PROFILE)


def decided():
    now = round(time.time(), 6)  # what is older than thirty days would be forgotten again
    return reconcile(None, READER.observe({"id": "7", "status": "running"}, Source.POLL, "7", now))


def test_log_memory_and_screen_tell_the_same(tmp_path):
    log = tmp_path / "log"
    with memory_of(PROFILE) as memory, open_records(log, READER, memory) as records:
        for _ in range(3):
            decision = decided()
            records.write(decision)
            shown = records.recorder.record(decision)
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    assert [record for _, record in decisions("7")] == logged
    assert [one["seq"] for one in logged] == [1, 2, 3], "asked for twice, numbered once"
    assert logged[-1] == json.loads(json.dumps(shown))


def test_without_log_and_memory_nothing_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("JOBCTL_MEMORY", "off")
    monkeypatch.setattr(Recorder, "record", lambda *_: pytest.fail("nobody reads it"))
    with memory_of(PROFILE) as memory, open_records(None, READER, memory) as records:
        records.write(decided())


def test_a_log_that_cannot_be_written_is_told_first(tmp_path):
    with (
        memory_of(PROFILE) as memory,
        pytest.raises(ConfigError, match="--log"),
        open_records(tmp_path, READER, memory),
    ):
        pass
