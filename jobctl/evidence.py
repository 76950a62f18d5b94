"""What response headers say about where an answer came from, and when to come back. Never raises.

The vendor words are data, by class. The substring HIT is never searched for: misses carry it too.
"""

from __future__ import annotations

import re
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


class CacheClass(StrEnum):
    """What one word of a cache says: SERVED from a store without asking the origin, VALIDATED with it."""

    SERVED = "served"
    VALIDATED = "validated"
    FORWARDED = "forwarded"
    STORED = "stored"
    NEUTRAL = "neutral"


def _words(served: str, validated: str = "", forwarded: str = "") -> dict[str, CacheClass]:
    table = {CacheClass.SERVED: served, CacheClass.VALIDATED: validated, CacheClass.FORWARDED: forwarded}
    return {word: kind for kind, words in table.items() for word in words.split()}


_NGINX: Final = _words("hit stale updating", "revalidated", "miss expired bypass scarce")
_VERCEL: Final = _words("hit stale prerender", "", "revalidated miss bypass")
_PLAIN: Final = _words("hit", "revalidated refreshhit", "miss expired bypass uncacheable")
_X_CACHE: Final = _words(
    "hit tcp_hit tcp_mem_hit tcp_remote_hit tcp_ims_hit tcp_negative_hit tcp_refresh_fail_hit",
    "refreshhit tcp_refresh_hit",
    "miss tcp_miss tcp_refresh_miss private_nostore config_nocache error",
)

VENDOR_WORDS: Final[Mapping[str, Mapping[str, CacheClass]]] = {
    "CF-Cache-Status": _words("hit stale updating", "revalidated", "miss expired bypass dynamic none"),
    "X-Cache": _X_CACHE,
    "X-Cache-Status": _NGINX,
    "X-Proxy-Cache": _NGINX,
    "X-Nginx-Cache": _NGINX,
    "X-Vercel-Cache": _VERCEL,
    "X-Nextjs-Cache": _VERCEL,
    "CDN-Cache": _PLAIN,
    "X-Drupal-Cache": _PLAIN,
    "X-LiteSpeed-Cache": _PLAIN,
    "Akamai-Cache-Status": _PLAIN,
    "X-Rack-Cache": _words("fresh", "valid", "miss invalid pass"),
    "X-Cache-Lookup": {},
    "X-Served-By": {},
    "X-Timer": {},
    "Via": {},
}
"""Field → first word of a list member (lower case) → class. Empty: the field proves nothing."""


def _by_table(table: Mapping[str, CacheClass]) -> Callable[[str], Iterator[CacheClass]]:
    def classes(value: str) -> Iterator[CacheClass]:
        for member in _members(value):
            word = re.split(r"[\s;(/]", member.strip(" \t\"'"), maxsplit=1)[0]
            yield table.get(word.lower(), CacheClass.NEUTRAL)

    return classes


def _members(value: str, separator: str = ",") -> list[str]:
    """Split a list field outside quotes; a quote that is never closed is a character like any other."""
    if '"' not in value:
        return [part for piece in value.split(separator) if (part := piece.strip())]
    pieces: list[str] = []
    begin = place = 0
    while place < len(value):
        if value[place] == separator:
            pieces.append(value[begin:place])
            begin = place + 1
        elif value[place] == '"':
            quoted = _QUOTED_STRING.match(value, place)
            if quoted is None:  # then no later one is closed either
                rest = value[place:].split(separator)
                pieces.append(value[begin:place] + rest[0])
                return [part for piece in (*pieces, *rest[1:]) if (part := piece.strip())]
            place = quoted.end() - 1
        place += 1
    return [part for piece in (*pieces, value[begin:]) if (part := piece.strip())]


_QUOTED_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _parameters(member: str) -> tuple[str, dict[str, str]]:
    """Split `name; key=value; flag` outside quotes; keys in lower case, values unquoted."""
    name, *rest = _members(member, ";") or [""]
    pairs = (parameter.partition("=") for parameter in rest)
    return name.lower(), {key.strip().lower(): text.strip(' "') for key, _, text in pairs}


