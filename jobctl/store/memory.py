"""The memory as a command sees it: it never raises, never keeps a watch waiting, and warns at most once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Self

from jobctl.lines import as_text
from jobctl.reasons import Action
from jobctl.redact import redact_url
from jobctl.store.errors import StoreError, Trouble
from jobctl.store.place import database_path, is_switched_off
from jobctl.stored import observe_stored, stored_payload
from jobctl.story import format_time, job_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jobctl.model import Decision, Observation
    from jobctl.profile.model import Profile
    from jobctl.store.jobs import KnownJob, Scope
    from jobctl.store.writer import Writer

CLOSE_WAIT: Final = 5.0
"""Seconds that the end of a command may wait for a database that others hold."""


class Memory:
    """What is remembered about the jobs of one API. Use it as a context manager, or `close` it."""

    def __init__(
        self,
        profile: Profile,
        environ: Mapping[str, str],
        warn: Callable[[str], None],
        *,
        touches: bool = False,
        close_wait: float = CLOSE_WAIT,
    ) -> None:
        """`touches`: a job that this command hears of becomes the active one. `warn` takes one line."""
        self._profile, self._environ, self._warn = profile, environ, warn
        self._touches, self._close_wait = touches, close_wait
        self._on = not is_switched_off(environ)
        self._warned = False
        self._touched: set[str] = set()
        self._writer: Writer | None = None

    @property
    def is_on(self) -> bool:
        """Tell whether anything is still remembered."""
        return self._on

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def known(self, jobs: Iterable[str]) -> dict[str, Observation]:
        """Return what is known of jobs, as observations of the store; a job nobody heard of has none."""
        if not self._on:
            return {}
        from jobctl.store.reading import known_of  # noqa: PLC0415 -- SQLite, only where there is something to ask

        try:
            found = known_of(scope_of(self._profile), jobs, self._environ)
        except StoreError as error:
            if error.trouble is not Trouble.LOCKED:  # that passes; what is written meanwhile waits for it
                self._give_up(error)
            return {}
        now = time.time()
        return {one.id: seen for one in found if (seen := observation_of(one, now)) is not None}

    def decided(self, decision: Decision, record: dict[str, Any]) -> None:
        """Remember a decision by its redacted record, and the job as it stands now."""
        if (writer := self._open()) is None:
            return
        from jobctl.store.decisions import Entry  # noqa: PLC0415

        seen, after = decision.observation, decision.after
        is_news = decision.action is Action.APPLY and after is not None and after.verified
        touches = is_news and self._touches and seen.job not in self._touched
        if touches:
            self._touched.add(seen.job)
        entry = Entry(
            seen.job, seen.received_at, seen.source.value, record["action"], record["reason"], as_text(record)
        )
        writer.decision(entry, after if is_news else None, touches=touches)

    def touch(self, job: str) -> None:
        """Make a job the active one, though nothing was heard of it yet."""
        if self._touches and job not in self._touched and (writer := self._open()) is not None:
            self._touched.add(job)
            writer.touch(job)

    def flush(self, wait: float = CLOSE_WAIT) -> bool:
        """Wait until everything so far is committed; False when it is not."""
        return self._writer is None or self._writer.flush(wait)

    def close(self) -> None:
        """Write what is left, for a bounded time, and tell what could not be written."""
        writer, self._writer = self._writer, None
        self._on = False
        if writer is None:
            return
        if lost := writer.close(self._close_wait):
            self._warn_once(
                f"memory: {lost} decisions were not stored, another program holds the database; "
                "what is shown is not touched by that, and --log FILE writes without it"
            )

    def _open(self) -> Writer | None:
        if self._on and self._writer is None:
            from jobctl.store.writer import Writer  # noqa: PLC0415 -- SQLite and a thread

            try:
                path = database_path(self._environ)
            except StoreError as error:
                self._give_up(error)
                return None
            self._writer = Writer(path, scope_of(self._profile), self._give_up)
        return self._writer if self._on else None

    def _give_up(self, error: StoreError) -> None:
        self._on = False
        self._warn_once(f"memory: {error.message}: going on without; {error.hint}")

    def _warn_once(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(text)


def scope_of(profile: Profile) -> Scope:
    """Return whose jobs a profile's are."""
    from jobctl.store.jobs import Scope  # noqa: PLC0415

    return Scope(profile.name, redact_url(profile.base_url or ""))


def observation_of(known: KnownJob, now: float) -> Observation | None:
    """Return what the store knows as an observation of `Source.STORE`; None while it knows no status.

    Its payload tells in `as_of` and `source` when that was heard, and from whom.
    """
    if known.job is None:
        return None
    record = job_record(known.job) or {}
    record |= {"as_of": format_time(known.job.as_of), "source": known.job.source.value}
    return observe_stored(record, stored_payload(record), known.id, now)
