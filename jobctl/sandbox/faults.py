"""The closed registry of faults: what may go wrong, where, and how it is spelled.

A fault is written `name`, `name=value`, `name@rate` or `name=value@rate`; the rate is how often it strikes.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jobctl.sandbox.units import Unit, Value, expectation, format_value, parse_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Place(StrEnum):
    """Where a fault sits."""

    SERVER = "server"
    TUNNEL = "tunnel"


class Scope(StrEnum):
    """Which traffic a fault touches (`any`: every API call, socket handshakes included)."""

    SOCKET = "sockets"
    READ = "reads"
    ANY = "every call"
    SUBMIT = "submits"
    CANCEL = "cancels"
    DATA = "records"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One line of the registry; `rate` (percent) is None where it is always on or the value is the rate."""

    name: str
    where: frozenset[Place]
    scope: Scope
    help: str
    unit: Unit | None = None
    default: Value | None = None
    rate: float | None = None

    @property
    def syntax(self) -> str:
        """How it is written, with its default value and rate."""
        value = (
            "" if self.unit is None or self.default is None else f"={format_value(self.default, self.unit)}"
        )
        rate = "" if self.rate is None else f"[@{format_value(self.rate, Unit.PERCENT)}]"
        return f"{self.name}[{value}]{rate}" if value else f"{self.name}{rate}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One configured fault: its name, value in the registry's unit, and rate in percent."""

    name: str
    value: Value | None = None
    rate: float = 100.0

    @property
    def number(self) -> float:
        """The value as a number (TypeError where the fault has none)."""
        if not isinstance(self.value, float):
            raise TypeError(f"fault {self.name} has no number")
        return self.value

    @property
    def text(self) -> str:
        """The value as text (TypeError where the fault has none)."""
        if not isinstance(self.value, str):
            raise TypeError(f"fault {self.name} has no text")
        return self.value

    def __str__(self) -> str:
        kind = FAULTS[self.name]
        value = "" if self.value is None or kind.unit is None else f"={format_value(self.value, kind.unit)}"
        rate = "" if kind.rate is None else f"@{format_value(self.rate, Unit.PERCENT)}"
        return self.name + value + rate


_BOTH = frozenset(Place)
_SERVER = frozenset({Place.SERVER})
_TUNNEL = frozenset({Place.TUNNEL})
_Row = tuple[str, frozenset[Place], str, Unit | None, Value | None, float | None]

