"""What a watch shows: JSON lines closed by one result, and plain lines that repeat nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.screen import machine
from world.make import at, known

from jobctl.captures.recorder import Recorder
from jobctl.cli.present import JsonLines, PlainLines, finish_document, would_have_changed
from jobctl.exit_codes import ExitCode
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reasons import Reason
from jobctl.story import Story
from jobctl.watching.events import Ending, Finish, Level, Notice

READER = Reader(Profiles().get("generation"))
EVIL = "\x1b[2Jdone\u202e\n"
DROPPED = Notice("stream-closed:1006", "socket closed (1006)")


def told(*words, job="7", fields=None):
    """The decisions about payloads: `(status, {…})` is a poll, `(status, {…}, source)` another."""
    story, reader = Story(job), READER
    if fields:
        profile = READER.profile
        reader = Reader(replace(profile, fields={**profile.fields, **fields}))
    for status, more, *source in words:
        payload = {"id": job, "status": status} | more
        story.record(reader.observe(payload, source[0] if source else Source.POLL, job, 1_760_000_000.0))
    return list(story)


def when(second):
    return {"updated_at": f"2026-01-01T00:00:0{second}Z"}


class Screen:
    """What plain lines put on stdout and stderr."""

    def __init__(self, capsys, **options):
        self._capsys, self.plain = capsys, PlainLines(**options)

    def after(self, *decisions):
        for decision in decisions:
            self.plain.decision(decision.observation.job, decision)
        return self.lines()

    def lines(self):
        out, err = self._capsys.readouterr()
        return out.splitlines(), err.splitlines()


@pytest.fixture
def screen(capsys):
    return lambda **options: Screen(capsys, **options)


# --- JSON lines ------------------------------------------------------------------------------------------


def test_every_decision_and_notice_is_one_json_line_and_one_result_closes_them(capsys):
    recorder = Recorder(READER)
    lines = JsonLines(lambda _job, decision: recorder.record(decision))
    for decision in told(("pending", when(1)), ("running", when(2)), ("pending", when(1))):
        lines.decision("7", decision)
    lines.notice("7", DROPPED)
    lines.finish("7", Finish(Ending.TERMINAL, known("completed"), "over"))
    lines.end([{"job": "7"}], ExitCode.COMPLETED)
    lines.end([{"job": "7"}], ExitCode.INTERRUPTED)
    out, err = capsys.readouterr()
    documents = [json.loads(line) for line in out.splitlines()]
    assert [one["type"] for one in documents] == ["decision"] * 3 + ["notice", "result"]
    assert [one["reason"] for one in documents[:3]] == ["first-seen", "advanced", "older-update"]
    assert documents[-1] == {"type": "result", "exit_code": 0, "jobs": [{"job": "7"}]}
    assert err == ""


def test_a_notice_has_a_stable_code(capsys):
    JsonLines(None).notice("7", Notice("read-failed:502", EVIL, Level.WARNING))
    line = capsys.readouterr().out
    assert line[:-1].isprintable()
    notice = json.loads(line)
    assert (notice["job"], notice["code"], notice["level"], notice["text"]) == (
        "7",
        "read-failed",
        "warning",
        EVIL,
    )


def test_without_a_recorder_only_the_end_is_told(capsys):
    lines = JsonLines(None)
    lines.decision("7", told(("running", {}))[0])
    lines.end([], ExitCode.USAGE)
    assert json.loads(capsys.readouterr().out) == {"type": "result", "exit_code": 2, "jobs": []}


# --- plain lines: decisions ------------------------------------------------------------------------------


def test_what_was_applied_is_a_result_with_its_source(screen):
    out, err = screen().after(*told(("pending", {}), ("processing", {"progress": 40}, Source.STREAM)))
    assert [line.split("  ", 1)[1] for line in out] == [
        "pending  (poll)",
        "running (processing)  40 %  (stream)",
    ]
    assert err == []


def test_what_changes_nothing_on_the_screen_is_no_line(screen):
    decisions = told(("running", when(1)), ("running", when(2)), ("running", when(2)))
    assert [decision.reason.value for decision in decisions] == ["first-seen", "progressed", "duplicate"]
    assert [len(lines) for lines in screen().after(*decisions)] == [1, 0]
    out, err = screen(verbose=True).after(*decisions)
    assert (len(out), len(err)) == (2, 1)
    assert "duplicate" in err[0]


def test_a_word_that_would_have_changed_the_screen_is_told_once_with_the_reason(screen):
    late = ("pending", {}, Source.STREAM)
    decisions = told(("completed", when(5)), late, late, late)
    shown = screen()
    out, err = shown.after(*decisions)
    assert len(out) == 1
    (line,) = err
    assert (
        "ignored 'pending' from stream: the job has ended and nothing shows this to be newer (terminal-lock)"
        in line
    )
    shown.plain.finish("7", Finish(Ending.TERMINAL, known("completed"), "over"))
    assert any("not believed (terminal-lock) ×3" in line for line in shown.lines()[1])


def test_verbose_shows_every_refusal_and_the_reason_of_everything(screen):
    late = ("pending", {}, Source.STREAM)
    out, err = screen(verbose=True).after(*told(("completed", when(5)), late, late))
    assert out[0].endswith("(poll, first-seen)")
    assert len(err) == 2


def test_a_check_is_told_as_one(screen):
    _, err = screen().after(*told(("running", {}), ("completed", {}, Source.STREAM)))
    assert "checking 'completed' from stream" in err[0]
    _, err = screen().after(*told(("running", {}), (None, {}, Source.STREAM)))
    assert "checking 'nothing readable' from stream" in err[0]


def test_keep_alives_and_other_jobs_are_never_news(screen):
    decisions = told(("running", {}), (None, {"type": "pong"}, Source.STREAM), ("completed", {"id": "8"}))
    assert [decision.reason.value for decision in decisions[1:]] == ["keepalive", "other-job"]
    assert screen().after(*decisions[1:]) == ([], [])


def test_what_a_person_must_see_names_its_reason(screen):
    decisions = told(("completed", when(1)), ("failed", when(2)))
    out, _ = screen().after(*decisions)
    assert out[-1].endswith(f"(poll, terminal-corrected: {Reason.TERMINAL_CORRECTED.sentence})")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([("running", when(1) | {"progress": 90}), ("pending", when(2))], Reason.REQUEUED),
        (
            [("running", when(1) | {"progress": 90}), ("running", when(2) | {"progress": 0})],
            Reason.PROGRESSED,
        ),
        ([("running", {"attempt": 1}), ("running", {"attempt": 2})], Reason.NEW_ATTEMPT),
    ],
)
def test_whatever_takes_back_what_was_shown_says_why(screen, words, reason):
    out, _ = screen().after(*told(*words, fields={"attempt": "attempt"}))
    assert out[-1].endswith(f"(poll, {reason.value}: {reason.sentence})")


def test_what_goes_on_needs_no_reason(screen):
    out, _ = screen().after(*told(("running", {"progress": 1}), ("running", {"progress": 2})))
    assert out[-1].endswith("(poll)")


def test_quiet_shows_the_end_and_nothing_before(screen):
    shown = screen(quiet=True)
    assert shown.after(*told(("running", {}), ("pending", {}, Source.STREAM))) == ([], [])
    shown.plain.notice("7", DROPPED)
    shown.plain.finish("7", Finish(Ending.TERMINAL, known("completed"), "over"))
    assert shown.lines() == (["7  completed"], [])


# --- plain lines: notices and ends -----------------------------------------------------------------------


def test_the_same_notice_is_told_once_and_summed_up(screen):
    shown = screen()
    for code in ("stream-closed:1006", "stream-closed:1006", "stream-closed:1011"):
        shown.plain.notice("7", Notice(code, f"closed {code[-4:]}"))
    shown.plain.notice("7", Notice("once", "said once"))
    shown.plain.notice("7", Notice("small", "detail", Level.DETAIL))
    out, err = shown.lines()
    assert [line.split("  ", 1)[1] for line in err] == ["closed 1006", "closed 1011", "said once"]
    shown.plain.finish("7", Finish(Ending.TERMINAL, known("completed"), "over"))
    assert shown.lines()[1][0].endswith("seen more than once: socket closed ×3")
    assert out == []


def test_with_many_jobs_each_line_names_its_job_and_repeats_wait_for_the_end(screen):
    """News of one job is no repeat of another's."""
    shown = screen(many=True)
    out, _ = shown.after(*told(("running", {}), job="a"), *told(("running", {}), job="b"))
    assert [line.split("  ")[1] for line in out] == ["a", "b"]
    for job in "aab":
        shown.plain.notice(job, DROPPED)
    assert [line.split("  ")[1] for line in shown.lines()[1]] == ["a", "b"]
    for job in "ab":
        shown.plain.finish(job, Finish(Ending.TERMINAL, known("completed"), "over"))
    assert [line for line in shown.lines()[1] if "seen more than once" in line] == []
    shown.plain.end([], ExitCode.COMPLETED)
    assert shown.lines()[1][0].endswith("socket closed ×3")


