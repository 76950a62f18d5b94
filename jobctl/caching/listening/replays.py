"""P1 and P8: values that the origin makes anew for each answer, seen twice. Only hashes are kept.

Passively only well-known names count. A value equal to one the request itself sent is an echo. A name is a
fingerprint of answers only once it has had two values on a host, and never after one value came with two
different bodies or for two jobs: then it names a process or a session, not an answer.
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
        "x-runtime-id",
        "x-transaction-id",
        "x-cloud-trace-context",
    }
)
"""Fields that servers fill anew for each answer, lower case."""
_MAX_SHOWN: Final = 8
_MAX_HOST: Final = 1024
_LONGEST: Final = 256


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
        self._first: dict[str, int] = {}
        self._varied: set[str] = set()
        self._refused: set[str] = set()
        self.sends_age = False
        """The host sends `Age` even where nothing can be stored, so it says nothing."""

    def note(self, name: str, value: int, job: int) -> None:
        """Take one value of a name, on an answer about one job."""
        if self._first.setdefault(name, value) != value:
            self._varied.add(name)
        known = self._jobs.setdefault(value, job)
        if known != job:
            self._refused.add(name)
        if len(self._jobs) > _MAX_HOST:
            self._jobs.popitem(last=False)

    def refuse(self, name: str) -> None:
        """Never take this name for a fingerprint again."""
        self._refused.add(name)

    def is_fingerprint(self, name: str, *, is_echo: bool) -> bool:
        """Tell whether a repeated value of this name proves that an answer was repeated."""
        return name not in self._refused and (is_echo or name in self._varied)


class Replays:
    """The fingerprints of one job's answers, and those that came twice."""

    __slots__ = ("_shown", "_worst")

    def __init__(self) -> None:
        self._shown: OrderedDict[int, Shown] = OrderedDict()
        self._worst: dict[tuple[str, bool, bool], Replay] = {}

    def take(self, exchange: Exchange, job: int, host: HostNames) -> Replay | None:
        """Look at one whole answer to a read; return what it repeats, if anything."""
        sent: set[str] | None = None
        found = None
        for field, value in exchange.headers:
            name = field.lower()
            if name not in NONCE_NAMES or not value or len(value) > _LONGEST:
                continue
            if sent is None:
                sent = sent_ids(exchange)
            found = self._one(exchange, name, value, job, host, is_echo=value in sent) or found
        return found

    def _one(
        self, exchange: Exchange, name: str, value: str, job: int, host: HostNames, *, is_echo: bool
    ) -> Replay | None:
        fingerprint = short_hash(f"{name}:{value}")
        before = self._shown.get(fingerprint)
        body, credentials = hash(exchange.body), credentials_of(exchange)
        if before is None:
            host.note(name, fingerprint, job)
            self._shown[fingerprint] = Shown(exchange.number, exchange.received, is_echo, body, credentials)
            if len(self._shown) > _MAX_SHOWN:
                self._shown.popitem(last=False)
            return None
        self._shown.move_to_end(fingerprint)
        if is_echo or before.received > exchange.sent:
            return None
        if before.body != body:
            host.refuse(name)
            return None
        crossed = before.credentials != credentials
        replay = Replay(
            name, before.number, exchange.number, before.is_echo, crossed, exchange.sent - before.received
        )
        worst = self._worst.get((name, before.is_echo, crossed))
        if worst is None or replay.seconds > worst.seconds:
            self._worst[name, before.is_echo, crossed] = replay
        return replay

    def proven(self, host: HostNames) -> Iterator[Replay]:
        """List the replays that count, the one that reached furthest back of each kind."""
        return (one for one in self._worst.values() if host.is_fingerprint(one.name, is_echo=one.is_echo))


def sent_ids(exchange: Exchange) -> set[str]:
    """Return the ids a request carried itself."""
    return {value for field, value in exchange.request_headers if field.lower() in NONCE_NAMES}


def credentials_of(exchange: Exchange) -> int:
    """Return a hash of the request's `Authorization`, 0 where it has none."""
    given = exchange.asked("authorization")
    return hash(given) or 1 if given else 0
