"""Where decisions are written down: `--log FILE`, the memory, and `--json`, all from one record of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from jobctl.captures.recorder import Recorder
from jobctl.cli import output
from jobctl.model import Decision
from jobctl.observe import Reader
from jobctl.profile.model import Profile
from jobctl.store.memory import Memory


class Records:
    """Writes each decision to the log, where one was asked for, and to the memory."""

    def __init__(self, stack: ExitStack, log: Path | None, recorder: Recorder, memory: Memory) -> None:
        self.recorder, self._memory = recorder, memory
        self._log = None
        if log is not None:
            from jobctl.captures.decision_log import DecisionLog

            self._log = stack.enter_context(DecisionLog(log, recorder, output.tell))

    def write(self, decision: Decision) -> None:
        """Write one decision."""
        if self._log is not None:
            self._log.write(decision)
        if self._memory.is_on:
            self._memory.decided(decision, self.recorder.record(decision))


def memory_of(profile: Profile, *, touches: bool = False) -> Memory:
    """Open what is remembered of an API's jobs; what is wrong with it is told once, on stderr."""
    return Memory(profile, os.environ, output.tell, touches=touches)


@contextmanager
def open_records(
    log: Path | None, reader: Reader, memory: Memory, *, follow_restarts: bool = False
) -> Iterator[Records]:
    """Open the log, where one was asked for.

    Raises:
        ConfigError: it cannot be written.
    """
    with ExitStack() as stack:
        yield Records(stack, log, Recorder(reader, follow_restarts=follow_restarts), memory)
