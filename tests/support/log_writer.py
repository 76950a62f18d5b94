"""A process that appends to a decision log: `python log_writer.py LOG JOB COUNT`."""

from __future__ import annotations

import sys
from pathlib import Path

from jobctl.captures.decision_log import DecisionLog
from jobctl.captures.recorder import Recorder
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reconcile import reconcile


def main(path: str, job: str, count: str) -> None:
    reader, known = Reader(Profiles().get("v1")), None
    with DecisionLog(Path(path), Recorder(reader), print) as log:
        for number in range(int(count)):
            # Long lines, so that a write that is not whole would show.
            payload = {"id": job, "status": "running", "progress": number / int(count), "padding": job * 5000}
            decision = reconcile(known, reader.observe(payload, Source.POLL, job, 1.0))
            known = decision.after
            log.write(decision)


if __name__ == "__main__":
    main(*sys.argv[1:])
