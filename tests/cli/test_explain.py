"""`jobctl explain FILE` of recordings: the answer first, bad files told, and no secret in any output."""

from __future__ import annotations

import base64
import json

import pytest
from support.program import check_message
from support.tape import JOB, Tape

SECRET = "recorded-secret-token"
T9, T10 = "2025-10-09 22:13:09", "2025-10-09 22:13:10.609405"
AUTH = [("Authorization", f"Bearer {SECRET}"), ("Cookie", f"session={SECRET}")]


def incident(job=JOB):
    tape = Tape()
    tape.read(-2, "processing", job=job, progress=40, updated_at=T9, asked=AUTH)
    tape.read(0.6, "completed", job=job, updated_at=T10)
    tape.socket(5, (5.2, {"type": "status", "status": "pending", "token": SECRET}), job=job)
    return tape


def both(*tapes):
    """One recording of several."""
    tape = Tape()
    tape.entries = sorted(
        (entry for one in tapes for entry in one.entries), key=lambda entry: entry["startedDateTime"]
    )
    return tape


def test_the_answer_comes_first_then_what_bears_it_out(alone, tmp_path):
    incident().write(tmp_path / "a.har")
    done = alone.run("explain", "a.har")
    assert done.code == 0
    heading, _, answer, *rest = done.out.splitlines()
    assert heading == f"job {JOB} (profile generation) in a.har: 3 decisions"
    assert answer.startswith("The server never said pending after 22:13:10.610, when a read said completed")
    assert any(line.split()[:2] == ["4", "22:13:15.200"] and "terminal-lock" in line for line in rest)
    assert done.err == ""


def test_json_has_the_same_answer_and_steps_back_as_they_were_met(alone, tmp_path):
    incident().write(tmp_path / "a.har")
    *steps, summary = alone.run("explain", "a.har", "--json").lines
    assert steps == [{"type": "step-back", "job": JOB, "cause": "stream-stale", "entry": 4}]
    assert (summary["type"], summary["exit_code"]) == ("summary", 0)
    (told,) = summary["explanations"]
    assert (told["job"], told["causes"], told["last"]) == (JOB, ["stream-stale"], "completed")
    assert told["answer"]["entries"] == [2, 4]
    assert "moments" not in told
    (told,) = alone.run("explain", "a.har", "--json", "-v").lines[-1]["explanations"]
    assert [moment["reason"] for moment in told["moments"]] == ["first-seen", "advanced", "terminal-lock"]


def test_several_jobs_are_listed_and_one_is_chosen(alone, tmp_path):
    both(incident("7"), incident("8")).write(tmp_path / "a.har")
    done = alone.run("explain", "a.har")
    assert done.out.startswith("2 jobs are in a.har:")
    assert [line.split()[0] for line in done.out.splitlines() if "stream-stale" in line] == ["7", "8"]
    assert "--job ID" in done.err
    assert alone.run("explain", "a.har", "--job", "8").out.startswith("job 8 ")
    nobody = alone.run("explain", "a.har", "--job", "9")
    assert nobody.code == 2
    assert "jobs that are: 7, 8" in nobody.err


def test_no_secret_of_anybody_leaves(alone, tmp_path):
    incident().write(tmp_path / "a.har")
    for argv in (("-v",), ("--json", "-v"), ("--html", "out.html")):
        done = alone.run("explain", "a.har", *argv)
        assert SECRET not in done.out + done.err
    assert SECRET not in (tmp_path / "out.html").read_text("utf-8")


TOKEN = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"


def in_a_status():
    tape = incident()
    tape.socket(6, (6.1, {"type": "status", "status": TOKEN}))
    tape.read(7, f"Bearer {TOKEN}")
    return tape


def in_a_caches_word():
    tape = incident()
    tape.read(7, "processing", headers=[("X-Cache", f"HIT {TOKEN}")])
    return tape


def in_a_jobs_name():
    return both(incident("7"), incident(TOKEN))


