"""A simulated experiment: an origin, replicas and a cache on a clock of their own; a seed decides all.

The protocol and the rules are the real ones, and so is the reading of answers; only time and wires are not.
The ground truth is what the simulated cache did.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

from jobctl.caching.judging.experiment import Experiment
from jobctl.caching.probing.protocol import Ask, Plan, Protocol, Wait
from jobctl.caching.reading import read_answer
from jobctl.caching.rules import judge
from jobctl.client.messages import Response
from jobctl.exchange import Exchange, Path
from jobctl.observe import Reader
from jobctl.profile.load import Profiles

if TYPE_CHECKING:
    from jobctl.caching.findings import Diagnosis

EPOCH = 1_790_000_000.0
READER = Reader(Profiles(()).get("generation"))
UNIQUE = {Path.BUSTED, Path.VALIDATOR_BUSTED}
BURST_GAP = 0.3
DIRECT = {Path.DIRECT, Path.VALIDATOR_DIRECT, Path.ANONYMOUS_DIRECT}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How the simulated API behaves. Seconds; shares from 0 to 1."""

    period: float = 1.0
    """The job changes every so often; infinite: never."""
    cache_control: str | None = None
    etag: str | None = None
    """None, `strong`, `weak` or `per-request`."""
    echo: bool = False
    request_id: bool = False
    replica_lag: float = 0.0
    replica_share: float = 0.0
    lag_is_random: bool = False
    lag_is_stalled: bool = False
    """The replica stands still for `replica_lag` seconds, then catches up, and so on."""
    replica_by_connection: bool = False
    path_lag: float = 0.0
    """What the path leads to is a follower, always so far behind; direct reads go to the leader."""
    path_id: str = ""
    """`process` or `connection`: the path writes its own X-Request-Id over the origin's, the same for all."""
    burst: int = 1
    """Changes come so many at a time, `BURST_GAP` seconds apart, and then none for as many periods."""
    memo: float = 0.0
    memo_shows_age: bool = False
    own_age: int | None = None
    coarse: bool = False
    no_updated_at: bool = False
    skew: float = 0.0
    terminal: bool = False


@dataclass(frozen=True, kw_only=True)
class Cache:
    """What stands in between. `ttl` 0: it caches nothing."""

    ttl: float = 0.0
    honest: bool = False
    drops_query: bool = False
    validates: bool = True
    nodes: int = 1


