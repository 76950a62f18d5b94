"""May a cache store this answer, and for how long is it fresh? RFC 9111, in the order of its sections.

Every answer names the section it stands on. The clock comes in as data. This is the view of a *diagnosis*:
where RFC 9111 lets a cache choose, it says what a cache may do at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.caching.fields import (
    TARGETED,
    CacheControl,
    cache_control,
    combined,
    delta_seconds,
    first,
    http_date,
    vary,
)

if TYPE_CHECKING:
    from jobctl.exchange import Headers

HEURISTICALLY_CACHEABLE: Final = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
"""RFC 9110 section 15.1. 202 is not among them; 404 is."""
_UNDERSTOOD: Final = HEURISTICALLY_CACHEABLE | {302, 307, 400, 401, 403, 500, 502, 503, 504}
_HEURISTIC_SHARE: Final = 0.1
"""RFC 9111 section 4.2.2: the usual tenth of the time since Last-Modified."""


class Store(NamedTuple):
    """Whether a shared or private cache may store an answer, why, and the section that says so."""

    allowed: bool
    why: str
    section: str


class Freshness(NamedTuple):
    """Freshness lifetime in seconds; `how` is the directive or field it comes from."""

    lifetime: float
    how: str
    section: str
    is_heuristic: bool = False


class Policy(NamedTuple):
    """The directives that count for one cache, and the field they stand in.

    `ignores_expires`: a targeted field replaces `Expires` as well (RFC 9213 section 2.2).
    """

    control: CacheControl
    field: str
    ignores_expires: bool = False


def policy(headers: Headers, targets: tuple[str, ...] = ()) -> Policy:
    """Return the policy for a cache that knows these targeted fields, most specific first (RFC 9213)."""
    for name in targets:
        control = cache_control(headers, name.lower())
        if control.directives:  # an empty or unreadable one is ignored (section 2.1)
            return Policy(control, name, ignores_expires=True)
    return Policy(cache_control(headers), "Cache-Control")


def may_store(
    method: str,
    status: int,
    headers: Headers,
    *,
    shared: bool = True,
    authorized: bool = False,
    targets: tuple[str, ...] = (),
) -> Store:
    """RFC 9111 section 3: may a cache store the answer to this request?

    `authorized`: the request carried `Authorization`.
    """
    control = policy(headers, targets).control
    if method not in {"GET", "HEAD"}:
        return Store(False, f"{method} is not a method whose answers are cached", "3")
    if not 200 <= status < 600:
        return Store(False, "it is no final answer", "3")
    if "must-understand" in control and status in _UNDERSTOOD:
        pass  # section 5.2.2.3: no-store beside it is for caches that do not know the status
    elif "no-store" in control:
        return Store(False, "no-store", "5.2.2.5")
    if shared and control.unqualified("private"):
        return Store(False, "private", "5.2.2.7")
    if shared and authorized and not any(one in control for one in ("public", "must-revalidate", "s-maxage")):
        return Store(False, "the request carried Authorization", "3.5")
    return _explicitly_or_by_status(status, headers, control, shared=shared, targets=targets)


def _explicitly_or_by_status(
    status: int, headers: Headers, control: CacheControl, *, shared: bool, targets: tuple[str, ...]
) -> Store:
    for directive in ("public", "max-age", *(["s-maxage"] if shared else ["private"])):
        if directive in control:
            return Store(True, directive, "3")
    if not policy(headers, targets).ignores_expires and first(headers, "expires") is not None:
        return Store(True, "Expires", "3")
    if status in HEURISTICALLY_CACHEABLE:
        return Store(True, f"{status} is cacheable by default", "4.2.2")
    return Store(False, f"{status} without explicit freshness", "3")


def freshness(
    status: int,
    headers: Headers,
    *,
    received: float | None = None,
    shared: bool = True,
    targets: tuple[str, ...] = (),
) -> Freshness:
    """RFC 9111 section 4.2.1: the first of s-maxage (shared), max-age, Expires less Date, heuristic.

    `received` (epoch seconds) stands in for a missing `Date` (section 6.6.1 of RFC 9110).
    """
    control, field, ignores_expires = policy(headers, targets)
    for directive in ("s-maxage", "max-age") if shared else ("max-age",):
        if (seconds := control.seconds(directive)) is not None:
            return Freshness(float(seconds), f"{field}: {directive}={seconds}", "4.2.1")
    date = http_date(first(headers, "date"))
    date = received if date is None else date
    if not ignores_expires and (expires := first(headers, "expires")) is not None:
        moment = http_date(expires)
        # Section 5.3: an invalid date, "0" above all, is in the past. Of several lines the first counts.
        lifetime = 0.0 if moment is None or date is None else max(0.0, moment - date)
        return Freshness(lifetime, f"Expires: {expires}", "4.2.1")
    modified = http_date(first(headers, "last-modified"))
    # Section 4.2.2: no heuristic where anything explicit is there.
    if status in HEURISTICALLY_CACHEABLE and modified is not None and date is not None and date > modified:
        lifetime = _HEURISTIC_SHARE * (date - modified)
        return Freshness(lifetime, "a tenth of the time since Last-Modified", "4.2.2", is_heuristic=True)
    return Freshness(0.0, "nothing says how long", "4.2.2")


def current_age(age: int | None, response_delay: float, resident: float) -> float:
    """RFC 9111 section 4.2.3 without `apparent_age`: clock skew must never become age in a diagnosis.

    `response_delay` and `resident` are seconds on our own clock.
    """
    return (age or 0) + max(0.0, response_delay) + max(0.0, resident)


def is_fresh(lifetime: float, age: float) -> bool:
    """RFC 9111 section 4.2: fresh while the lifetime is greater than the age."""
    return lifetime > age


def stale_horizon(
    status: int,
    headers: Headers,
    *,
    received: float | None = None,
    shared: bool = True,
    targets: tuple[str, ...] = (),
) -> float:
    """Return for how many seconds a stored answer may come back: the number to tell a person.

    RFC 9111 section 4.2.4 and RFC 5861: lifetime + max(stale-while-revalidate, stale-if-error). With no-cache
    (section 5.2.2.4) every use asks the origin: 0. `must-revalidate` and its like allow no stale use.
    """
    control = policy(headers, targets).control
    if control.unqualified("no-cache"):
        return 0.0
    lifetime = freshness(status, headers, received=received, shared=shared, targets=targets).lifetime
    strict = ("must-revalidate", *(("proxy-revalidate", "s-maxage") if shared else ()))
    if any(one in control for one in strict):
        return lifetime
    extra = [control.seconds(name) or 0 for name in ("stale-while-revalidate", "stale-if-error")]
    return lifetime + max(extra)


def varies_by_anything(headers: Headers) -> bool:
    """RFC 9111 section 4.1: `Vary: *` never matches a later request."""
    return "*" in vary(headers)


# --- What caches do with answers that say nothing -----------------------------------------------------------


class Default(NamedTuple):
    """What one vendor does, unless configured otherwise, with a 200 that has no policy of its own."""

    vendor: str
    seconds: int
    needs_validator: bool = False
    caches_authorized: bool = False
    """It also stores answers to requests with Authorization."""


VENDOR_DEFAULTS: Final = (
    Default("CloudFront", 86400, caches_authorized=True),
    Default("Fastly", 3600, caches_authorized=True),
    Default("Varnish", 120),
    Default("HAProxy", 60, needs_validator=True),
)
"""Measured for Varnish and HAProxy (its `max-age` setting, 60 by default); documented for the rest."""


class Exposure(NamedTuple):
    """For how long shared caches may answer from memory, and on what ground."""

    seconds: float
    ground: str
    section: str


def exposure(
    method: str, status: int, headers: Headers, *, authorized: bool = False, received: float | None = None
) -> Exposure | None:
    """Return what lets a shared cache keep this answer, the longest ground of all; None when nothing does."""
    grounds: list[Exposure] = []
    for targets in ((), *((name,) for name in TARGETED if combined(headers, name) is not None)):
        store = may_store(method, status, headers, authorized=authorized, targets=targets)
        seconds = stale_horizon(status, headers, received=received, targets=targets)
        if store.allowed and seconds > 0 and not varies_by_anything(headers):
            how = freshness(status, headers, received=received, targets=targets)
            grounds.append(Exposure(seconds, how.how, how.section))
    grounds += _vendor_fields(headers)
    if not grounds:
        grounds += _silence(status, headers, authorized=authorized)
    return max(grounds, default=None)


def _vendor_fields(headers: Headers) -> list[Exposure]:
    found = []
    surrogate = cache_control(headers, "surrogate-control")
    if "no-store" not in surrogate and (seconds := surrogate.seconds("max-age")):
        found.append(Exposure(float(seconds), f"Surrogate-Control: max-age={seconds}", "RFC 9213"))
    accel = first(headers, "x-accel-expires")
    if accel is not None and (seconds := delta_seconds(accel)):
        found.append(Exposure(float(seconds), f"X-Accel-Expires: {seconds}", "nginx"))
    return found


def _silence(status: int, headers: Headers, *, authorized: bool) -> list[Exposure]:
    """Answers without any policy are kept by some caches all the same, by default."""
    said = any(combined(headers, name) is not None for name in ("cache-control", "expires", *TARGETED))
    if said or status != 200 or varies_by_anything(headers):
        return []
    has_validator = any(first(headers, name) is not None for name in ("etag", "last-modified"))
    who = [
        one
        for one in VENDOR_DEFAULTS
        if (has_validator or not one.needs_validator) and (one.caches_authorized or not authorized)
    ]
    names = ", ".join(f"{one.vendor} {one.seconds} s" for one in who)
    longest = max(float(one.seconds) for one in who)
    return [Exposure(longest, f"no policy at all: some caches keep that by default ({names})", "4.2.2")]
