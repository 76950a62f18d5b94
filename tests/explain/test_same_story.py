"""The same traffic tells the same story, whoever wrote it down."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from support.tape import JOB, START, Tape

from jobctl.captures.decision_log import read_lines
from jobctl.captures.recordings import open_recording
from jobctl.explain.explaining import explain
from jobctl.explain.records import Wanted, accounts_of_recording, heard_in
from jobctl.explain.replay import Replay
from jobctl.profile.load import Profiles
from jobctl.story import format_time

TIMES = st.sampled_from([None, "2025-10-09 22:13:01", "2025-10-09 22:13:02", "2025-10-09 22:13:03"])
WORDS = st.lists(
    st.tuples(
        st.sampled_from(["read", "frame"]),
        st.sampled_from(["queued", "processing", "completed", "failed", "baking"]),
        TIMES,
        st.sampled_from([None, 10, 95]),
    ),
    min_size=1,
    max_size=10,
)


def payload(status, updated_at, progress):
    found = {"id": JOB, "status": status, "updated_at": updated_at, "progress": progress}
    return {name: value for name, value in found.items() if value is not None}


def as_har(words, path):
    tape, frames = Tape(), []
    for number, (how, *rest) in enumerate(words, start=1):
        if how == "frame":
            frames.append((float(number), payload(*rest)))
        else:
            url = f"/api/v1/generation-jobs/{JOB}"
            tape.entry(number - 0.01, "GET", url, body=payload(*rest), took=0.01)
    if frames:
        tape.socket(0.5, *frames)
        tape.entries.insert(0, tape.entries.pop())
    recording = open_recording(tape.write(path))
    profiles = [Profiles().get("generation")]
    return accounts_of_recording(recording, profiles, Wanted())


def as_log(words, path):
    lines = [
        {
            "at": format_time(START + number),
            "job": JOB,
            "profile": "generation",
            "source": "stream" if how == "frame" else "poll",
            "payload": payload(*rest),
        }
        for number, (how, *rest) in enumerate(words, start=1)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    accounts = Wanted().accounts()
    accounts.hear(heard_in(Replay(Profiles()).lines(read_lines(path))))
    return accounts


def story(accounts, kind):
    (account,) = accounts.jobs
    told = explain(account, kind, "")
    moments = [
        (
            moment.source,
            moment.action,
            moment.reason,
            moment.said,
            moment.true,
            moment.naive,
            round(moment.at, 2),
        )
        for moment in told.moments
    ]
    return told.causes, told.last, moments


@settings(max_examples=150)
@given(WORDS)
def test_a_har_and_a_log_of_the_same_words(words):
    with tempfile.TemporaryDirectory() as folder:
        har, log = as_har(words, Path(folder, "a.har")), as_log(words, Path(folder, "log"))
    assert story(har, "har") == story(log, "log")
