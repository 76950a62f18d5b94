"""The experiment from the command line: which job, the progress bar, a canary and its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn, Self

from jobctl.caching.probe import DEFAULT_REQUESTS, DEFAULT_SECONDS, ProbeSettings, Progress, run_probe
from jobctl.caching.probing.routes import direct_origin, require_safe_read, resolve_route
from jobctl.cli import output
from jobctl.cli.submit import read_payload
from jobctl.durations import format_duration, parse_duration
from jobctl.errors import ConfigError, JobctlError
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.cli.diagnose_output import Presented
    from jobctl.profile.model import Profile

_BAR: Final = 20


def parse_budget(text: str | None, wait_change: float, rounds: int) -> tuple[int, float]:
    """Read `--budget N[,DURATION]`; waiting for slow changes raises what is not given.

    Raises:
        ConfigError: it is spelled otherwise.
    """
    requests, seconds = DEFAULT_REQUESTS, max(DEFAULT_SECONDS, 8.0 + rounds * wait_change)
    for part in (text or "").split(","):
        if not part.strip():
            continue
        try:
            if part.strip().isdecimal():
                requests = int(part)
            else:
                seconds = parse_duration(part)
        except ValueError as error:
            raise ConfigError(f"--budget: {error}", hint="for example --budget 40,20s") from error
    if requests < 1 or seconds <= 0:
        raise ConfigError("--budget must allow one request", hint="for example --budget 40,20s")
    if requests > 10_000:
        raise ConfigError("--budget: ten thousand requests are more than any experiment needs")
    return requests, seconds


def probe_and_show(settings: ProbeSettings, payload: list[str] | None, presented: Presented) -> NoReturn:
    """Run the experiment, show it, and leave with its exit code."""
    require_safe_read(settings.profile)
    route = (
        resolve_route(settings.proxy, settings.profile) if isinstance(settings.proxy, str) else settings.proxy
    )
    origin = direct_origin(settings.profile, route, settings.origin)
    side = settings.profile.with_base_url(origin or route.base_url)
    settings = replace(settings, proxy=route)
    with _job(settings, payload, side) as job, _Bar(settings) as bar:
        report = run_probe(replace(settings, job=job), bar.show)
    presented.show([report], interrupted=report.stopped == "interrupted")


@contextmanager
def _job(settings: ProbeSettings, payload: list[str] | None, side: Profile) -> Iterator[str]:
    """The job to diagnose: the one named, a canary, or the newest one of the list that still runs."""
    if payload is not None and settings.job:
        raise ConfigError("give a JOB or --submit, not both")
    if settings.job:
        side.read_url(settings.job)
        yield settings.job
    elif payload is not None:
        with _canary(side, payload, insecure=settings.insecure) as job:
            yield job
    else:
        yield _listed_job(side, insecure=settings.insecure)


@contextmanager
def _canary(side: Profile, payload: list[str], *, insecure: bool) -> Iterator[str]:
    """A job of our own, cancelled when it is no longer needed: it costs."""
    from jobctl.scripting import blocking

    with blocking(side, insecure=insecure, tell=output.tell) as (calls, http):
        job = http.run(calls.submit(read_payload(payload))).job
    output.tell(f"submitted job {visible(job, 200)} to diagnose with")
    try:
        yield job
    finally:
        if side.cancel is not None:
            try:
                with blocking(side, insecure=insecure) as (calls, http):
                    accepted = http.run(calls.cancel(job)).accepted
                output.tell(f"job {visible(job, 200)} " + ("is being cancelled" if accepted else "had ended"))
            except JobctlError as error:
                output.tell(f"job {visible(job, 200)} could not be cancelled: {error.message}")


def _listed_job(side: Profile, *, insecure: bool) -> str:
    """The first job of the server's list that has not ended, else the first one.

    Raises:
        ConfigError: there is no list, or no job in it.
    """
    from jobctl.client.carrier import wall_clock
    from jobctl.model import Source
    from jobctl.scripting import blocking

    hint = "name a JOB, or let `--submit PAYLOAD` create one"
    if side.list is None:
        raise ConfigError(f"which job? profile {side.name!r} has no list to take one from", hint=hint)
    try:
        with blocking(side, insecure=insecure, tell=output.tell) as (calls, http):
            items = http.run(calls.list())
            seen = [calls.reader.observe(item, Source.POLL, "", wall_clock()) for item in items]
    except JobctlError as error:
        raise ConfigError(f"which job? the list cannot be read: {error.message}", hint=hint) from error
    jobs = [one for one in seen if one.said_id and one.status is not None]
    running = [one for one in jobs if one.status is not None and not one.status.terminal]
    chosen = next(iter(running or jobs), None)
    if chosen is None or chosen.said_id is None:
        raise ConfigError("which job? the server's list is empty", hint=hint)
    kind = "the newest job that runs" if running else "no job runs: the newest one, which has ended"
    output.tell(f"diagnosing with {visible(chosen.said_id, 200)} ({kind})")
    return chosen.said_id


class _Bar:
    """One line on a terminal, redrawn; elsewhere one sentence when it takes long."""

    def __init__(self, settings: ProbeSettings) -> None:
        self._settings = settings
        self._live = output.is_terminal(sys.stderr)
        self._told = False
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._live:
            self._draw("\r\x1b[K")

    def show(self, progress: Progress) -> None:
        """Show where the experiment is."""
        most, seconds = self._settings.budget_requests, self._settings.budget_seconds
        if not self._live:
            if not self._told and progress.seconds > 1.0:
                self._told = True
                output.tell(f"asking, at most {most} requests and {format_duration(seconds)}")
            return
        share = max(progress.requests / most, progress.seconds / seconds)
        filled = min(_BAR, round(share * _BAR))
        bar = "#" * filled + "-" * (_BAR - filled)
        text = f"[{bar}] {progress.requests} requests, {progress.seconds:4.1f} s: {progress.doing}"
        self._draw(f"\r{text[:78]:<78}")

    @staticmethod
    def _draw(text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            return
