"""The two incidents, live: a naive client that believes the last word, and jobctl, on the same traffic.

Nothing is staged but the server's life: real sockets, the real watch, and every word that reaches one client
reaches the other.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.api import JobClient
from jobctl.client.answers import payload_of
from jobctl.client.carrier import wall_clock
from jobctl.client.messages import Request, Response
from jobctl.model import Decision, Job, JobStatus, Observation, Source
from jobctl.profile.load import Profiles
from jobctl.reasons import Action
from jobctl.stream.websocket import listen
from jobctl.watching.events import Emit
from jobctl.watching.options import WatchOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.sandbox.running import Sandbox
    from jobctl.story import Story

_OPEN_PAGE_FOR: Final = 3.5
_RECONNECT_EVERY: Final = 0.7
_POLL_EVERY: Final = 0.8
_STUCK_AT: Final = 95.0
_SHOWN_OF_A_KIND: Final = 2
_SHOWN_PROGRESS: Final = 30.0


class Row(NamedTuple):
    """One word that arrived, and what each client shows after it. `step_back`: the naive one went back."""

    at: float
    source: str
    said: str
    naive: str
    jobctl: str
    why: str
    step_back: bool


@dataclass
class Contest:
    """Gives every word to both clients and keeps the score."""

    show: Callable[[Row], None]
    started: float = field(default_factory=time.monotonic)
    naive: str = "-"
    jobctl: str = "-"
    naive_steps_back: list[str] = field(default_factory=list)
    jobctl_steps_back: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    _naive_rank: int = -1
    _jobctl_rank: int = -1
    _shown: Counter[str] = field(default_factory=Counter)
    _skipped: Row | None = None
    _last_shown: tuple[JobStatus, int] | None = None

    def hear(self, decision: Decision) -> None:
        """One observation, as jobctl decided it and as a client would take it that believes the last word."""
        seen, after = decision.observation, decision.after
        naive_before, jobctl_before = self.naive, self.jobctl
        # Incident 1: a pong has no `status`, and the page fell back to its initial one.
        status = seen.status or JobStatus.PENDING
        self.naive = _shown_as(status, seen.progress)
        step_back = self._step(status, naive_before, self.naive, self.naive_steps_back, "_naive_rank")
        if after is not None:
            self.jobctl = _shown_as(after.status, after.progress)
            self._step(after.status, jobctl_before, self.jobctl, self.jobctl_steps_back, "_jobctl_rank")
        if decision.action is not Action.APPLY:
            self.reasons[decision.reason.value] += 1
        why = "" if decision.action is Action.APPLY else decision.reason.value
        kind = f"{why}{' back' if step_back else ''}"
        self._shown[kind] += 1
        at = time.monotonic() - self.started
        said = "keep-alive" if decision.observation.keepalive else _said(seen)
        row = Row(at, seen.source.value, said, self.naive, self.jobctl, why, step_back)
        if self._moved_visibly(after) or (self._shown[kind] <= _SHOWN_OF_A_KIND and kind):
            # Where jobctl stands was brought by a word that was skipped: that one first.
            if self._skipped is not None and self.jobctl == jobctl_before == self._skipped.jobctl:
                self.show(self._skipped)
            self._skipped = None
            self.show(row)
        elif self.jobctl != jobctl_before:
            self._skipped = row

    def _moved_visibly(self, after: Job | None) -> bool:
        """A new status, or a quarter of the way further."""
        if after is None:
            return False
        now = after.status, int((after.progress or 0.0) // _SHOWN_PROGRESS)
        moved, self._last_shown = now != self._last_shown, now
        return moved

    def _step(self, status: JobStatus, before: str, now: str, backwards: list[str], rank: str) -> bool:
        former = getattr(self, rank)
        setattr(self, rank, status.rank)
        if status.rank < former:
            backwards.append(f"{before} → {now}")
            return True
        return False


@dataclass
class Outcome:
    """How one incident ended for both clients."""

    job: str
    truth: str
    contest: Contest


async def status_flips(show: Callable[[Row], None], box: Sandbox) -> Outcome:
    """Incident 1: the job completes, the page stays open, and the page goes back to `pending`."""
    box.set_faults(["ws-pending", "ws-pongs=2", "ws-drop=15%"], [])
    job = box.submit("generation", duration=3.0, steps=6, pending=0.6)
    contest = Contest(show)
    async with JobClient(Profiles().get("generation").with_base_url(box.url)) as client:
        story = await _watch(client, job, contest)
        await _rehydrate(story, contest)
        await _keep_listening(client, job, story, contest, _OPEN_PAGE_FOR)
    return Outcome(job, _truth(box, job), contest)


async def stuck_at_95(show: Callable[[Row], None], box: Sandbox) -> Outcome:
    """Incident 2: behind a caching tunnel the page stays at 95 % although the job is done."""
    box.set_faults(["ws-pending"], ["cache=30s"])
    job = box.submit("v1", duration=6.0, steps=20, pending=0.4)
    contest = Contest(show)
    async with JobClient(Profiles().get("v1").with_base_url(box.tunnel_url)) as client:
        polls: list[asyncio.Task[None]] = []

        def after_decision(decision: Decision, story: Story) -> None:
            seen = decision.observation
            if seen.progress is not None and seen.progress >= _STUCK_AT and not polls:
                polls.append(asyncio.create_task(_plain_polls(client, job, story, contest)))

        story = await _watch(client, job, contest, after_decision)
        await _keep_listening(client, job, story, contest, _OPEN_PAGE_FOR)
        for task in polls:
            task.cancel()
    return Outcome(job, _truth(box, job), contest)


async def cancel_finished(box: Sandbox, job: str) -> tuple[str, str]:
    """Cancel a job that is over; the server's own words, and what it really is."""
    async with JobClient(Profiles().get("generation").with_base_url(box.url)) as client:
        answer = await client.cancel(job)
        real = await client.read(job)
    return answer.detail or f"HTTP {answer.status}", real.status.value


