"""The APIs of one watch: each with its own client, memory and records, and with the jobs that are of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from jobctl.api import DEFAULT_RATE, JobClient
from jobctl.cli.records import Records, open_records
from jobctl.errors import ConfigError
from jobctl.model import Decision
from jobctl.profile.model import Profile
from jobctl.store.memory import Memory
from jobctl.watching.watched_api import WatchedApi

_MOST_NAMES: Final = 1000
"""Names of profiles that are remembered, those that nobody knows included: a feed may be garbage."""


@dataclass
class ApiSide:
    """One API as the command line knows it: what is remembered of its jobs, and how to go on with them."""

    profile: Profile
    memory: Memory
    resume: str = ""
    """The command line that picks the watch up again, without the ids."""
    look: str | None = None
    """The command line that lists the jobs, where the API can."""
    prove: Callable[[str], str] | None = None
    """The command line that proves whether reads of a job are answered from memory."""
    environ: Mapping[str, str] | None = None
    """Where its credentials come from; None: the environment."""


class Manner(NamedTuple):
    """How all APIs of a watch are asked, and where their decisions are written."""

    insecure: bool = False
    max_rate: float | None = None
    max_per_hour: int | None = None
    log: Path | None = None
    follow_restarts: bool = False


class OpenSide(NamedTuple):
    """One API while it is watched."""

    side: ApiSide
    client: JobClient
    records: Records


class _NotThere(NamedTuple):
    """Why an API cannot be watched."""

    message: str
    hint: str | None


class WatchedJob(NamedTuple):
    """What the name that updates carry stands for."""

    of: OpenSide
    id: str


class Sides:
    """Opens APIs, and closes them with `stack`. Names of jobs are unique; ids of two APIs may be the same."""

    def __init__(
        self, stack: AsyncExitStack, manner: Manner, main: ApiSide, other: Callable[[str], ApiSide] | None
    ) -> None:
        """`other` finds one more API by the name of its profile.

        Raises:
            ConfigError: the log cannot be written.
        """
        self._stack, self._manner, self._other = stack, manner, other
        self._found: dict[str, ApiSide | _NotThere] = {main.profile.name: main}
        self._opened: dict[str, tuple[OpenSide, WatchedApi]] = {}
        self._jobs: dict[str, WatchedJob] = {}
        self.main = self._open(main)

    def profile_of(self, name: str | None) -> Profile:
        """Return a profile by its name, the main one without.

        Raises:
            ConfigError: there is none, or lines may not name any.
        """
        return self._side(name).profile

    def add(
        self, job: str, profile: str | None, add_api: Callable[[JobClient], WatchedApi]
    ) -> tuple[str, WatchedApi | None]:
        """Return the name and the API (None: the main one) of a job; an API is opened with its first job.

        Raises:
            ConfigError: as `profile_of`, or a job of another API has that name.
        """
        side = self._side(profile)
        opened, api, name = self.main, None, job
        if side is not self.main.side:
            opened, api = self._opened.get(side.profile.name) or self._open_beside(side, add_api)
            name = f"{side.profile.name}:{job}"
        if self._jobs.setdefault(name, WatchedJob(opened, job)).of is not opened:
            raise ConfigError(f"a job of another profile is shown as {name!r}", hint="watch it on its own")
        return name, api

    def of(self, name: str) -> WatchedJob:
        """Return what a name stands for."""
        return self._jobs.get(name) or WatchedJob(self.main, name)

    def record(self, name: str, decision: Decision) -> dict[str, Any]:
        """Return the record of a decision about a job."""
        return self.of(name).of.records.recorder.record(decision)

    def document(self, name: str) -> dict[str, Any]:
        """Return how `--json` names a job; its profile only where lines may name one."""
        job = self.of(name)
        return {"job": job.id} | ({"profile": job.of.side.profile.name} if self._other else {})

    def by_side(self, names: list[str]) -> list[tuple[ApiSide, list[str]]]:
        """Return the ids of jobs, sorted by their APIs."""
        found: dict[str, tuple[ApiSide, list[str]]] = {}
        for job in map(self.of, names):
            side = job.of.side
            found.setdefault(side.profile.name, (side, []))[1].append(job.id)
        return list(found.values())

    def _open_beside(
        self, side: ApiSide, add_api: Callable[[JobClient], WatchedApi]
    ) -> tuple[OpenSide, WatchedApi]:
        self._stack.enter_context(side.memory)
        try:
            opened = self._open(side)
        except ConfigError as error:
            self._failed(side.profile.name, error)
            raise
        self._opened[side.profile.name] = opened, add_api(opened.client)
        return self._opened[side.profile.name]

    def _side(self, name: str | None) -> ApiSide:
        if name is None:
            return self.main.side
        found = self._found.get(name)
        if found is None:
            try:
                found = self._look_up(name)
            except ConfigError as error:
                found = self._failed(name, error)
            else:
                self._found[name] = found
        if isinstance(found, _NotThere):
            raise ConfigError(found.message, hint=found.hint)
        return found

    def _failed(self, name: str, error: ConfigError) -> _NotThere:
        """Remember why an API cannot be watched: asking again for each line would take long."""
        failure = _NotThere(error.message, error.hint)  # the error itself holds on to all that led to it
        if name in self._found or len(self._found) < _MOST_NAMES:
            self._found[name] = failure
        return failure

    def _look_up(self, name: str) -> ApiSide:
        if self._other is None:
            raise ConfigError(f"no profile {name!r} in this watch")
        return self._other(name)

    def _open(self, side: ApiSide) -> OpenSide:
        manner = self._manner
        client = JobClient(
            side.profile,
            insecure=manner.insecure,
            max_rate=manner.max_rate or DEFAULT_RATE,
            max_per_hour=manner.max_per_hour,
            environ=side.environ,
        )
        self._stack.push_async_exit(client)
        records = self._stack.enter_context(
            open_records(manner.log, client.calls.reader, side.memory, follow_restarts=manner.follow_restarts)
        )
        return OpenSide(side, client, records)