@dataclass
class Lab:
    """One experiment. `served` holds the numbers of the answers that the cache gave from memory."""

    origin: Origin
    cache: Cache
    seed: int = 0
    has_direct: bool = True
    budget: int = 40
    budget_seconds: float = 20.0
    now: float = 100.0
    exchanges: list[Exchange] = field(default_factory=list)
    served: dict[int, float] = field(default_factory=dict)
    """Number → age in seconds of the copy."""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.phase = self.dice.random() * (self.origin.period if self.origin.period < 1e9 else 1.0)
        self.first_step = 7 if self.origin.period > 1e9 else self.step_at(self.now)
        self.memo: tuple[float, list[tuple[str, str]], bytes] | None = None
        self.copies: dict[tuple[int, str], tuple[float, list[tuple[str, str]], bytes]] = {}
        self.answers, self.connections, self.connection = 0, 2, 0

    def run(self) -> Diagnosis:
        plan = Plan(self.has_direct)
        steps = Protocol(plan, self.experiment, judge, lambda: self.now).steps()
        begun, answer = self.now, None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration:
                break
            answer = None
            if isinstance(step, Wait):
                self.now += step.seconds
            elif len(self.exchanges) >= self.budget or self.now - begun > self.budget_seconds:
                break
            else:
                answer = self.ask(step)
                self.exchanges.append(answer)
        return judge(self.experiment())

    def experiment(self) -> Experiment:
        return Experiment(tuple(self.exchanges), has_direct=self.has_direct)

    def ask(self, ask: Ask) -> Exchange:
        number = len(self.exchanges) + 1
        nonce = f"{self.seed:08x}{number:08x}aa"
        sent = self.now
        self.now += 0.004 + self.dice.random() * 0.02
        wanted = dict(ask.headers).get("If-None-Match")
        self.connection = self.connect(ask)
        if ask.path in DIRECT:
            headers, body = self.at_origin(nonce, is_direct=True)
        else:
            headers, body = self.at_cache(ask, number, nonce)
        status = 200
        if wanted is not None and dict(headers).get("ETag") == wanted and not wanted.startswith("W/"):
            status, body = 304, b""
        if self.origin.path_id and ask.path not in DIRECT:
            part = self.connection if self.origin.path_id == "connection" else 0
            own = "X-Request-Id", f"node-{self.seed % 7919:08d}-{part}"
            headers = [*(one for one in headers if one[0] != "X-Request-Id"), own]
        self.now += 0.002 + self.dice.random() * 0.01
        url = "http://proxied/jobs/1" + (f"?_t={nonce}" if ask.path in UNIQUE else "")
        response = Response(status, tuple(headers), body, url)
        seen, problem = read_answer(response, READER, "1", EPOCH + sent)
        sent_headers = (("X-Request-Id", nonce), *ask.headers)
        return Exchange(
            number, ask.path, "GET", url, sent_headers, status, tuple(headers), body, sent, self.now,
            EPOCH + sent, nonce, seen, problem, connection=self.connection,
        )  # fmt: skip

    def connect(self, ask: Ask) -> int:
        if ask.on == "kept":
            return 1 + (ask.path in DIRECT)
        if ask.on == "new":
            self.connections += 1
        return self.connections

    def at_cache(self, ask: Ask, number: int, nonce: str) -> tuple[list[tuple[str, str]], bytes]:
        if self.cache.ttl <= 0:
            return self.at_origin(nonce)
        query = nonce if ask.path in UNIQUE and not self.cache.drops_query else ""
        key = (self.dice.randrange(self.cache.nodes), query)
        copy = self.copies.get(key)
        if copy is not None and self.now - copy[0] < self.cache.ttl:
            age = self.now - copy[0]
            self.served[number] = age
            headers = list(copy[1])
            if self.cache.honest:
                return [*headers, ("Age", str(int(age))), ("X-Cache", "HIT")], copy[2]
            return [(name, self.date() if name == "Date" else value) for name, value in headers], copy[2]
        headers, body = self.at_origin(nonce)
        self.copies[key] = (self.now, headers, body)
        return [*headers, ("X-Cache", "MISS")] if self.cache.honest else headers, body

    def at_origin(self, nonce: str, *, is_direct: bool = False) -> tuple[list[tuple[str, str]], bytes]:
        origin = self.origin
        if self.memo is not None and self.now - self.memo[0] < origin.memo:
            headers = self.memo[1]
            if origin.memo_shows_age:
                headers = [*headers, ("Age", str(int(self.now - self.memo[0])))]
            return headers, self.memo[2]
        step, body = self.record(0.0 if is_direct else self.origin.path_lag)
        self.answers += 1
        headers = [("Content-Type", "application/json"), ("Date", self.date())]
        if origin.cache_control is not None:
            headers.append(("Cache-Control", origin.cache_control))
        if origin.etag is not None:
            tag = {"strong": f'"v{step}"', "weak": f'W/"v{step}"'}.get(origin.etag, f'"r{self.answers:09d}"')
            headers.append(("ETag", tag))
        if origin.echo:
            headers.append(("X-Request-Id", nonce))
        elif origin.request_id:
            headers.append(("X-Request-Id", f"{self.dice.getrandbits(64):016x}"))
        if origin.own_age is not None:
            headers.append(("Age", str(origin.own_age)))
        if origin.memo:
            self.memo = (self.now, headers, body)
        return headers, body

    def step_at(self, moment: float) -> int:
        origin = self.origin
        bursts, within = divmod(moment - self.phase, origin.period * origin.burst)
        if origin.burst == 1:
            return int(bursts)
        return int(bursts) * origin.burst + min(origin.burst - 1, int(within / BURST_GAP))

    def changed_at(self, step: int) -> float:
        bursts, within = divmod(step, self.origin.burst)
        return self.phase + bursts * self.origin.burst * self.origin.period + within * BURST_GAP

    def record(self, lag: float = 0.0) -> tuple[int, bytes]:
        """The job as one of the replicas has it."""
        origin = self.origin
        chance = self.dice.random()
        if origin.replica_by_connection:
            chance = random.Random(f"{self.seed} {self.connection}").random()
        if chance < origin.replica_share:
            lag = origin.replica_lag * (self.dice.random() if origin.lag_is_random else 1.0)
            if origin.lag_is_stalled:
                since = (self.now + self.phase) % (2 * origin.replica_lag)
                lag = since if since < origin.replica_lag else 0.0
        stands = origin.period > 1e9
        step = 7 if stands else self.step_at(self.now - lag)
        changed = EPOCH + (self.phase if stands else self.changed_at(step)) + origin.skew
        record = {"id": "1", "status": "processing", "progress": 20 + 0.25 * (step - self.first_step)}
        if origin.terminal:
            record = {"id": "1", "status": "completed", "progress": 100}
        if not origin.no_updated_at:
            record["updated_at"] = int(changed) if origin.coarse else round(changed, 6)
        return step, json.dumps(record).encode()

    def date(self) -> str:
        return formatdate(EPOCH + self.now + self.origin.skew, usegmt=True)