_ROWS: Final[Mapping[Scope, tuple[_Row, ...]]] = {
    Scope.SOCKET: (
        (
            "ws-drop",
            _BOTH,
            "cut the connection before a frame, without a close frame",
            Unit.PERCENT,
            30.0,
            None,
        ),
        ("ws-refuse", _BOTH, "answer the handshake with this HTTP status", Unit.STATUS, 403.0, 100),
        ("ws-accept-close", _BOTH, "accept, then close at once with this code", Unit.CODE, 1000.0, 100),
        ("ws-silent", _BOTH, "stay open and never send a frame (ws-pongs still come)", None, None, 100),
        ("ws-pending", _SERVER, "begin every connection with `pending`, without a time", None, None, 100),
        (
            "ws-pending-old",
            _SERVER,
            "begin every connection with `pending` of creation time",
            None,
            None,
            100,
        ),
        ("ws-pongs", _BOTH, "flood with keep-alive frames", Unit.PER_SECOND, 50.0, None),
        ("ws-duplicate", _BOTH, "send a frame twice", Unit.PERCENT, 50.0, None),
        ("ws-reorder", _BOTH, "hold a frame back until after the next one", Unit.PERCENT, 50.0, None),
        ("ws-delay", _BOTH, "deliver a frame, and those behind it, late", Unit.SECONDS, 1.0, 100),
        ("ws-unversioned", _BOTH, "leave updated_at out of a frame", None, None, 100),
        ("ws-garbage", _BOTH, "put an unreadable frame before a frame", Unit.PERCENT, 30.0, None),
    ),
    Scope.READ: (
        ("replica-lag", _SERVER, "answer with the job as it was this long ago", Unit.SECONDS, 2.0, 100),
        ("hang", _BOTH, "never answer", None, None, 100),
        ("http-drop", _BOTH, "close the connection instead of answering", None, None, 20),
        ("http-5xx", _BOTH, "answer 500, 502, 503 or 504", Unit.PERCENT, 20.0, None),
        ("rate-limit", _BOTH, "answer 429 with this Retry-After", Unit.SECONDS, 1.0, 20),
        ("garbage-json", _BOTH, "answer 200 with JSON that does not parse", None, None, 100),
        ("empty-body", _BOTH, "answer 200 with nothing in it", None, None, 100),
        ("huge-body", _BOTH, "answer 200 with an endless-looking JSON text", Unit.BYTES, 1e9, 100),
        ("deep-json", _BOTH, "answer 200 with JSON nested this deep", Unit.COUNT, 100_000.0, 100),
        ("nan-json", _BOTH, "write NaN as the progress", None, None, 100),
        ("wrong-fields", _BOTH, "give every field of a record the wrong type", None, None, 100),
        ("wrong-type", _BOTH, "label the body with this content type", Unit.TEXT, "text/plain", 100),
        ("slow-body", _BOTH, "spread the body over this time", Unit.SECONDS, 2.0, 100),
        ("cut-body", _BOTH, "announce a Content-Length, send half, cut", None, None, 100),
        ("cut-chunked", _BOTH, "send half the body chunked, cut", None, None, 100),
    ),
    Scope.ANY: (
        ("html-page", _BOTH, "answer a tunnel's warning page with this status", Unit.STATUS, 200.0, 100),
        (
            "auth",
            _SERVER,
            "require `Authorization: Bearer` with this word, else 401",
            Unit.TEXT,
            "sandbox",
            None,
        ),
        ("forbidden", _SERVER, "answer 403", None, None, 100),
    ),
    Scope.SUBMIT: (
        ("submit-lost", _SERVER, "store the job, then cut the connection unanswered", None, None, 100),
        ("submit-error", _BOTH, "answer 503 and store nothing", Unit.PERCENT, 100.0, None),
    ),
    Scope.CANCEL: (
        ("cancel-race", _SERVER, "answer 2xx, yet the job completes", None, None, 100),
        ("cancel-delay", _SERVER, "answer 2xx, cancel this much later", Unit.SECONDS, 1.0, 100),
        ("cancel-error", _BOTH, "answer 503 and cancel nothing", Unit.PERCENT, 100.0, None),
    ),
    Scope.DATA: (
        ("ansi", _SERVER, "put control characters and ANSI escapes into error text", None, None, None),
        ("unknown-status", _SERVER, "call a running job by this word", Unit.TEXT, "frobnicating", None),
        ("no-updated-at", _SERVER, "leave updated_at out everywhere", None, None, None),
        ("forget", _SERVER, "answer 404 for finished jobs", None, None, None),
        ("echo-request-id", _SERVER, "echo X-Request-Id in answers", None, None, None),
        ("cache", _TUNNEL, "serve job reads from memory for this long", Unit.SECONDS, 10.0, None),
        ("cache-ignore-no-store", _TUNNEL, "cache whatever request or response forbid", None, None, None),
        ("cache-drop-query", _TUNNEL, "leave the query out of the cache key", None, None, None),
        ("cache-honest", _TUNNEL, "add Age and X-Cache, keep Date", None, None, None),
    ),
}

FAULTS: Final[Mapping[str, FaultKind]] = MappingProxyType(
    {
        name: FaultKind(name, where, scope, text, unit, default, rate)
        for scope, rows in _ROWS.items()
        for name, where, text, unit, default, rate in rows
    }
)


def parse_fault(text: str, place: Place | None = None) -> Fault:
    """Read `name[=value][@rate]`, checking that the fault may sit in `place` when one is given.

    Raises:
        ValueError: naming the fault and what was expected.
    """
    head, at, rate_text = text.strip().rpartition("@") if "@" in text else (text.strip(), "", "")
    name, equals, value_text = head.partition("=")
    kind = _kind(name.strip(), place)
    try:
        value = _value(kind, value_text if equals else None)
        rate = _rate(kind, rate_text if at else None)
    except ValueError as error:
        raise ValueError(f"fault {kind.name}: {error} (write {kind.syntax})") from None
    return Fault(kind.name, value, rate)


def parse_faults(faults: Iterable[str | Fault], place: Place) -> dict[str, Fault]:
    """Read several faults for one place; the last of a name wins (ValueError as `parse_fault`)."""
    # A ready-made Fault goes through its own text, so nothing unchecked gets in.
    return {fault.name: fault for fault in (parse_fault(str(item), place) for item in faults)}


def _kind(name: str, place: Place | None) -> FaultKind:
    kind = FAULTS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, FAULTS, n=1)
        hint = f"did you mean {near[0]}?" if near else "expected one of " + ", ".join(FAULTS)
        raise ValueError(f"unknown fault {name!r}: {hint}")
    if place is not None and place not in kind.where:
        allowed = " or ".join(sorted(kind.where))
        raise ValueError(f"fault {name} cannot sit in the {place}: expected the {allowed}")
    return kind


def _value(kind: FaultKind, text: str | None) -> Value | None:
    if text is None:
        return kind.default
    if kind.unit is None:
        raise ValueError(f"expected no value, got {text!r}")
    return parse_value(text, kind.unit)


def _rate(kind: FaultKind, text: str | None) -> float:
    if text is None:
        return 100.0 if kind.rate is None else float(kind.rate)
    if kind.rate is None:
        raise ValueError(f"expected no rate, got @{text}")
    rate = parse_value(text, Unit.PERCENT)
    if isinstance(rate, str):
        raise TypeError(expectation(Unit.PERCENT))
    return rate
