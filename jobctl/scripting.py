"""The library for scripts: blocking `submit`, `status`, `wait`, `cancel` and `diagnose`."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypedDict

from jobctl.api import JobClient, decide_first, find_profile, make_calls
from jobctl.client.carrier import Limits
from jobctl.client.credentials import Credentials
from jobctl.errors import ConfigError, JobctlError, ProtocolError
from jobctl.model import Job, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Unpack

    from jobctl.caching.report import Report
    from jobctl.client.blocking import BlockingCarrier
    from jobctl.client.calls import Calls
    from jobctl.profile.model import Profile
    from jobctl.watching.options import WatchOptions

_CLIENT: Final = "use `async with JobClient(…) as client:` and client.{}(…)"


@contextmanager
def blocking(
    profile: Profile,
    *,
    environ: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    insecure: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Iterator[tuple[Calls, BlockingCarrier]]:
    """Connect to one API without an event loop.

    For example `with blocking(profile) as (calls, http): seen = http.run(calls.read(job))`.
    """
    from jobctl.client.blocking import BlockingCarrier  # noqa: PLC0415

    credentials = Credentials(profile.auth, os.environ if environ is None else environ)
    with BlockingCarrier(profile, credentials, limits or Limits(), insecure=insecure, tell=tell) as carrier:
        yield make_calls(profile, credentials), carrier


def status(job: str, profile: Profile | str = "generation", *, base_url: str | None = None) -> Job:
    """Read one job once, uncached.

    Raises:
        ConfigError, TransportError, ApiError, ProtocolError: see `jobctl.errors`.
    """
    with blocking(find_profile(profile, base_url)) as (calls, http):
        return decide_first(http.run(calls.read(job, Source.VERIFY))).job


def submit(
    body: Any,
    profile: Profile | str = "generation",
    *,
    base_url: str | None = None,
    idempotency_key: str | None = None,
) -> str:
    """Create a job and return its id; raises `SubmitUncertain` when nobody knows whether it exists."""
    with blocking(find_profile(profile, base_url)) as (calls, http):
        return http.run(calls.submit(body, idempotency_key)).job


def wait(
    job: str,
    profile: Profile | str = "generation",
    *,
    base_url: str | None = None,
    timeout: float | None = None,
    options: WatchOptions | None = None,
) -> Job:
    """Watch a job to its end and return it completed.

    Raises:
        JobNotSuccessful: it ended otherwise; the error carries the job and its story.
        DeadlineExceeded: `timeout` seconds passed first.
        ApiError, TransportError, ProtocolError: contact was refused or lost.
    """
    _refuse_inside_a_loop(_CLIENT.format("watch"))
    job_, error = _wait(find_profile(profile, base_url), job, timeout, options)
    if error is not None:
        raise error
    return job_


def cancel(
    job: str,
    profile: Profile | str = "generation",
    *,
    base_url: str | None = None,
    timeout: float | None = 60.0,
) -> Job:
    """Ask for a cancel, wait until the job has ended, and return how: look at its status.

    Raises:
        DeadlineExceeded: it has not ended within `timeout` seconds.
        ApiError, TransportError, ProtocolError: contact was refused or lost.
    """
    from jobctl.errors import JobNotSuccessful  # noqa: PLC0415

    _refuse_inside_a_loop(_CLIENT.format("cancel"))
    found = find_profile(profile, base_url)
    with blocking(found) as (calls, http):
        answer = http.run(calls.cancel(job))
        if not answer.accepted:
            return decide_first(http.run(calls.read(job, Source.VERIFY))).job
    job_, error = _wait(found, job, timeout, None)
    if error is not None and not isinstance(error, JobNotSuccessful):
        raise error
    return job_


class ProbeLimits(TypedDict, total=False):
    """How far `diagnose` may go, as in `jobctl.caching.probe.ProbeSettings`; seconds throughout."""

    rounds: int
    wait_change: float
    budget_requests: int
    budget_seconds: float
    auth_isolation: bool
    check_stream: bool
    insecure: bool


def diagnose(
    job: str,
    proxy: str,
    profile: Profile | str = "generation",
    *,
    base_url: str | None = None,
    origin: str | None = None,
    **limits: Unpack[ProbeLimits],
) -> Report:
    """Find out whether the route `proxy` answers reads of a running job from memory; 20 s at most by default.

    `proxy` is what `jobctl diagnose --proxy` takes. `origin` is the API past it: the profile's base URL when
    not given. `report.diagnosis` has the verdict and the findings, `report.exchanges` the evidence.

    Raises:
        ConfigError: route, origin or credentials cannot be used. What servers do is never raised.
    """
    from jobctl.caching.probe import ProbeSettings, run_probe  # noqa: PLC0415 -- httpx and the rules

    _refuse_inside_a_loop("use `await asyncio.to_thread(jobctl.diagnose, …)`")
    found = find_profile(profile, base_url)
    return run_probe(ProbeSettings(profile=found, job=job, proxy=proxy, origin=origin, **limits))


def _refuse_inside_a_loop(hint: str) -> None:
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:  # noqa: SLF001 -- the only quiet way to ask
        raise ConfigError(
            "the blocking helpers cannot wait inside a running event loop",
            hint=hint,
        )


def _wait(
    profile: Profile, job: str, timeout: float | None, options: WatchOptions | None
) -> tuple[Job, JobctlError | None]:
    import asyncio  # noqa: PLC0415 -- 60 ms that `status` and `submit` never pay

    from jobctl.watching.events import Finish  # noqa: PLC0415
    from jobctl.watching.options import WatchOptions  # noqa: PLC0415
    from jobctl.watching.outcome import error_of_finish  # noqa: PLC0415

    chosen = options or WatchOptions()
    if timeout is not None:
        chosen = replace(chosen, timeout=timeout)

    async def run() -> tuple[Job | None, JobctlError | None]:
        async with JobClient(profile) as client:
            watch = client.watch_many([job], chosen)
            finish: Finish | None = None
            async for update in watch:
                if isinstance(update.item, Finish):
                    finish = update.item
            if finish is None:
                raise ProtocolError("the watch ended without a word", kind="not-json")
            return finish.job, error_of_finish(finish, watch.machines[job].story, chosen.until)

    found, error = asyncio.run(run())
    if found is None:
        raise error or ProtocolError(f"nothing was read about job {job!r}", kind="not-json")
    return found, error
