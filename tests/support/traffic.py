"""Made-up traffic about one job: an origin with a history, replicas, stores, and the exchanges they give."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from jobctl.exchange import Exchange, Path

BASE = "http://api.test"
START = 1_760_000_000.0


def stamp(seconds):
    """An ISO time, as the origin writes it."""
    whole, micro = divmod(round((START + seconds) * 1_000_000), 1_000_000)
    import datetime as dt  # noqa: PLC0415 -- one helper needs it

    return dt.datetime.fromtimestamp(whole, dt.UTC).replace(tzinfo=None).isoformat() + f".{micro:06d}"


@dataclass
class Origin:
    """A job that changes at given times: version n is current from `changes[n]` on."""

    changes: list[float]
    job: str = "7"

    def version(self, at):
        return max((n for n, when in enumerate(self.changes) if when <= at), default=0)

    def record(self, version):
        last = len(self.changes) - 1
        return {
            "id": self.job,
            "status": "completed" if version == last else "processing" if version else "pending",
            "progress": round(100 * version / max(last, 1), 2),
            "updated_at": stamp(self.changes[version]),
        }


@dataclass
class Wire:
    """Makes numbered exchanges of a client with the `generation` API."""

    origin: Origin
    number: int = 0
    seen: list[Exchange] = field(default_factory=list)

    def read(self, at, version, *, took=0.01, query="", headers=(), asked=(), status=200, body=None, **more):
        given = {name.lower() for name, _ in headers}
        # A policy that neither allows nor forbids: silence would be a finding of its own.
        defaults = (("content-type", "application/json"), ("cache-control", "max-age=0"))
        headers = (*(pair for pair in defaults if pair[0] not in given), *headers)
        content = json.dumps(self.origin.record(version)).encode() if body is None else body
        return self._add(
            Exchange(
                self._next(),
                Path.PLAIN,
                "GET",
                f"{BASE}/api/v1/generation-jobs/{self.origin.job}{query}",
                tuple(asked),
                status,
                tuple(headers),
                content,
                START + at,
                START + at + took,
                START + at,
                **more,
            )
        )

    def event(self, at, version, **fields):
        record = {"type": "status", **self.origin.record(version), **fields}
        return self._add(
            Exchange(
                self._next(),
                Path.EVENT,
                "GET",
                f"{BASE}/ws/jobs/{self.origin.job}",
                (),
                101,
                (),
                json.dumps(record).encode(),
                START + at,
                START + at,
                START + at,
            )
        )

    def write(self, at, version, *, verb="/cancel", took=0.01, headers=()):
        return self._add(
            Exchange(
                self._next(),
                Path.WRITE,
                "POST",
                f"{BASE}/api/v1/generation-jobs{verb and f'/{self.origin.job}{verb}'}",
                (),
                200,
                tuple(headers),
                json.dumps(self.origin.record(version)).encode(),
                START + at,
                START + at + took,
                START + at,
            )
        )

    def _next(self):
        self.number += 1
        return self.number

    def _add(self, exchange):
        self.seen.append(exchange)
        return exchange
