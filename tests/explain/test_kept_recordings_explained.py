"""The kept recordings of both incidents, explained: against the truth, which nobody told `explain`."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import pytest

from jobctl.captures.decision_log import read_lines
from jobctl.captures.recordings import is_log, open_recording
from jobctl.explain.explaining import explain
from jobctl.explain.explanation import Cause
from jobctl.explain.records import Wanted, accounts_of_recording, heard_in
from jobctl.explain.replay import Replay
from jobctl.model import JobStatus
from jobctl.profile.load import Profiles
from jobctl.story import parse_time

FOLDER = Path(__file__).resolve().parent.parent / "recordings"
TRUTH = json.loads((FOLDER / "truth.json").read_text("utf-8"))
FORMS = ("chrome.har", "mitm", "mitmproxy.har")
A_MOMENT = 0.1
"""Seconds that two clocks of one machine, and a message's way, may be apart."""


@functools.cache
def told(name):
    path = FOLDER / name
    if is_log(path):
        kind, accounts = "log", Wanted().accounts()
        accounts.hear(heard_in(Replay(Profiles()).lines(read_lines(path))))
    else:
        recording = open_recording(path, remembered=True)
        profiles = [Profiles().get(name) for name in Profiles().names]
        kind, accounts = recording.kind, accounts_of_recording(recording, profiles, Wanted())
    (account,) = accounts.jobs
    return explain(account, kind, name)


def milestone(scene, name):
    return next(parse_time(one["at"]) for one in TRUTH[scene]["milestones"] if one["name"] == name)


def cited(one, claim):
    """The moments that a claim cites."""
    return [moment for moment in one.moments if moment.entry in claim.entries]


@pytest.mark.parametrize("form", FORMS)
def test_incident_1_the_first_sentence_names_the_frame_that_took_it_back(form):
    one = told(f"generation.{form}")
    assert one.causes[0] is Cause.STREAM_STALE
    assert one.job == TRUTH["generation"]["job"]
    first = one.claims[0]
    assert first.text.startswith("The server never said pending")
    assert "without a timestamp" in first.text
    *_, blamed = cited(one, first)
    assert abs(blamed.at - milestone("generation", "old-frame")) < A_MOMENT
    assert blamed.naive.status is JobStatus.PENDING
    assert blamed.true.status is JobStatus.COMPLETED
    assert any("was refused with HTTP 422" in claim.text for claim in one.claims)


@pytest.mark.parametrize("form", FORMS)
def test_incident_2_the_first_sentence_names_the_reads_that_came_from_memory(form):
    one = told(f"video.{form}")
    assert one.causes == (Cause.CACHED_READS,)
    assert one.profile == "v1"
    from_memory = [parse_time(read["at"]) for read in TRUTH["video"]["reads"] if read["from_memory"]]
    known, *old = cited(one, one.claims[0])
    assert abs(known.at - milestone("video", "read-completed")) < A_MOMENT
    assert len(old) == 3
    for moment in old:
        assert any(abs(moment.at - at) < A_MOMENT for at in from_memory)
        assert (moment.said, moment.progress) == ("running", 95.0)


@pytest.mark.parametrize("form", FORMS)
def test_the_page_regresses_although_the_traffic_never_does(form):
    one = told(f"persisted.{form}")
    assert one.causes == (Cause.CLIENT_STATE,)
    assert one.claims[0].text.startswith(
        "Nothing in the recording regressed: the client's own state did it. At "
    )
    (flip,) = one.flips
    assert abs(flip.at - milestone("persisted", "page-regressed")) < A_MOMENT
    assert flip.text == "the page reported pending"


@pytest.mark.parametrize("form", FORMS)
def test_a_page_that_was_loaded_again_and_reports_nothing(form):
    one = told(f"reloaded.{form}")
    assert one.causes == (Cause.CLIENT_STATE,)
    first = one.claims[0].text
    assert first.startswith("Nothing in the recording regressed: ")
    clock = re.search(r"loaded again at (\d\d:\d\d:\d\d\.\d\d\d)", first)
    assert clock is not None
    day = TRUTH["reloaded"]["completed_at"][:11]
    assert abs(parse_time(f"{day}{clock[1]}Z") - milestone("reloaded", "page-loaded-again")) < A_MOMENT


def story(one):
    """What must not depend on who wrote it down: reads may be told apart from polls by their request only."""
    moments = [
        (moment.source.is_read, moment.said, moment.progress, moment.true, moment.naive)
        for moment in one.moments
    ]
    return one.job, one.causes, one.last, moments


@pytest.mark.parametrize("scene", ["generation", "video", "persisted", "reloaded"])
def test_a_browser_and_a_proxy_tell_the_same_story(scene):
    first, *others = (told(f"{scene}.{form}") for form in FORMS)
    for other in others:
        assert (other.causes, other.last) == (first.causes, first.last)
    assert story(others[0]) == story(others[1])


@pytest.mark.parametrize("scene", ["watch", "watch12"])
def test_a_har_the_flows_and_jobctls_own_log_tell_the_same_story(scene):
    forms = ["jsonl", "mitmproxy.har", "mitm"]
    first, *others = (told(f"{scene}.{form}") for form in forms)
    for other in others:
        assert story(other) == story(first)
    assert first.causes[0] is Cause.STREAM_STALE
