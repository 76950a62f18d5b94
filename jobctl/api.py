"""The library on asyncio: `JobClient`, and what its blocking sibling `scripting` shares with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from jobctl.client.calls import Calls, CancelAnswer, SubmitAnswer
from jobctl.client.carrier import Limits, tls_context, unique_nonce, wall_clock
from jobctl.client.credentials import Credentials
from jobctl.errors import ConfigError, JobNotSuccessful, ProtocolError
from jobctl.model import Decision, Job, Observation, Source
from jobctl.reconcile import reconcile

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable, Mapping

    import httpx

    from jobctl.profile.model import Profile
    from jobctl.watching.budget import BudgetGate
    from jobctl.watching.driver import Watch
    from jobctl.watching.options import WatchOptions

DEFAULT_RATE = 20.0
"""Requests per second that all watched jobs share."""


def find_profile(profile: Profile | str, base_url: str | None = None) -> Profile:
    """Return a profile by name (built-in, `./jobctl.toml`, user configuration), at `base_url` when given.

    Raises:
        ConfigError: no such profile, or a file that cannot be read.
    """
    if isinstance(profile, str):
        from jobctl.settings import resolve  # noqa: PLC0415 -- only a name needs files

        return resolve({"profile": profile, "base_url": base_url}, os.environ, os.curdir).profile
    return profile.with_base_url(base_url) if base_url else profile


class JobClient:
    """Talks to one API on asyncio: `async with JobClient("generation") as client: …`."""

    def __init__(
        self,
        profile: Profile | str = "generation",
        *,
        base_url: str | None = None,
        environ: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        insecure: bool = False,
        max_rate: float = DEFAULT_RATE,
        max_per_hour: int | None = None,
    ) -> None:
        from jobctl.client.aio import AsyncCarrier  # noqa: PLC0415 -- asyncio stays out of blocking callers

        if not max_rate > 0:
            raise ConfigError("max_rate must be above 0 requests per second")
        if max_per_hour is not None and max_per_hour < 1:
            raise ConfigError("max_per_hour must be 1 request or more")
        self.profile = find_profile(profile, base_url)
        self.credentials = Credentials(self.profile.auth, os.environ if environ is None else environ)
        self.calls = make_calls(self.profile, self.credentials)
        self.carrier = AsyncCarrier(self.profile, self.credentials, limits or Limits(), insecure=insecure)
        self._insecure, self._max_rate, self._max_per_hour = insecure, max_rate, max_per_hour
        self._gate: BudgetGate | None = None
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.carrier.close()

    @property
    def gate(self) -> BudgetGate:
        """The poll budget that all watches of this client share."""
        if self._gate is None:
            from jobctl.watching.budget import BudgetGate  # noqa: PLC0415 -- needs a running loop's imports
            from jobctl.watching.pacing import PollBudget  # noqa: PLC0415
            from jobctl.watching.quota import HourlyQuota  # noqa: PLC0415

            hourly = None if self._max_per_hour is None else HourlyQuota(self._max_per_hour)
            self._gate = BudgetGate(PollBudget(self._max_rate, hourly))
        return self._gate

    def tls_for(self, url: str) -> ssl.SSLContext:
        """Return the TLS context for a stream URL, built once."""
        if self._tls is None:
            self._tls = tls_context(self.profile, insecure=self._insecure, url=url)
        return self._tls

    def stream_headers(self, url: str) -> dict[str, str]:
        """Return the headers of a stream's handshake; no credentials in clear text where the API is https."""
        in_clear = url.startswith(("ws://", "http://")) and self.profile.require_base_url().startswith(
            "https://"
        )
        return {**self.profile.headers, **({} if in_clear else self.credentials.headers())}

    def event_client(self) -> httpx.AsyncClient:
        """Return the client for streams that are GETs: one for each job, outside the pool of reads."""
        return self.carrier.event_client()

    async def read(self, job: str) -> Job:
        """One uncached read, through the rules; raises as `status` does."""
        return decide_first(await self.carrier.run(self.calls.read(job, Source.VERIFY))).job

    async def submit(self, body: Any, *, idempotency_key: str | None = None) -> SubmitAnswer:
        """Create a job; raises `SubmitUncertain` when nobody knows whether it exists."""
        return await self.carrier.run(self.calls.submit(body, idempotency_key))

    async def cancel(self, job: str) -> CancelAnswer:
        """Ask for a cancel. This never makes a job `cancelled`; only a later read does."""
        return await self.carrier.run(self.calls.cancel(job))

    async def list(self, limit: int | None = None) -> list[Any]:
        """The server's own list of jobs, as payloads."""
        return await self.carrier.run(self.calls.list(limit))

    def watch_many(self, jobs: Iterable[str], options: WatchOptions | None = None) -> Watch:
        """Watch jobs together, beginning now; iterate for the updates of all, or `await watch.aclose()`."""
        from jobctl.watching.driver import Watch  # noqa: PLC0415
        from jobctl.watching.options import WatchOptions  # noqa: PLC0415

        watch = Watch(self, options or WatchOptions(), self.gate)
        for job in jobs:
            watch.add(job)
        return watch

    async def watch(
        self, job: str, options: WatchOptions | None = None, *, known: Iterable[Observation] = ()
    ) -> AsyncIterator[Decision]:
        """Yield each decision about one job until it ends.

        Raises:
            DeadlineExceeded, ApiError, TransportError, ProtocolError: the watch ended before the job did,
                or with an end that no read confirms.
        """
        from jobctl.watching.events import Emit, Finish  # noqa: PLC0415
        from jobctl.watching.outcome import error_of_finish  # noqa: PLC0415

        watch = self.watch_many((), options)
        watch.add(job, known)
        try:
            async for update in watch:
                if isinstance(update.item, Emit):
                    yield update.item.decision
                elif isinstance(update.item, Finish):
                    story, until = watch.machines[job].story, watch.options.until
                    error = error_of_finish(update.item, story, until)
                    if error is not None and not isinstance(error, JobNotSuccessful):
                        raise error
        finally:
            await watch.aclose()  # an abandoned inner generator would be closed at some later time


def make_calls(profile: Profile, credentials: Credentials, route: str = "direct") -> Calls:
    """Wire the pure calls to this process's clock and nonces."""
    return Calls(profile, auth=credentials.headers, nonce=unique_nonce, clock=wall_clock, route=route)


class FirstDecision(NamedTuple):
    """The decision about a read when nothing was known before."""

    decision: Decision
    job: Job


def decide_first(seen: Observation) -> FirstDecision:
    """Put one read through the rules, with nothing known before.

    Raises:
        ProtocolError: it says nothing about this job.
    """
    decision = reconcile(None, seen)
    if decision.after is not None:
        return FirstDecision(decision, decision.after)
    about = f"it is about job {seen.said_id!r}" if seen.said_id not in {None, seen.job} else "no status in it"
    raise ProtocolError(
        f"the answer cannot be read as job {seen.job!r}: {about}",
        kind="not-json",
        hint="check the profile's fields against one answer of the API",
    )
