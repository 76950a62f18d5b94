"""The order of the experiment: what to ask, when to wait, when to stop. Sans I/O: a generator of steps.

    P            is it the API at all?
    D D D        what is unique in each answer, does the job move, are direct reads in order?
    rounds       P in the middle of the job's period; D until the job has changed; B, and P right after
    suspicion    D P, B P on new connections after each round: does everybody get the older state?
    still job    P P B P, spread over more than two seconds, for Age and fingerprints
    V, C         a replaced ETag, the cache's own confession: last, as they may change what is stored
    A            without credentials, when asked for

Plain reads come before anything that could refresh a stored copy. The runner is given nothing but steps,
bounds them by its budget, and sends back each exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from jobctl.caching.fields import etag
from jobctl.caching.findings import Diagnosis, Verdict
from jobctl.caching.judging.staleness import splits
from jobctl.caching.rules import is_worst_case
from jobctl.caching.versions import order
from jobctl.exchange import Path

if TYPE_CHECKING:
    from jobctl.caching.judging.experiment import Experiment
    from jobctl.exchange import Exchange

_POLL_GAP: Final = 0.3
_SHORTEST: Final = 0.1
"""Seconds between two requests, at least."""
_FIRST_WAIT: Final = 3.0
"""Seconds to wait for a change of the job in one round, unless told otherwise."""
_STILL_GAPS: Final = (0.1, 0.4, 0.7, 1.2)
_CONFESSIONS: Final = (
    (("Cache-Control", "only-if-cached"),),
    (
        ("Fastly-Debug", "1"),
        ("X-Azure-DebugInfo", "1"),
        ("X-Debug", "Via"),
        ("Pragma", "akamai-x-cache-on, akamai-x-check-cacheable, akamai-x-get-cache-key"),
    ),
)


class Ask(NamedTuple):
    """Send one request on a path.

    `on` says over which connection: the one that is kept for this side, a new one (where another node or
    replica may answer), or the same as the last new one.
    """

    path: Path
    headers: tuple[tuple[str, str], ...] = ()
    on: Literal["kept", "new", "same"] = "kept"


class Wait(NamedTuple):
    """Let so many seconds go by; `why` is for the person who waits too."""

    seconds: float
    why: str


class Plan(NamedTuple):
    """How far to go. `wait_change` is for how many seconds a round waits for the job to change."""

    has_direct: bool
    rounds: int = 4
    wait_change: float = _FIRST_WAIT
    auth_isolation: bool = False


Steps = Generator[Ask | Wait, "Exchange | None", None]


class Protocol:
    """One experiment. `experiment()` gives what is known so far, `judge` its diagnosis, `now` our clock."""

    def __init__(
        self,
        plan: Plan,
        experiment: Callable[[], Experiment],
        judge: Callable[[Experiment], Diagnosis],
        now: Callable[[], float],
    ) -> None:
        self._plan, self._experiment, self._judge, self._now = plan, experiment, judge, now
        self._plain_count = self._control_count = 0
        self._changed_at: list[float] = []

    def steps(self) -> Steps:
        """Yield the steps; stops when more requests cannot make the verdict worse."""
        first = yield from self._plain()
        if first is None or (first.seen is None and _is_hopeless(first)):
            return
        for _ in range(3 if self._plan.has_direct else 4):
            yield Wait(_SHORTEST, "learning what is unique in each answer")
            control = yield from self._ask_control()
            if control is not None and control.seen is None and _is_hopeless(control):
                return
        yield Wait(_SHORTEST, "a second plain read")
        yield from self._plain()
        if not any(one.seen is not None for one in self._experiment().exchanges if one.path is Path.PLAIN):
            return
        if self._is_over():
            # What to advise depends on it: does a unique URL get past?
            yield from self._beside(with_buster=True)
        else:
            yield from self._rounds()
        if not self._is_over():
            yield from self._last_questions()
        if self._plan.auth_isolation:
            yield from self._anonymous()

    def _rounds(self) -> Steps:
        failed = 0
        for number in range(2 * self._plan.rounds):
            # A suspicion is worth as many rounds again: the copy may have run out in the middle.
            if number >= self._plan.rounds and not self._is_suspicious():
                return
            if self._is_terminal() or failed >= 2:
                yield from self._still_job()
                return
            changed = yield from self._round(number)
            failed = 0 if changed else failed + 1
            if self._is_over():
                return
        if not self._changed_at:
            yield from self._still_job()

    def _round(self, number: int) -> Generator[Ask | Wait, Exchange | None, bool]:
        """One P within a state of the job, its change seen on the control, B, one P right after.

        Once older state was seen, only changes matter: does the plain URL stay frozen beside unique ones?
        """
        period = self._period()
        is_suspect = self._is_suspicious()
        if period is not None and not is_suspect:
            middle = self._changed_at[-1] + 0.6 * period - self._now()
            yield Wait(max(_SHORTEST, min(middle, self._plan.wait_change)), "half a period of the job")
            yield from self._plain()
            if self._is_over():
                return True
        changed = yield from self._wait_for_change()
        yield from self._beside(with_buster=number == 0 or not (is_suspect or number % 2))
        yield from self._while_suspicious()
        return changed

    def _while_suspicious(self) -> Steps:
        """Older state was seen: a store answers every reader with it, a replica only some of them.

        Where unique URLs are fresh, two of them beside the plain one say most; else other connections do.
        """
        found = len(splits(self._experiment()))
        if not self._is_suspicious() or found >= 2:
            return
        yield Wait(_SHORTEST, "older state was seen: who else gets it?")
        yield Ask(Path.BUSTED if found else self._control(), on="new")
        yield Wait(_SHORTEST, "older state was seen: the plain URL once more")
        yield Ask(Path.PLAIN, on="same" if found else "new")

    def _beside(self, *, with_buster: bool) -> Steps:
        """B, and P right after it on the same connection: only the URL differs."""
        on: Literal["kept", "new", "same"] = self._next_connection()
        if with_buster and self._has_direct():
            yield Wait(_SHORTEST, "a unique URL")
            yield Ask(Path.BUSTED, on=on)
            on = "same" if on == "new" else on
        yield Wait(_SHORTEST, "the plain URL right after")
        yield from self._plain(on)

    def _wait_for_change(self) -> Generator[Ask | Wait, Exchange | None, bool]:
        """Read the control until it shows another state than its last answer did."""
        known = next(iter(reversed(self._experiment().control)), None)
        begun = self._now()
        period = self._period()
        due = self._changed_at[-1] + period + 0.05 - begun if period and self._changed_at else _POLL_GAP
        gap = max(_SHORTEST, min(due, self._plan.wait_change))
        while True:
            yield Wait(gap, "waiting for the job to change")
            one = yield from self._ask_control()
            if one is not None and known is not None and order(known, one) == -1:
                self._changed_at.append(one.received)
                return True
            if known is None or self._now() - begun >= self._plan.wait_change:
                return False
            gap = min(_POLL_GAP if self._now() - begun < 1.0 else 2 * gap, 5.0)

    def _still_job(self) -> Steps:
        """A job that does not move: only fingerprints, Age and words can tell, and Age needs seconds."""
        for number, gap in enumerate(_STILL_GAPS):
            yield Wait(gap, "the job stands still: looking for repeated answers")
            yield from self._plain()
            if number == 1:
                yield Wait(_SHORTEST, "a unique URL")
                yield Ask(Path.BUSTED)
            if number in {1, 2}:
                yield Wait(_SHORTEST, "the control")
                yield from self._ask_control()
                yield Wait(_SHORTEST, "the control once more: does a fingerprint only tick?")
                yield from self._ask_control()
            if self._judge(self._experiment()).verdict is Verdict.SERVED_FROM_CACHE and number > 1:
                return

    def _last_questions(self) -> Steps:
        tag = self._replaced_tag() if self._has_direct() else None
        if tag is not None:
            headers = (("If-None-Match", tag),)
            yield Wait(_SHORTEST, "a replaced ETag, put to the origin")
            yield Ask(Path.VALIDATOR_DIRECT, headers)
            for _ in range(2):
                yield Wait(_SHORTEST, "a replaced ETag, put to the proxy")
                yield Ask(Path.VALIDATOR_BUSTED, headers, on="new")
                yield Wait(_SHORTEST, "a replaced ETag, put to the proxy")
                answer = yield Ask(Path.VALIDATOR, headers, on="same")
                if answer is not None and answer.status != 304:
                    break
        for extra in _CONFESSIONS:
            yield Wait(_SHORTEST, "asking the cache itself")
            yield Ask(Path.CONFESSION, extra)

    def _anonymous(self) -> Steps:
        if self._has_direct():
            yield Wait(_SHORTEST, "without credentials, put to the origin")
            yield Ask(Path.ANONYMOUS_DIRECT)
        yield Wait(_SHORTEST, "without credentials, put to the proxy")
        yield Ask(Path.ANONYMOUS)

    def _plain(
        self, on: Literal["kept", "new", "same"] | None = None
    ) -> Generator[Ask | Wait, Exchange | None, Exchange | None]:
        return (yield Ask(Path.PLAIN, on=on or self._next_connection()))

    def _next_connection(self) -> Literal["kept", "new"]:
        """Half of the plain reads go over new connections, in pairs, so that all kinds follow each other."""
        self._plain_count += 1
        return "new" if self._plain_count % 4 > 1 else "kept"

    def _ask_control(self) -> Generator[Ask | Wait, Exchange | None, Exchange | None]:
        """One control read; every other one over a new connection: replicas may be chosen by connection."""
        self._control_count += 1
        return (yield Ask(self._control(), on="kept" if self._control_count % 2 else "new"))

    def _has_direct(self) -> bool:
        """An address past the proxy was given, and answers."""
        return self._plan.has_direct and self._experiment().has_direct

    def _control(self) -> Path:
        return Path.DIRECT if self._has_direct() else Path.BUSTED

    def _period(self) -> float | None:
        """Return the seconds from one change of the job to the next, as seen; None before two of them."""
        if len(self._changed_at) < 2:
            return None
        return min(late - early for early, late in zip(self._changed_at, self._changed_at[1:], strict=False))

    def _is_terminal(self) -> bool:
        control = self._experiment().control
        seen = control[-1].seen if control else None
        return seen is not None and seen.status is not None and seen.status.terminal

    def _is_over(self) -> bool:
        return is_worst_case(self._judge(self._experiment()))

    def _is_suspicious(self) -> bool:
        return self._judge(self._experiment()).verdict is Verdict.SUSPECT_STALE

    def _replaced_tag(self) -> str | None:
        """Return the newest strong ETag a plain read carried that the control has replaced since."""
        experiment = self._experiment()
        current = {one.header("etag") for one in experiment.control[-2:]}
        if "etag" in experiment.uniques.values:  # made anew for each answer
            return None
        for one in reversed(experiment.plain):
            text: str | None = one.header("etag")
            tag = etag(text)
            # Only ASCII goes into a request; what a server puts into a tag is its own affair.
            is_sendable = tag is not None and tag.is_valid and tag.tag.isascii()
            if tag is not None and is_sendable and not tag.weak and text not in current:
                return text
        return None


def _is_hopeless(exchange: Exchange) -> bool:
    """Tell whether asking again is of no use: not the API, not allowed, told to wait."""
    problem = exchange.problem
    return problem is not None and problem.kind not in {"timeout", "server-error", "not-found", "unreachable"}