def _cache_status(value: str) -> Iterator[CacheClass]:
    """RFC 9211, read leniently: `cache; hit; ttl=3, other; fwd=stale; fwd-status=304`."""
    for member in _members(value):
        name, parameters = _parameters(member)
        if "hit" in parameters and parameters["hit"] != "?0":
            yield CacheClass.SERVED
        elif parameters.get("fwd") == "stale" and parameters.get("fwd-status") == "304":
            yield CacheClass.VALIDATED
        elif "fwd" in parameters:
            yield CacheClass.FORWARDED
        else:
            yield _NGINX.get(name, CacheClass.NEUTRAL)


def _cache_hits(value: str) -> Iterator[CacheClass]:
    for member in _members(value):
        count = member if re.fullmatch(r"\d+", member, re.ASCII) else "0"
        yield CacheClass.SERVED if count.strip("0") else CacheClass.NEUTRAL


def _varnish(value: str) -> Iterator[CacheClass]:
    for member in _members(value):
        ids = member.split()
        if all(re.fullmatch(r"\d+", one, re.ASCII) for one in ids):
            yield CacheClass.SERVED if len(ids) > 1 else CacheClass.FORWARDED


def _server_timing(value: str) -> Iterator[CacheClass]:
    for member in _members(value):
        name, parameters = _parameters(member)
        if name == "cdn-cache":
            yield _NGINX.get(parameters.get("desc", "").lower(), CacheClass.NEUTRAL)


_FIELDS: Final[dict[str, tuple[str, Callable[[str], Iterator[CacheClass]]]]] = {
    name.lower(): (name, reader)
    for name, reader in (
        *((name, _by_table(table)) for name, table in VENDOR_WORDS.items()),
        ("Cache-Status", _cache_status),
        ("X-Cache-Hits", _cache_hits),
        ("X-Varnish", _varnish),
        ("Server-Timing", _server_timing),
    )
}
_LONGEST_VALUE: Final = 4096


def classify(name: str, value: str) -> list[CacheClass]:
    """Return the class of each member of a cache field, in order; an empty list for any other field."""
    field = _FIELDS.get(name.lower())
    return list(field[1](value[:_LONGEST_VALUE])) if field else []


def served_from_store(headers: Sequence[tuple[str, str]]) -> str | None:
    """Return why an answer is known to come from a store (`Age: 4`, `X-Cache: HIT from edge`), else None."""
    for name, value in headers:
        if CacheClass.SERVED in classify(name, value):
            return f"{_FIELDS[name.lower()][0]}: {visible(value, 80)}"
    age = parse_age(headers)
    return f"Age: {age}" if age else None


def parse_age(headers: Sequence[tuple[str, str]]) -> int | None:
    """Return `Age` in seconds: of the first line the first member (RFC 9111 section 5.1), else None."""
    first = next((value for name, value in headers if name.lower() == "age"), "")
    digits = first.partition(",")[0].strip()
    if not re.fullmatch(r"\d+", digits, re.ASCII):
        return None
    # RFC 9111 section 1.2.2: beyond 2^31 a delta counts as 2^31.
    return min(int(digits[:20]), 2**31)


_LONGEST_RETRY: Final = 86400.0


def retry_after(headers: Sequence[tuple[str, str]], now_epoch: float) -> float | None:
    """Return the seconds `Retry-After` asks for (a number or an HTTP-date), 0 to a day; None for nonsense."""
    value = next((value for name, value in headers if name.lower() == "retry-after"), "").strip()
    if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return min(max(0.0, float(value)), _LONGEST_RETRY)
    if not re.match(r"[A-Za-z]{3,9},? ", value):
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 -- 20 ms, and servers mostly send seconds

    try:
        moment = parsedate_to_datetime(value)
        epoch = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(0.0, epoch - now_epoch), _LONGEST_RETRY)