@pytest.mark.parametrize("where", [in_a_status, in_a_caches_word, in_a_jobs_name])
def test_what_looks_like_a_secret_is_redacted_wherever_it_stands(alone, tmp_path, where):
    where().write(tmp_path / "a.har")
    for argv in (("-v",), ("--json", "-v"), ("--html", "out.html"), ("--job", "no-such-job")):
        done = alone.run("explain", "a.har", *argv)
        assert TOKEN not in done.out + done.err
    assert TOKEN not in (tmp_path / "out.html").read_text("utf-8")


@pytest.mark.parametrize("how", ["BOM", "base64", "cut"])
def test_files_as_they_are_in_the_wild(alone, tmp_path, how):
    tape = incident()
    if how == "base64":
        content = tape.entries[1]["response"]["content"]
        content.update(text=base64.b64encode(content["text"].encode()).decode(), encoding="base64")
    path = tape.write(tmp_path / "a.har", encoding="utf-8-sig" if how == "BOM" else "utf-8")
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    done = alone.run("explain", "a.har")
    assert done.code == 0
    assert "The server never said pending after" in done.out or how == "cut"
    assert ("cut short" in done.err) == (how == "cut")


def test_bodies_that_were_not_exported_are_told(alone, tmp_path):
    tape = incident()
    for entry in tape.entries:
        entry["response"]["content"].pop("text")
    tape.entries[2].pop("_webSocketMessages")
    tape.write(tmp_path / "a.har")
    done = alone.run("explain", "a.har")
    assert done.code == 12
    assert "Not enough was recorded to tell" in done.out
    assert "export it with content" in done.out


def test_times_nobody_can_read_are_told_and_end_nothing(alone, tmp_path):
    tape = incident()
    tape.entries[0]["startedDateTime"] = "yesterday"
    tape.entries[1]["time"] = -1
    tape.write(tmp_path / "a.har")
    done = alone.run("explain", "a.har")
    assert done.code == 0
    assert "without a readable startedDateTime" in done.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello\nworld\n", "looks like text"),
        (b"\x1f\x8b\x08rest", "looks like a gzip file"),
        (b"SQLite format 3\0....", "looks like an SQLite database"),
        (b'{"pages": []}', "looks like JSON without the `log` of a HAR"),
        (b"<html>", "looks like HTML or XML"),
    ],
)
def test_a_file_that_is_none_of_these(alone, tmp_path, content, said):
    (tmp_path / "a.har").write_bytes(content)
    done = alone.run("explain", "a.har")
    check_message(done, 2, said)


def test_a_recording_without_a_job_names_the_shapes_that_are_known(alone, tmp_path):
    tape = Tape()
    tape.entry(1, "GET", "/users/7", body={"status": "active"})
    tape.write(tmp_path / "a.har")
    done = alone.run("explain", "a.har")
    assert done.code == 2
    assert "generation (GET /api/v1/generation-jobs/{id})" in done.err


def test_a_profile_of_ones_own_is_found_without_being_named(alone, tmp_path):
    tape = Tape()
    for at, state in ((1, "baking"), (2, "ready")):
        tape.entry(at, "GET", "/renders/7", body={"render": {"id": "7", "state": state}})
    tape.write(tmp_path / "a.har")
    fields = 'fields = { id = "render.id", status = "render.state" }'
    words = 'status = { running = ["baking"], completed = ["ready"] }'
    lines = (
        "[profiles.mine]",
        'base_url = "http://localhost:1"',
        'read = "GET /renders/{id}"',
        fields,
        words,
    )
    (tmp_path / "jobctl.toml").write_text("\n".join(lines))
    done = alone.run("explain", "a.har")
    assert done.out.startswith("job 7 (profile mine) in a.har: 2 decisions")


def test_the_page_is_written_whole_or_not_at_all(alone, tmp_path):
    incident().write(tmp_path / "a.har")
    done = alone.run("explain", "a.har", "--html", "out.html")
    assert done.code == 0
    assert "wrote out.html" in done.err
    page = (tmp_path / "out.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.har", "out.html"]
    done = alone.run("explain", "a.har", "--html", "no/such/folder/out.html")
    assert done.code == 2
    assert "--html: cannot write" in done.err


