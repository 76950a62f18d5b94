"""Hypothesis strategies for jobs as a state machine holds them."""

from __future__ import annotations

from hypothesis import strategies as st

from jobctl.model import Job, JobStatus, Source
from jobctl.timestamps import parse_timestamp

# Few moments in three precisions: equal, coarser and finer ones must meet often.
TIMES = [
    f"2026-01-01T00:00:{second:02d}{fraction}"
    for second in (1, 2, 3)
    for fraction in ("Z", ".1Z", ".100Z", ".9Z", ".123456Z", ".900001Z")
]
_ANY_TIME = st.none() | st.sampled_from(TIMES)
_ANY_ATTEMPT = st.none() | st.integers(1, 2)
HEARD = [source for source in Source if source is not Source.STORE]


@st.composite
def jobs(draw, *, job="7", times=_ANY_TIME, attempts=_ANY_ATTEMPT):
    status = draw(st.sampled_from(list(JobStatus)))
    at = draw(times)
    return Job(
        job,
        status,
        draw(st.sampled_from([status.value, "odd word"])),
        None if at is None else parse_timestamp(at),
        draw(st.none() | st.sampled_from([0.0, 50.0, 100.0])),
        draw(attempts),
        draw(st.none() | st.just("out of memory")),
        draw(st.none() | st.just({"url": "a.png"})),
        proven=draw(st.booleans()),
        dated=at is not None,
        revision=draw(st.integers(1, 5)),
        source=draw(st.sampled_from(HEARD)),
        as_of=float(draw(st.integers(0, 9))),
    )
