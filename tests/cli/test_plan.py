from __future__ import annotations

from jobctl.cli.plan import make_options
from jobctl.model import JobStatus
from jobctl.watching.options import WatchOptions


def test_what_is_not_given_is_what_a_watch_does_by_itself():
    options, usual = make_options(), WatchOptions()
    assert (options.until, options.timeout, options.lost_after) == (usual.until, None, usual.lost_after)
    assert options.use_stream
    assert options.story_limit < usual.story_limit


def test_what_is_given_is_taken():
    options = make_options(until=JobStatus.RUNNING, timeout=1.0, lost_after=7.0, no_stream=True)
    assert (options.until, options.timeout, options.use_stream) == (JobStatus.RUNNING, 1.0, False)
    assert options.lost_after == options.first_contact == 7.0