def test_a_log_is_explained_and_decided_again(alone, tmp_path):
    record = {"at": "2025-10-09T22:13:10Z", "job": "7", "source": "poll", "profile": "v1"}
    lines = [
        record | {"payload": {"id": "7", "status": "completed"}},
        record | {"at": "2025-10-09T22:13:12Z", "source": "stream", "payload": {"status": "pending"}},
        record
        | {"at": "2025-10-09T22:13:13Z", "payload": {"id": "7", "status": "completed"}, "reason": "advanced"},
    ]
    (tmp_path / "log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = alone.run("explain", "log")
    assert done.code == 12
    assert "A message of the WebSocket said pending without a timestamp at 22:13:12.000 (line 2)" in done.out
    assert "\nline 3 differs: reason: recorded 'advanced', today's rules say 'duplicate'" in done.out
    assert done.out.rstrip().endswith("3 decisions re-decided: 1 differ from what was recorded")


def remembered(jobctl):
    """A job that was submitted and watched, its id."""
    job = jobctl.run("submit", "prompt=x", 'sandbox:={"duration": 0.3, "steps": 3}').out.strip()
    assert jobctl.run("watch", job).code == 0
    return job


def test_a_job_is_explained_from_the_memory(jobctl, box):
    box.set_faults(["ws-pending"], ())
    job = remembered(jobctl)
    done = jobctl.run("explain", job)
    assert done.code == 0
    assert done.out.startswith(f"job {job} (profile generation) in the memory, {box.url}: ")
    assert "decisions re-decided: as recorded" in done.out
    (told,) = jobctl.run("explain", job, "--json").lines[-1]["explanations"]
    assert (told["kind"], told["last"]) == ("store", "completed")
    jobctl.run("explain", job, "--html", "out.html")
    assert job in (jobctl.cwd / "out.html").read_text("utf-8")


def test_of_two_jobs_of_one_watch_nothing_is_missing(jobctl, box):
    ids = [jobctl.run("submit", "prompt=x", 'sandbox:={"duration": 0.3}').out.strip() for _ in range(2)]
    assert jobctl.run("watch", *ids).code == 0
    assert jobctl.run("explain", ids[0]).code == 0
    (jobctl.cwd / "x.jsonl").write_text(jobctl.run("log", ids[1], "--json").out)
    assert jobctl.run("explain", "x.jsonl").code == 0


def test_an_id_that_several_apis_know(jobctl, box):
    job = remembered(jobctl)
    assert jobctl.run("status", job, "--base-url", box.url.replace("127.0.0.1", "localhost")).code == 0
    done = jobctl.run("explain", job)
    assert done.code == 0
    assert "1 other APIs know the id" in done.err


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("no-such-job", "is no file, and no job of that id is remembered here"),
        ("no/such.har", "no such file"),
    ],
)
def test_what_is_neither_a_file_nor_a_job(alone, what, said):
    check_message(alone.run("explain", what), 2, said)


def test_a_page_that_was_asked_for_is_written_of_a_log_without_decisions_too(alone, tmp_path):
    (tmp_path / "log").write_text('{"type": "notice", "text": "x"}\n')
    done = alone.run("explain", "log", "--html", "out.html")
    assert done.code == 0
    assert "No job was found." in (tmp_path / "out.html").read_text("utf-8")


UUID = "a987fbc9-4bed-4078-8f07-9141ba07c9f3"


def test_a_uuid_is_one_job_however_it_is_spelled(alone, tmp_path):
    tape = Tape()
    tape.read(1, "completed", job=UUID, updated_at=T10)
    tape.socket(2, (3, {"type": "status", "status": "pending"}), job=UUID.upper())
    tape.write(tmp_path / "a.har")
    told = alone.run("explain", "a.har", "--json", "--job", UUID.replace("-", "")).lines[-1]["explanations"]
    assert [(one["job"], one["causes"]) for one in told] == [(UUID, ["stream-stale"])]
    record = {"at": "2025-10-09T22:13:10Z", "source": "poll", "profile": "v1"}
    lines = [
        record | {"job": job, "payload": {"id": job, "status": "running"}} for job in (UUID, UUID.upper())
    ]
    (tmp_path / "log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = alone.run("explain", "log", "--json", "--job", UUID.upper()).lines[-1]["explanations"]
    assert [(one["job"], one["decisions"]) for one in told] == [(UUID, 2)]
