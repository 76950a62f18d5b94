"""`jobctl diagnose --from FILE`: verdicts, codes, what is said of a file that holds nothing to judge."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys

import pytest
from support.program import check_message
from support.traffic import Origin, Wire

SECRET = "recorded-secret-token"


def entry(exchange):
    """An exchange as a HAR entry."""
    began = dt.datetime.fromtimestamp(exchange.sent, dt.UTC)
    return {
        "startedDateTime": began.isoformat(),
        "time": 1000 * (exchange.received - exchange.sent),
        "request": {
            "method": exchange.method,
            "url": exchange.url,
            "headers": [{"name": "Authorization", "value": f"Bearer {SECRET}"}],
        },
        "response": {
            "status": exchange.status,
            "headers": [{"name": name, "value": value} for name, value in exchange.headers],
            "content": {"mimeType": "application/json", "text": exchange.body.decode()},
        },
    }


def har(path, exchanges):
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": [*map(entry, exchanges)]}}))
    return str(path)


def stored(job="7", number=0):
    """One answer is stored at 0.1 s and comes again until 5 s, beside reads by unique URLs."""
    wire = Wire(Origin([float(n) for n in range(11)], job=job), number=number)
    for tick in range(1, 50):
        at = tick / 10
        if tick % 10 == 5:
            wire.read(at, wire.origin.version(at), query=f"?_t={at}&token={SECRET}")
        elif tick % 5 == 1:
            wire.read(at, 0)
    return wire.seen


def clean(job="8"):
    wire = Wire(Origin([float(n) for n in range(11)], job=job))
    for tick in range(60):
        wire.read(tick / 10, wire.origin.version(tick / 10), headers=[("Cache-Control", "no-store")])
    return wire.seen


def test_a_stored_answer_is_proven_and_no_secret_leaves(alone, tmp_path):
    again = tmp_path / "again.har"
    done = alone.run("diagnose", "--from", har(tmp_path / "a.har", stored()), "--har", str(again))
    check_message(done, 10)
    assert done.out.startswith("PROVEN_STALE: api.test ")
    assert "times are those of the browser" in done.out
    assert SECRET not in done.out + done.err + again.read_text()


def test_what_the_page_sent_on_its_socket_convicts_nobody(alone, tmp_path):
    """The same words from the server would: they are newer than every read."""
    wire = Wire(Origin([float(n) for n in range(11)]))
    for at in range(1, 9):
        wire.event(at, at)
        wire.read(at + 0.5, 0)
    verdicts = {}
    for kind in ("receive", "send"):
        entries = [
            entry(one)
            if one.status == 200
            else entry(one)
            | {"_webSocketMessages": [{"type": kind, "time": one.at, "opcode": 1, "data": one.body.decode()}]}
            for one in wire.seen
        ]
        path = tmp_path / f"{kind}.har"
        path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
        verdicts[kind] = alone.run("diagnose", "--from", str(path), "--json").document["verdict"]
    assert verdicts["receive"] == "PROVEN_STALE"
    assert verdicts["send"] not in {"PROVEN_STALE", "SUSPECTED_STALE"}


def test_a_clean_recording(alone, tmp_path):
    done = alone.run("diagnose", "--from", har(tmp_path / "a.har", clean()), "--json")
    assert (done.code, done.document["verdict"]) == (0, "NO_CACHE_SEEN")


def test_the_worst_job_is_first_and_decides(alone, tmp_path):
    path = har(tmp_path / "a.har", [*clean("8"), *stored("7")])
    done = alone.run("diagnose", "--from", path, "--json")
    assert done.code == 10
    assert [one["job"] for one in done.document["jobs"]] == ["7", "8"]
    done = alone.run("diagnose", "8", "--from", path, "--quiet")
    assert done.code == 0
    assert re.fullmatch(r"NO_CACHE_SEEN: .*\n", done.out)


def test_a_job_that_is_not_in_it(alone, tmp_path):
    done = alone.run("diagnose", "9", "--from", har(tmp_path / "a.har", stored()))
    check_message(done, 2, "nothing about job '9' was seen", "jobs that were: 7")


def test_a_recording_of_another_api(alone, tmp_path):
    path = har(tmp_path / "a.har", stored())
    (tmp_path / "jobctl.toml").write_text('[profiles.other]\nread = "GET /orders/{id}"\n')
    done = alone.run("diagnose", "--from", path, "-p", "other")
    check_message(done, 2, "no read of a job was seen, as profile 'other' spells it", "--profile")


def test_a_recording_without_bodies_says_so(alone, tmp_path):
    entries = [entry(one) for one in stored()]
    for one in entries:
        one["response"]["content"] = {"size": 120, "mimeType": "application/json"}
    path = tmp_path / "a.har"
    path.write_text(json.dumps({"log": {"entries": entries}}))
    done = alone.run("diagnose", "--from", str(path))
    check_message(done, 12, "export it with content")
    assert done.out.startswith("INCONCLUSIVE")


def test_a_recording_cut_short_is_judged_as_far_as_it_goes(alone, tmp_path):
    whole = har(tmp_path / "a.har", stored())
    cut = tmp_path / "cut.har"
    cut.write_text((tmp_path / "a.har").read_text()[:-200])
    assert whole
    check_message(alone.run("diagnose", "--from", str(cut)), 10, "cut short")


def test_many_jobs(alone, tmp_path):
    exchanges = [one for n in range(300) for one in clean(f"job-{n}")[:3]]
    done = alone.run("diagnose", "--from", har(tmp_path / "a.har", exchanges), "--json")
    check_message(done, 12, "300 jobs were seen; these are the 20 worst")
    assert len(done.document["jobs"]) == 20


def test_server_text_reaches_no_terminal(alone, tmp_path):
    wire = Wire(Origin([0.0, 1.0, 2.0]))
    body = json.dumps({"id": "7", "status": "\x1b[31mred", "updated_at": "\x1b]0;x\x07"}).encode()
    for at in range(3):
        wire.read(at, 0, body=body, headers=[("X-Cache", "HIT from \x1b[2J"), ("ETag", '"\x9b"')])
    check_message(alone.run("diagnose", "--from", har(tmp_path / "a.har", wire.seen)), 10)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "an empty file"), (b"\x1f\x8b\x08", "gzip"), (b"hello\n", "no recording of traffic")],
    ids=["empty", "gzip", "text"],
)
def test_what_is_no_recording(alone, tmp_path, content, said):
    path = tmp_path / "a.har"
    path.write_bytes(content)
    check_message(alone.run("diagnose", "--from", str(path)), 2, said)


def test_no_such_file(alone, tmp_path):
    check_message(alone.run("diagnose", "--from", str(tmp_path / "none.har")), 2, "No such file")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_progress_on_a_terminal_leaves_nothing_behind(alone, tmp_path):
    pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals are POSIX")
    filler = {"request": {"url": "http://cdn.test/a.js"}, "response": {"content": {"text": "x" * 9_000_000}}}
    path = tmp_path / "a.har"
    path.write_text(json.dumps({"log": {"entries": [filler, *map(entry, stored())]}}))
    argv = ["-m", "jobctl", "diagnose", "--quiet", "--from", str(path)]
    child = pexpect.spawn(
        sys.executable, argv, env=alone.environ | {"TERM": "xterm"}, cwd=str(alone.cwd), encoding="utf-8",
        dimensions=(24, 200), timeout=20,
    )  # fmt: skip
    child.expect(r"reading: \d+ % of 8 MiB")
    child.expect(r"\r\x1b\[KPROVEN_STALE|\r\x1b\[K.*PROVEN_STALE")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 10


def test_the_summary_of_a_step_has_the_report(alone, tmp_path):
    summary = tmp_path / "summary.md"
    path = har(tmp_path / "a.har", stored())
    done = alone.run("diagnose", "--from", path, env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert done.code == 10
    assert summary.read_text().startswith("### `PROVEN_STALE`")
    assert SECRET not in summary.read_text()