def test_silence_before_the_first_answer_is_told(screen):
    silent, read = machine(job=None, last_word_at=None), machine()
    for options, machines, told in (
        ({}, [silent, silent], True),
        ({}, [silent, read], False),
        ({"quiet": True}, [silent], False),
    ):
        shown = screen(**options)
        shown.plain.wait(dict(enumerate(machines)))
        assert any("still waiting for the first answer" in line for line in shown.lines()[1]) is told


@pytest.mark.parametrize(
    ("finish", "out", "err"),
    [
        (Finish(Ending.TERMINAL, known("failed", error="x"), "over"), ["7  failed  error: x"], []),
        (Finish(Ending.UNTIL, known("running"), "reached"), ["7  running"], []),
        (
            Finish(Ending.TERMINAL, known("completed"), "no read says so", "look", confirmed=False),
            ["7  completed  (unconfirmed)"],
            ["jobctl: 7: no read says so", "  look"],
        ),
        (
            Finish(Ending.LOST, None, "lost contact", "is it up?"),
            [],
            ["jobctl: 7: lost contact", "  is it up?"],
        ),
        (Finish(Ending.DEADLINE, known("running"), "too late"), ["7  running"], ["jobctl: 7: too late"]),
        (
            Finish(Ending.LOST, known("completed", verified=False), "lost contact"),
            ["7  completed  (unverified)"],
            ["jobctl: 7: lost contact"],
        ),
    ],
)
def test_an_end_is_told_with_what_to_do_next(screen, finish, out, err):
    shown = screen()
    shown.plain.finish("7", finish)
    assert shown.lines() == (out, err)


