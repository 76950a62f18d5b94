from __future__ import annotations

import pytest

from jobctl.captures.recordings import open_recording
from jobctl.explain.explaining import explain
from jobctl.explain.records import Wanted, accounts_of_recording
from jobctl.profile.load import Profiles


@pytest.fixture
def told(tmp_path):
    """What is answered about a tape with one job."""

    def tell(tape, **wanted):
        recording = open_recording(tape.write(tmp_path / "tape.har"), remembered=True)
        profiles = [Profiles().get(name) for name in ("generation", "v1")]
        accounts = accounts_of_recording(recording, profiles, Wanted(**wanted))
        (one,) = [explain(account, recording.kind, "tape.har") for account in accounts.jobs]
        return one

    return tell
