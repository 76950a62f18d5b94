from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import log_writer
from support.history import check_shown
from support.program import Starter

from jobctl.captures.decision_log import MAX_LINE, DecisionLog, read_lines
from jobctl.captures.recorder import Recorder
from jobctl.errors import ConfigError
from jobctl.explain.replay import Replay
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reconcile import reconcile
from jobctl.story import decision_record, observation_of

INCIDENT = ["ws-pending", "ws-duplicate=60%", "ws-reorder=60%", "ws-unversioned@50", "replica-lag=0.3s@50"]


def redecided(path):
    """Every line decided again from what stands in it, written again."""
    profiles, jobs = Profiles(), {}
    for line in read_lines(path):
        record = line.record
        reader = Reader(profiles.get(record["profile"]))
        decision = reconcile(jobs.get(record["job"]), observation_of(record, reader))
        jobs[record["job"]] = decision.after
        again = decision_record(decision, seq=record["seq"], profile=record["profile"]) | {
            "run": record["run"]
        }
        yield json.dumps(again, separators=(",", ":")).encode() + b"\n"


@pytest.fixture(scope="module")
def recorded(shared_box, tmp_path_factory):
    """A log of two jobs under weather, and the watch that wrote it."""
    folder = tmp_path_factory.mktemp("incident")
    shared_box.set_faults(INCIDENT, ["cache=0.4s"], seed=5)
    jobs = [shared_box.submit(duration=0.8, steps=8, end=end) for end in ("completed", "failed")]
    done = Starter(folder, JOBCTL_BASE_URL=shared_box.tunnel_url).run(
        "watch", *jobs, "--json", "--log", "log"
    )
    assert done.code == 3
    return folder / "log", done, jobs


@pytest.fixture
def incident(recorded, tmp_path):
    """A copy of it, to be damaged."""
    path, done, jobs = recorded
    return Path(shutil.copy(path, tmp_path)), done, jobs


def test_an_incident_replayed_is_the_same_story_bit_for_bit(incident, jobctl, box):
    path, done, jobs = incident
    assert b"".join(redecided(path)) == path.read_bytes()
    records = [line.record for line in read_lines(path)]
    assert len({record.pop("run") for record in records}) == 1
    shown = [
        {key: value for key, value in line.items() if key not in {"type", "run"}}
        for line in done.lines
        if line["type"] == "decision"
    ]
    assert records == shown, "the log and the JSON output tell the same"
    for job in jobs:
        check_shown([{"type": "decision"} | one for one in records if one["job"] == job], box.history(job))
    told = jobctl.run("explain", "log", "--json")
    assert (told.code, told.document["differing"], told.document["skipped"]) == (0, 0, 0)
    assert told.document["decisions"] == len(records)
    assert {one["job"]: one["status"] for one in told.document["jobs"]} == dict(
        zip(jobs, ("completed", "failed"), strict=True)
    )
    plain = jobctl.run("explain", "log")
    assert plain.code == 0
    assert f"{len(records)} decisions re-decided: as recorded" in plain.out


def test_one_job_of_a_log(incident, jobctl):
    path, _, (job, _) = incident
    told = jobctl.run("explain", "log", "--job", job, "--json")
    mine = [line for line in read_lines(path) if line.record["job"] == job]
    assert (told.code, told.document["decisions"]) == (0, len(mine))
    assert [one["job"] for one in told.document["jobs"]] == [job]
    nobody = jobctl.run("explain", "log", "--job", "nobody")
    assert "no decisions about job 'nobody'" in nobody.err


def edit(path, number, change):
    lines = path.read_text().splitlines(keepends=True)
    record = json.loads(lines[number - 1])
    change(record)
    lines[number - 1] = json.dumps(record) + "\n"
    path.write_text("".join(lines))