@given(st.text(), st.text(), st.sampled_from([Source.STREAM, Source.POLL]), st.booleans())
def test_no_word_of_a_server_reaches_the_terminal_raw(status, detail, source, verbose):
    lines, plain = [], PlainLines(verbose=verbose, many=True)
    plain.write = lambda text, **_where: lines.append(text)
    for decision in told(
        ("running", when(1)), (status, {"error_message": detail, "content_id": detail}, source), job=EVIL
    ):
        plain.decision("7", decision)
    for line in lines:
        assert "\n" not in line
        assert not set(line) & {chr(code) for code in (*range(32), *range(127, 160), 0x202E, 0x2066)}


# --- documents -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "word", "changed"),
    [
        ("running", ("pending", {}, Source.STREAM), True),
        ("running", ("running", {}, Source.STREAM), False),
        ("running", (None, {"type": "pong"}, Source.STREAM), False),
        ("running", (None, {}, Source.POLL), True),
        ("running", (None, {}, Source.STREAM), True),
    ],
)
def test_what_a_client_that_believes_the_last_word_would_have_shown(before, word, changed):
    assert would_have_changed(told((before, {}), word)[-1]) is changed


def test_the_document_of_a_job_tells_how_its_watch_ended():
    finish = Finish(Ending.TERMINAL, known("completed", updated_at=at(1)), "over", "nothing to do")
    document = finish_document("7", finish, ExitCode.COMPLETED, None)
    assert (document["status"], document["ending"], document["confirmed"]) == ("completed", "terminal", True)
    assert (document["exit_code"], document["message"], document["hint"]) == (0, "over", "nothing to do")
    stopped = finish_document("7", None, None, known("running"))
    assert (stopped["status"], stopped["ending"], stopped["confirmed"]) == ("running", "stopped", False)
    assert not {"exit_code", "message", "hint"} & set(stopped)
    nothing = finish_document("7", Finish(Ending.LOST, None, "lost"), ExitCode.LOST_CONTACT, None)
    assert (nothing["job"], nothing["status"], nothing["confirmed"]) == ("7", None, False)


@pytest.mark.parametrize(("verified", "confirmed"), [(True, False), (False, True)])
def test_only_a_verified_and_confirmed_end_is_called_confirmed(verified, confirmed):
    finish = Finish(Ending.TERMINAL, known("completed", verified=verified), "over", confirmed=confirmed)
    assert finish_document("7", finish, None, None)["confirmed"] is False
