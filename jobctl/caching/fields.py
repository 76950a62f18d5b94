"""HTTP caching fields read as RFC 9110, 9111, 9211 and 9213 have them, in that order. Nothing here raises.

A value that makes no sense is absent or says so; bytes from a server never become an exception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jobctl.exchange import Headers

_LARGEST: Final = 2**31
"""RFC 9111 section 1.2.2: larger numbers of seconds count as this one."""
_LONGEST: Final = 8192
_DIRECTIVE: Final = re.compile(
    r"""[\s,]*([^\s=,;"]+) (?:\s*=\s* (?: "((?:[^"\\]|\\.)*)" | ([^\s,"]*) ) )? [^,]*""",
    re.VERBOSE | re.DOTALL,
)


def values(headers: Headers, name: str) -> list[str]:
    """Return all lines of a field, in order; field names have no case (RFC 9110 section 5.1)."""
    wanted = name.lower()
    return [value for key, value in headers if key.lower() == wanted]


def first(headers: Headers, name: str) -> str | None:
    """Return the first line of a field."""
    return next(iter(values(headers, name)), None)


def combined(headers: Headers, name: str) -> str | None:
    """Return the lines of a list field as one (RFC 9110 section 5.3), None where there is none."""
    lines = values(headers, name)
    return ", ".join(lines) if lines else None


# --- RFC 9110: validators and dates -------------------------------------------------------------------------


class ETag(NamedTuple):
    """An entity tag; `tag` without its quotes. `is_valid`: written as RFC 9110 section 8.8.3 wants it."""

    tag: str
    weak: bool
    is_valid: bool


def etag(value: str | None) -> ETag | None:
    """Read an entity tag; `W/` has a case. One without quotes, as some servers send, is kept, marked."""
    if value is None or not value.strip():
        return None
    text = value.strip()
    weak = text.startswith("W/")
    opaque = text[2:] if weak else text
    if re.fullmatch(r'"[\x21\x23-\x7e\x80-\xff]*"', opaque):
        return ETag(opaque[1:-1], weak, is_valid=True)
    return ETag(opaque.strip('"'), weak, is_valid=False)


def strong_match(one: ETag, other: ETag) -> bool:
    """RFC 9110 section 8.8.3.2, strong comparison: neither weak, and identical."""
    return not one.weak and not other.weak and one.tag == other.tag


def weak_match(one: ETag, other: ETag) -> bool:
    """RFC 9110 section 8.8.3.2, weak comparison: what `If-None-Match` uses."""
    return one.tag == other.tag


def http_date(value: str | None) -> float | None:
    """Read an HTTP-date (RFC 9110 section 5.6.7) as seconds since the epoch; None for anything else."""
    if value is None or not re.match(r"\s*[A-Za-z]{3,9},? ", value) or len(value) > 64:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def vary(headers: Headers) -> frozenset[str]:
    """Return the names in `Vary`, lower case; `*` among them never matches (RFC 9111 section 4.1)."""
    lines = values(headers, "vary")
    return frozenset(name for line in lines for part in line.split(",") if (name := part.strip().lower()))


# --- RFC 9111: Cache-Control, Age ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CacheControl:
    """Directives by name, lower case, with their arguments in order (None: no argument).

    Names have no case, arguments may be quoted, lines may be repeated (RFC 9111 section 5.2).
    """

    directives: Mapping[str, tuple[str | None, ...]]

    def __contains__(self, name: object) -> bool:
        return name in self.directives

    def unqualified(self, name: str) -> bool:
        """Tell whether a directive stands there without field names (`private`, not `private="x"`)."""
        return any(not argument for argument in self.directives.get(name, ()))

    def seconds(self, name: str) -> int | None:
        """Return a delta-seconds argument: the first one; an invalid one is 0, that is, stale at once.

        RFC 9111 section 4.2.1: of duplicates the first counts, and invalid freshness means stale.
        """
        arguments = self.directives.get(name)
        if not arguments:
            return None
        return delta_seconds(arguments[0]) or 0


def cache_control(headers: Headers, name: str = "cache-control") -> CacheControl:
    """Read `Cache-Control`, or a field that is written like it."""
    found: dict[str, list[str | None]] = {}
    text = (combined(headers, name) or "")[:_LONGEST]
    for match in _DIRECTIVE.finditer(text):
        quoted, token = match[2], match[3]
        argument = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else token
        found.setdefault(match[1].lower(), []).append(argument)
    return CacheControl({key: tuple(arguments) for key, arguments in found.items()})


def delta_seconds(text: str | None) -> int | None:
    """Read non-negative seconds (RFC 9111 section 1.2.2); None for anything else."""
    if text is None or not re.fullmatch(r"\s*\d+\s*", text, re.ASCII):
        return None
    return min(int(text.strip()[:20]), _LARGEST)


# --- RFC 9213: targeted fields ------------------------------------------------------------------------------

TARGETED: Final = ("CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Vercel-CDN-Cache-Control")
"""Fields that replace Cache-Control and Expires for the caches that know them."""
VENDOR_POLICY: Final = ("Surrogate-Control", "X-Accel-Expires", "Edge-Control")
"""The same idea before RFC 9213, each known to its own vendor."""

# --- What a policy or validator looks like, to compare two paths by -----------------------------------------

POLICY_FIELDS: Final = (
    "Cache-Control",
    "Expires",
    "Pragma",
    "Vary",
    "ETag",
    "Last-Modified",
    *TARGETED,
    *VENDOR_POLICY,
)
_LISTS: Final = frozenset({"cache-control", "vary", "pragma", *(name.lower() for name in TARGETED)})
_CODING_SUFFIX: Final = re.compile(r"[-;](gzip|br|deflate|zstd)$")


def normal(headers: Headers, name: str) -> str | None:
    """Return a field so that two that mean the same are equal: case, order, folding, `W/`, `-gzip`."""
    key = name.lower()
    text = combined(headers, name)
    if text is None:
        return None
    if key in _LISTS:
        return ", ".join(sorted(re.sub(r"\s+", "", part).lower() for part in text.split(",") if part.strip()))
    if key == "etag":
        tag = etag(values(headers, name)[0])
        return _CODING_SUFFIX.sub("", tag.tag) if tag else None
    return re.sub(r"\s+", " ", text).strip()


# --- RFC 9211: Cache-Status ---------------------------------------------------------------------------------


class CacheStatus(NamedTuple):
    """What one cache says it did. The first of a list is nearest the origin (RFC 9211 section 2)."""

    cache: str
    hit: bool = False
    fwd: str | None = None
    fwd_status: int | None = None
    ttl: int | None = None
    """Seconds of freshness left; negative: it served a stale answer (section 2.4)."""
    stored: bool = False
    collapsed: bool = False
    key: str | None = None
    is_strict: bool = True
    """False: not written as RFC 8941 has it, read leniently."""


def cache_status(headers: Headers) -> tuple[CacheStatus, ...]:
    """Read `Cache-Status`: as a structured field, else leniently, as vendors really send it."""
    text = combined(headers, "cache-status")
    if text is None:
        return ()
    return _strict(text[:_LONGEST]) or _lenient(text[:_LONGEST])


_BARE_WORDS: Final = frozenset({"hit", "miss", "stale", "revalidated"})


def _strict(text: str) -> tuple[CacheStatus, ...] | None:
    import http_sf  # noqa: PLC0415 -- only where the field is there

    try:
        members: Any = http_sf.parse(text.encode("ascii"), tltype="list")
        # `HIT` alone is one cache of that name to the grammar, and a vendor's word to everybody else.
        if any(not parameters and str(name).lower() in _BARE_WORDS for name, parameters in members):
            return None
        return tuple(_member(str(name), dict(parameters), is_strict=True) for name, parameters in members)
    except Exception:  # noqa: BLE001 -- whatever a parser of untrusted bytes raises, it is not strict
        return None


def _lenient(text: str) -> tuple[CacheStatus, ...]:
    found = []
    for part in text.split(","):
        name, *rest = [piece.strip() for piece in part.split(";")]
        pairs = (piece.partition("=") for piece in rest if piece)
        parameters = {
            key.strip().lower(): value.strip().strip('"') if equals else True for key, equals, value in pairs
        }
        word = name.lower()
        if word in _BARE_WORDS and not parameters:
            parameters = {"hit": True} if word == "hit" else {"fwd": word}
        if name:
            found.append(_member(name.strip('"'), parameters, is_strict=False))
    return tuple(found)


def _member(name: str, parameters: Mapping[str, object], *, is_strict: bool) -> CacheStatus:
    def number(key: str) -> int | None:
        text = str(parameters.get(key, ""))
        return int(text[:12]) if re.fullmatch(r"-?\d+", text, re.ASCII) else None

    def flag(key: str) -> bool:
        return parameters.get(key, False) not in {False, "?0", "0", "false"}

    fwd, key = parameters.get("fwd"), parameters.get("key")
    return CacheStatus(
        cache=name,
        hit=flag("hit"),
        fwd=str(fwd).lower() if fwd is not None and fwd is not True else None,
        fwd_status=number("fwd-status"),
        ttl=number("ttl"),
        stored=flag("stored"),
        collapsed=flag("collapsed"),
        key=str(key) if key is not None else None,
        is_strict=is_strict,
    )


def shown(headers: Headers, names: Iterable[str]) -> Sequence[tuple[str, str]]:
    """Return the fields of these names as they came, combined, for a table."""
    return [(name, text) for name in names if (text := combined(headers, name)) is not None]
