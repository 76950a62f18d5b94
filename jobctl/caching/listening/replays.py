"""P1 and P8: values that the origin makes anew for each answer, seen twice. Only hashes are kept.

Passively only well-known names count. A value that the request itself sent, in whatever field, is an echo. A
name is a fingerprint of answers only once one client got two values of it for one job, so that it names
neither the job nor a session; and never after one value came with two different bodies or for two jobs. A
value that comes back after another one names one of several processes, unless there are too many for that.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.exchange import Exchange

NONCE_NAMES: Final = frozenset(
    {
        "x-request-id",
        "request-id",
        "x-correlation-id",
        "correlation-id",
        "x-trace-id",
        "traceparent",
        "x-amzn-requestid",
        "x-amzn-request-id",
        "x-amz-request-id",
        "x-ms-request-id",
        "x-github-request-id",
        "x-b3-traceid",
        "x-transaction-id",
        "x-cloud-trace-context",
    }
)
"""Fields that servers fill anew for each answer, lower case."""
_CLIENT_FIELDS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "cookie",
        "origin",
        "pragma",
        "user-agent",
    }
)
"""What tells clients apart, and what a cache may keep variants by."""
_MAX_SHOWN: Final = 7
_MAX_CLIENTS: Final = 3
_MAX_HOST: Final = 1024
_LONGEST: Final = 256
_LONG: Final = 8
"""Characters of a value that is not part of another text by chance."""
_MANY_PROCESSES: Final = 16
"""Hardly a service has more processes that answer reads of one job in turn."""


def short_hash(text: str) -> int:
    """Return a 64-bit hash, the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


class Shown(NamedTuple):
    """One fingerprint as it first came: by which exchange, with which body and credentials."""

    number: int
    received: float
    is_echo: bool
    body: int
    credentials: int


class _Last(NamedTuple):
    """What a client got last for one URL."""

    fingerprint: int
    sent: float
    received: float


class Replay(NamedTuple):
    """A fingerprint that came again. `crossed`: the two requests had different `Authorization`."""

    name: str
    first: int
    again: int
    is_echo: bool
    crossed: bool
    seconds: float
    """How much later the second was asked for."""


class HostNames:
    """Which names are fingerprints on one host."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[int, int] = OrderedDict()
        self._varied: set[str] = set()
        self._returned: set[str] = set()
        self._values: dict[str, int] = {}
        self._refused: set[str] = set()
        self.sends_age = False
        """The host sends `Age` even where nothing can be stored, so it says nothing."""
        self.sends_words = False
        """The same of a vendor's word for a hit."""

    def note(self, name: str, value: int, job: int) -> None:
        """Take a value of a name that is new for a job."""
        known = self._jobs.get(value)
        if known is None:
            self._jobs[value] = job
            self._values[name] = self._values.get(name, 0) + 1
        elif known != job:
            self._refused.add(name)
        if len(self._jobs) > _MAX_HOST:
            self._jobs.popitem(last=False)

    def vary(self, name: str) -> None:
        """Take note that one client got two values of it for one job."""
        self._varied.add(name)

    def come_back(self, name: str) -> None:
        """Take note that a value came, then another, then the first: no single store does that."""
        self._returned.add(name)

    def refuse(self, name: str) -> None:
        """Never take this name for a fingerprint again."""
        self._refused.add(name)

    def proves(self, replay: Replay) -> bool:
        """Tell whether this replay proves that an answer was repeated."""
        return self.is_fingerprint(replay.name, is_echo=replay.is_echo)

    def is_fingerprint(self, name: str, *, is_echo: bool) -> bool:
        """Tell whether a repeated value of this name proves that an answer was repeated."""
        if name in self._refused:
            return False
        is_one_of_few = name in self._returned and self._values.get(name, 0) <= _MANY_PROCESSES
        return is_echo or (name in self._varied and not is_one_of_few)


