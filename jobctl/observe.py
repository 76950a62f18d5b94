"""From a payload to an observation: the profile's fields read, nothing judged.

A `Reader` is built once per profile. Whatever a server sends, reading it never raises: a field that does not
make sense is absent, and a payload without a status is an observation whose `status` is None.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.model import Http, JobStatus, Observation, Source
from jobctl.profile.fields import alternatives_of, compile_path, is_falsy
from jobctl.stored import observe_stored, stored_record
from jobctl.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.profile.model import Profile

FIELD_ORDER: Final = ("status", "id", "updated_at", "progress", "attempt", "error", "result")
_ID: Final = FIELD_ORDER.index("id")
_UNKNOWN: Final = JobStatus.UNKNOWN
_STREAM: Final = Source.STREAM
_STORE: Final = Source.STORE
_LONGEST_WORD: Final = 200
_MEMO_LIMIT: Final = 512

Values = list[Any] | tuple[Any, ...]
"""One value per name in `FIELD_ORDER`; None where there is none."""
_NOTHING: Final[Values] = (None,) * len(FIELD_ORDER)
_new: Final = tuple.__new__
"""Makes a named tuple at half the cost of calling its class."""


class Reader:
    """Reads the payloads of one API as its profile describes them."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._extract = _extractor([profile.fields.get(name) for name in FIELD_ORDER])
        self._frame_type = compile_path(profile.frame_type)
        self._keepalives = profile.keepalive_types
        self._full = profile.progress_max
        self._scale = 100.0 / profile.progress_max
        self._memo: dict[str, tuple[JobStatus, str]] = {}

    def observe(
        self,
        payload: Any,
        source: Source,
        job: str,
        received_at: float,
        *,
        basis: int | None = None,
        http: Http | None = None,
    ) -> Observation:
        """Read one payload (parsed JSON, or the text of a frame that is no JSON).

        What comes from our own store as `{"stored": {…}}` is in our words, not in the profile's.
        """
        if source is _STORE and (record := stored_record(payload)) is not None:
            return observe_stored(record, payload, job, received_at)
        word, said_id, updated_at, progress, attempt, error, result = self._extract(payload)
        known = self._memo.get(word) if word.__class__ is str else None
        status, raw = known or self._read_status(word)
        return _new(
            Observation,
            (
                job,
                source,
                received_at,
                payload,
                status,
                raw,
                said_id if said_id is None or (said_id.__class__ is str and said_id) else _as_id(said_id),
                attempt if attempt.__class__ is int else None,
                None if updated_at is None else parse_timestamp(updated_at),
                progress * self._scale
                if progress.__class__ is float and 0.0 <= progress <= self._full
                else None
                if progress is None
                else self._as_percent(progress),
                None if error is None or is_falsy(error) else error,
                result,
                (status is None or status is _UNKNOWN) and source is _STREAM and self._is_keepalive(payload),
                basis,
                http,
            ),
        )

    def _read_status(self, word: Any) -> tuple[JobStatus | None, str | None]:
        if word is True or word is False or not isinstance(word, str | int):
            return None, None
        try:
            raw = str(word).strip()[:_LONGEST_WORD]
        except ValueError:  # an int of more digits than Python is willing to print
            return None, None
        if not raw:
            return None, None
        status = self.profile.status_of(raw)
        if isinstance(word, str) and len(self._memo) < _MEMO_LIMIT and len(word) < _LONGEST_WORD:
            self._memo[word] = status, raw
        return status, raw

    def _is_keepalive(self, payload: Any) -> bool:
        kind = payload if isinstance(payload, str) else self._frame_type(payload)
        return isinstance(kind, str) and kind.strip().casefold() in self._keepalives

    def _as_percent(self, value: Any) -> float | None:
        kind = value.__class__
        if (kind is int or kind is float) and 0 <= value <= self._full:
            return value * self._scale  # type: ignore[no-any-return]
        if isinstance(value, str):
            try:
                value = float(value.strip().removesuffix("%"))
            except ValueError:
                return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not -1e9 < value < 1e9 or math.isnan(value):
            return None
        return float(min(max(value * self._scale, 0.0), 100.0))


def _as_id(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**40:
        return None
    return str(value)


class _Names(NamedTuple):
    """Where one field is looked for: under `inner` in the envelope, then under `outer`, in order."""

    inner: str | None
    outer: tuple[str, ...]


def _extractor(expressions: list[str | None]) -> Callable[[Any], Values]:
    """Pick the cheapest way to read all fields: by name, in an optional envelope, or by any path."""
    split = [_names_of(expression) for expression in expressions]
    envelopes = {envelope for found in split if found is not None for envelope in found[1:] if envelope}
    if any(found is None for found in split) or len(envelopes) > 1:
        getters = [compile_path(expression) if expression else _absent for expression in expressions]
        return lambda payload: tuple(getter(payload) for getter in getters)
    names = [found[0] for found in split if found is not None]
    read = _by_name([name.outer for name in names])
    if not envelopes:
        return read
    return _enveloped(
        envelopes.pop(), _by_name([(name.inner,) if name.inner else () for name in names]), read
    )


def _names_of(expression: str | None) -> tuple[_Names, str | None] | None:
    """Split `E.name || other || name`; None for any other kind of expression."""
    if expression is None:
        return _Names(None, ()), None
    chains = alternatives_of(expression)
    if chains is None:
        return None
    envelope = inner = None
    if len(chains[0]) == 2 and len(chains) > 1:
        envelope, inner = chains[0]
        chains = chains[1:]
    if any(len(chain) != 1 for chain in chains):
        return None
    return _Names(inner, tuple(chain[0] for chain in chains)), envelope


def _by_name(alternatives: list[tuple[str, ...]]) -> Callable[[Any], Values]:
    # JSON keys are strings: `payload.get(None)` reads a field the profile does not have as absent.
    status, said_id, updated_at, progress, attempt, error, result = (
        names[0] if names else None for names in alternatives
    )
    others = [(index, names[1:]) for index, names in enumerate(alternatives) if len(names) > 1]

    def read(payload: Any) -> Values:
        if payload.__class__ is not dict:
            return _NOTHING
        get = payload.get
        values = [
            get(status),
            get(said_id),
            get(updated_at),
            get(progress),
            get(attempt),
            get(error),
            get(result),
        ]
        for index, names in others:
            value = values[index]
            if value is None or is_falsy(value):
                for name in names:
                    value = get(name)
                    if value is not None and not is_falsy(value):
                        break
                values[index] = value
        return values

    return read


def _enveloped(
    envelope: str, read_inner: Callable[[Any], Values], read_outer: Callable[[Any], Values]
) -> Callable[[Any], Values]:
    def read(payload: Any) -> Values:
        if payload.__class__ is not dict:
            return _NOTHING
        inner = payload.get(envelope)
        if not inner and (inner.__class__ is dict or envelope in payload):
            outer = read_outer(payload)
            # `{"status": "success", "job": null}`: the word is about the answer, and there is no job in it.
            return _NOTHING if is_falsy(outer[_ID]) else outer
        if inner.__class__ is not dict:
            return read_outer(payload)
        values = read_inner(inner)
        if len(payload) == 1:
            return values
        outer = read_outer(payload)
        return tuple(o if is_falsy(i) else i for i, o in zip(values, outer, strict=True))

    return read


def _absent(_payload: Any) -> None:
    return None