async def _watch(
    client: JobClient,
    job: str,
    contest: Contest,
    after_decision: Callable[[Decision, Story], None] | None = None,
) -> Story:
    watch = client.watch_many([job], WatchOptions(fastest=0.8, slowest=2.0))
    async for update in watch:
        if isinstance(update.item, Emit):
            contest.hear(update.item.decision)
            if after_decision is not None:
                after_decision(update.item.decision, watch.machines[job].story)
    return watch.machines[job].story


async def _rehydrate(story: Story, contest: Contest) -> None:
    """The page comes back with the snapshot it had stored while the job was running."""
    await asyncio.sleep(0.5)
    snapshots = [d.observation for d in story if d.observation.status is JobStatus.RUNNING]
    if snapshots:
        contest.hear(story.record(snapshots[0]._replace(source=Source.STORE, received_at=wall_clock())))


async def _keep_listening(
    client: JobClient, job: str, story: Story, contest: Contest, seconds: float
) -> None:
    """The page reconnects its socket for as long as it is open, finished job or not."""
    url = client.profile.stream_url(job)
    if url is None:
        return

    async def on_frame(payload: Any) -> None:
        contest.hear(story.record(client.calls.reader.observe(payload, Source.STREAM, job, wall_clock())))

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await listen(url, headers={}, tls=None, on_open=lambda: None, on_frame=on_frame)
        await asyncio.sleep(_RECONNECT_EVERY)


async def _plain_polls(client: JobClient, job: str, story: Story, contest: Contest) -> None:
    """What the page did: a GET without a cache-buster, without `no-store`."""
    url = client.profile.read_url(job)
    while True:
        response: Response = await client.carrier.run(_plain_get(url))
        payload = payload_of(response, "read", wall_clock())
        seen: Observation = client.calls.reader.observe(payload, Source.POLL, job, wall_clock())
        contest.hear(story.record(seen))
        await asyncio.sleep(_POLL_EVERY)


def _plain_get(url: str) -> Any:
    return (yield Request("GET", url, (("Accept", "application/json"),)))


def _truth(box: Sandbox, job: str) -> str:
    return str(box.history(job)[-1]["status"])


def _shown_as(status: JobStatus, progress: float | None) -> str:
    shown = progress is not None and not status.terminal
    return f"{status.value} {progress:.0f} %" if shown else status.value


def _said(seen: Observation) -> str:
    word = seen.raw_status or "?"
    progress = "" if seen.progress is None else f" {seen.progress:.0f} %"
    return word + progress + ("" if seen.updated_at is not None else " *")