class Replays:
    """The fingerprints of one job's answers, and those that came twice."""

    __slots__ = ("_first", "_last", "_shown", "_worst")

    def __init__(self) -> None:
        self._shown: OrderedDict[int, Shown] = OrderedDict()
        self._first: dict[int, int] = {}
        """Name and client → the first value it got."""
        self._last: dict[int, _Last] = {}
        """Name, client and URL → what it got last."""
        self._worst: dict[tuple[str, bool, bool], Replay] = {}

    def take(self, exchange: Exchange, job: int, host: HostNames) -> Replay | None:
        """Look at one whole answer to a read; return what it repeats, if anything."""
        sent: set[str] | None = None
        found, client = None, 0
        for field, value in exchange.headers:
            name = field.lower()
            if name not in NONCE_NAMES or not value or len(value) > _LONGEST:
                continue
            if sent is None:
                sent, client = sent_ids(exchange), client_of(exchange)
            fingerprint = short_hash(f"{name}:{value}")
            before = self._shown.get(fingerprint)
            if before is None:
                host.note(name, fingerprint, job)
                self._show(exchange, fingerprint, is_echo=value in sent)
            if _says(exchange, value):
                continue
            if before is not None:
                found = self._again(exchange, name, fingerprint, before, host) or found
            self._follow(exchange, hash((name, client)), name, fingerprint, host)
        return found

    def _show(self, exchange: Exchange, fingerprint: int, *, is_echo: bool) -> None:
        self._shown[fingerprint] = Shown(
            exchange.number, exchange.received, is_echo, hash(exchange.body), credentials_of(exchange)
        )
        if len(self._shown) > _MAX_SHOWN:
            self._shown.popitem(last=False)

    def _again(
        self, exchange: Exchange, name: str, fingerprint: int, before: Shown, host: HostNames
    ) -> Replay | None:
        self._shown.move_to_end(fingerprint)
        if before.received > exchange.sent:
            return None
        if before.body != hash(exchange.body):
            host.refuse(name)
            return None
        crossed = before.credentials != credentials_of(exchange)
        replay = Replay(
            name, before.number, exchange.number, before.is_echo, crossed, exchange.sent - before.received
        )
        worst = self._worst.get((name, before.is_echo, crossed))
        if worst is None or replay.seconds > worst.seconds:
            self._worst[name, before.is_echo, crossed] = replay
        return replay

    def _follow(self, exchange: Exchange, client: int, name: str, fingerprint: int, host: HostNames) -> None:
        """Note whether one client's values of a name change, and whether one comes back at one URL."""
        first = self._first.setdefault(client, fingerprint)
        if first != fingerprint:
            host.vary(name)
        if len(self._first) > _MAX_CLIENTS:
            del self._first[next(iter(self._first))]
        place = hash((client, exchange.url))
        last, shown = self._last.get(place), self._shown[fingerprint]
        if last is not None and last.received > exchange.sent:
            return
        self._last.pop(place, None)
        if last is not None and last.fingerprint != fingerprint and shown.received <= last.sent:
            host.come_back(name)
        self._last[place] = _Last(fingerprint, exchange.sent, exchange.received)
        if len(self._last) > _MAX_CLIENTS:
            del self._last[next(iter(self._last))]

    def proven(self, host: HostNames) -> Iterator[Replay]:
        """List the replays that count, the one that reached furthest back of each kind."""
        return (one for one in self._worst.values() if host.proves(one))


def sent_ids(exchange: Exchange) -> set[str]:
    """Return the ids a request carried itself."""
    return {value for field, value in exchange.request_headers if field.lower() in NONCE_NAMES}


def credentials_of(exchange: Exchange) -> int:
    """Return a hash of the request's `Authorization`, 0 where it has none."""
    given = exchange.asked("authorization")
    return hash(given) or 1 if given else 0


def client_of(exchange: Exchange) -> int:
    """Return a hash of what tells clients, and the variants of an answer, apart."""
    return hash(tuple(pair for pair in exchange.request_headers if pair[0].lower() in _CLIENT_FIELDS))


def _says(exchange: Exchange, value: str) -> bool:
    """Tell whether the request carries the value itself: in a field, or, if it is long, anywhere in it."""
    if len(value) < _LONG:
        return any(value == sent for _, sent in exchange.request_headers)
    return value in exchange.url or any(value in sent for _, sent in exchange.request_headers)