EDITS = {
    "action": lambda record: record.update(action="ignore" if record["action"] == "apply" else "apply"),
    "reason": lambda record: record.update(reason="terminal-lock"),
    "before": lambda record: record.update(before={"status": "completed"}),
    "after": lambda record: record["after"].update(progress=99),
    "payload": lambda record: record["payload"].update(status="cancelled", updated_at="2099-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_hand_edited_line_is_flagged_with_its_number(incident, jobctl, what):
    path, _, _ = incident
    edit(path, 2, EDITS[what])  # two jobs: there are two lines however late the watch began
    told = jobctl.run("explain", "log")
    assert told.code == 12
    assert "\nline 2 differs: " in told.out, told
    lines = jobctl.run("explain", "log", "--json").lines
    assert (lines[0]["type"], lines[0]["line"]) == ("differs", 2)
    assert lines[-1]["exit_code"] == 12


def test_a_torn_last_line_is_reported_and_skipped(incident, jobctl):
    path, _, _ = incident
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    count = whole.count(b"\n")
    told = jobctl.run("explain", "log")
    assert told.code == 12
    assert f"line {count} skipped: cut short" in told.out
    assert f"{count - 1} decisions re-decided: as recorded, 1 line skipped" in told.out


def test_the_next_process_does_not_write_into_a_torn_line(incident, jobctl, box):
    path, _, jobs = incident
    path.write_bytes(path.read_bytes()[:-40])
    before = path.read_bytes().count(b"\n")
    assert jobctl.run("status", jobs[0], "--log", "log").code == 0
    lines = list(read_lines(path))
    assert [line.number for line in lines if line.record is None] == [before + 1]
    assert lines[-1].record["source"] == "verify"


def test_secrets_never_reach_the_log_or_the_json(box, jobctl, tmp_path):
    box.set_faults(["auth=hunter2secret"])
    job = box.submit(
        "v1", duration=0.2, prompt="https://x.test/a?token=hunter2url&q=1 Authorization: Bearer hunter2bearer"
    )
    done = jobctl.run(
        "watch", job, "-p", "v1", "--json", "--log", "log", env={"JOBCTL_TOKEN": "hunter2secret"}
    )
    assert done.code == 0
    assert "q=1" in (tmp_path / "log").read_text(), "the payload is there"
    assert "hunter2" not in (tmp_path / "log").read_text() + done.out + done.err
    assert jobctl.run("explain", "log").code == 0


def test_a_status_that_holds_a_secret_still_replays(reader, tmp_path, write):
    payload = {"id": "7", "status": "running", "error": "password=hunter2", "result": {"api_key": "hunter2"},
               "headers": [["Set-Cookie", "hunter2"]]}  # fmt: skip
    write([payload, payload | {"progress": 5}])
    assert "hunter2" not in (tmp_path / "log").read_text()
    assert not any(
        replayed.differences for replayed in Replay(Profiles()).lines(read_lines(tmp_path / "log"))
    )


def test_a_second_watch_appended_to_the_log_of_the_first(incident, jobctl):
    """Each process starts with nothing known; its lines must not be judged by what another one knew."""
    path, _, jobs = incident
    assert jobctl.run("watch", *jobs, "--log", "log").code == 3
    told = jobctl.run("explain", "log")
    assert told.code == 0, told
    assert len({line.record["run"] for line in read_lines(path)}) == 2


def test_two_watches_of_one_job_into_one_log_at_the_same_time(box, jobctl):
    job = box.submit(duration=0.6, steps=10)
    programs = [
        jobctl.start("watch", job, "--log", "log", *flags) for flags in ((), ("--no-stream",), ("-q",))
    ]
    assert [program.finish().code for program in programs] == [0, 0, 0]
    told = jobctl.run("explain", "log")
    assert told.code == 0, told


@pytest.fixture
def reader():
    return Reader(Profiles().get("v1"))


@pytest.fixture
def write(reader, tmp_path):
    """Log payloads of job 7 as a watch would."""

    def _write(payloads, job="7", source=Source.POLL):
        known = None
        with DecisionLog(tmp_path / "log", Recorder(reader), pytest.fail) as log:
            for payload in payloads:
                decision = reconcile(known, reader.observe(payload, source, job, 1.5))
                known = decision.after
                log.write(decision)

    return _write


def test_two_processes_append_whole_lines(tmp_path):
    path, count = tmp_path / "log", 300
    command = [sys.executable, log_writer.__file__, str(path)]
    writers = [subprocess.Popen([*command, job, str(count)]) for job in "ab"]
    assert [writer.wait(30) for writer in writers] == [0, 0]
    records = [line.record for line in read_lines(path)]
    assert None not in records
    for job in "ab":
        assert [record["seq"] for record in records if record["job"] == job] == list(range(1, count + 1))
    assert not any(replayed.differences for replayed in Replay(Profiles()).lines(read_lines(path)))


def test_every_kind_of_damage_is_skipped_with_its_number(tmp_path, write, jobctl):
    write([{"id": "7", "status": "running"}])
    good = (tmp_path / "log").read_bytes()
    damage = [b"{", b"[1]", b"\xff\xfe", b'"text"', b"[" * 60_000, b'{"schema":"other/2"}',
              b'{"job":7,"source":"poll","at":"2026-01-01","payload":1,"profile":"v1"}',
              b'{"job":"7","source":"gossip","at":"2026-01-01","payload":1,"profile":"v1"}',
              b'{"job":"7","source":"poll","at":"never","payload":1,"profile":"v1"}',
              b'{"job":"7","source":"poll","at":"2026-01-01","profile":"v1"}',
              b'{"job":"7","source":"poll","at":"2026-01-01","payload":1,"profile":"nope"}',
              b'{"job":"7","source":"poll","at":"2026-01-01","payload":1,"profile":7}']  # fmt: skip
    (tmp_path / "log").write_bytes(good + b"\n\n" + b"\n".join(damage) + b"\n")
    done = jobctl.run("explain", "log", "--json")
    assert done.code == 12
    assert [line["line"] for line in done.lines[:-1]] == list(range(4, 4 + len(damage)))
    assert all(line["type"] == "skipped" and line["why"][0] for line in done.lines[:-1])
    assert done.lines[-1]["decisions"] == 1


def test_a_line_without_end_is_passed_over_without_being_held(tmp_path, write):
    write([{"id": "7", "status": "running"}])
    path = tmp_path / "log"
    good = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(len(good) + MAX_LINE + 10)
        file.write(b"\n" + good)
    problems = [(line.number, line.problem) for line in read_lines(path)]
    assert problems == [(1, None), (2, "longer than 32 MiB"), (3, None)]


def test_the_file_is_the_owners_alone(tmp_path, write):
    write([{"id": "7", "status": "running"}])
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("path", ["missing/log", ".", "a\0b"])
def test_a_path_that_cannot_be_written(reader, tmp_path, path):
    with pytest.raises(ConfigError, match="--log: cannot write"):
        DecisionLog(tmp_path / path, Recorder(reader), pytest.fail)


def test_a_disk_that_is_full_is_told_once(reader):
    told = []
    with DecisionLog(Path("/dev/full"), Recorder(reader), told.append) as log:
        for _ in range(3):
            log.write(reconcile(None, reader.observe({"status": "running"}, Source.POLL, "7", 1.0)))
        assert log.broken
    (message,) = told
    assert "No space left" in message
    assert "after 0 decisions" in message


def test_a_write_may_take_any_part(reader, tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
    with DecisionLog(tmp_path / "log", Recorder(reader), pytest.fail) as log:
        for _ in range(2):
            log.write(reconcile(None, reader.observe({"status": "running"}, Source.POLL, "7", 1.0)))
    assert [line.record["seq"] for line in read_lines(tmp_path / "log")] == [1, 2]


def test_a_write_that_fails_half_way_leaves_a_line_of_its_own(reader, tmp_path, monkeypatch):
    real, told = os.write, []

    def full(fd, data):
        if len(data) < 50 and data != b"\n":
            raise OSError(28, "No space left on device")
        return real(fd, data[: max(1, len(data) - 49)])

    decision = reconcile(None, reader.observe({"status": "running"}, Source.POLL, "7", 1.0))
    with DecisionLog(tmp_path / "log", Recorder(reader), told.append) as log:
        monkeypatch.setattr(os, "write", full)
        log.write(decision)
        monkeypatch.undo()
        assert (log.broken, len(told)) == (True, 1)
        assert (tmp_path / "log").read_bytes().endswith(b"\n"), "another process may have it open"
    with DecisionLog(tmp_path / "log", Recorder(reader), pytest.fail) as other:
        other.write(decision)
    assert (tmp_path / "log").read_bytes().count(b"\n") == 2
    assert [line.record is None for line in read_lines(tmp_path / "log")] == [True, False]


@pytest.mark.parametrize("number", [float("inf"), -float("inf"), float("nan")])
def test_a_line_is_json_whatever_was_observed(write, tmp_path, number):
    write([{"id": "7", "status": "running", "progress": number, "result": [number, 1.5]}])

    def refuse(name):
        raise AssertionError(name)

    (text,) = (tmp_path / "log").read_text().splitlines()
    assert json.loads(text, parse_constant=refuse)["payload"]["result"] == [None, 1.5]
    assert not any(
        replayed.differences for replayed in Replay(Profiles()).lines(read_lines(tmp_path / "log"))
    )


@pytest.mark.parametrize(
    "payload", ["pong", None, 7, [], {"status": "running", "progress": float("nan")}, {"\ud800": 1}]
)
def test_any_payload_is_written_and_read_back(write, tmp_path, payload):
    write([payload, {"id": "7", "status": "running"}], source=Source.STREAM)
    assert not any(
        replayed.differences for replayed in Replay(Profiles()).lines(read_lines(tmp_path / "log"))
    )
