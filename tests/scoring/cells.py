"""Runs cells, many at a time (an experiment mostly waits), and holds each against the truth."""

from __future__ import annotations

import os
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from scoring.matrix import ORIGINS, TOKEN, Cell
from scoring.truth import Kind, Truth, truth

from jobctl.caching.findings import Inconclusive, Verdict
from jobctl.caching.probe import ProbeSettings, run_probe
from jobctl.profile.builtin import BUILTIN
from jobctl.profile.parse import parse_profile

BLAMING = frozenset({Verdict.PROVEN_STALE, Verdict.SERVED_FROM_CACHE, Verdict.CACHE_DECLARED})
_VARIABLE = "JOBCTL_SCORING_TOKEN"


class Result(NamedTuple):
    """What the probe said about a cell, and what was so. `crash` is a traceback instead of a verdict."""

    cell: Cell
    truth: Truth
    verdict: Verdict = Verdict.INCONCLUSIVE
    reason: Inconclusive | None = None
    rules: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    floor: float | None = None
    staleness: float | None = None
    requests: int = 0
    seconds: float = 0.0
    crash: str = ""

    @property
    def is_caching(self):
        return self.truth.kind is not Kind.CLEAN

    @property
    def is_blamed(self):
        """A clean path was called a cache."""
        return not self.is_caching and self.verdict in BLAMING

    @property
    def is_missed(self):
        """A path whose copies were old enough to show was called free of caches."""
        return self._is_above_floor and self.verdict is Verdict.NO_CACHE_SEEN

    @property
    def is_understated(self):
        """As `is_missed`, but the verdict at least says that caching is allowed."""
        return self._is_above_floor and self.verdict is Verdict.CACHEABLE

    @property
    def is_overclaimed(self):
        """Called stale when every copy was still right."""
        return self.truth.kind is Kind.CACHED and self.verdict is Verdict.PROVEN_STALE

    @property
    def is_undecided(self):
        return self.is_caching and self.verdict is Verdict.INCONCLUSIVE

    @property
    def is_exaggerated(self):
        """More seconds out of date were reported than there were."""
        measured = self.staleness if self.truth.stale and self.verdict is Verdict.PROVEN_STALE else None
        return measured is not None and not self.truth.validated and measured > self.truth.worst + 0.001

    @property
    def _is_above_floor(self):
        return self.is_caching and self.floor is not None and self.truth.oldest > self.floor

    @property
    def fault(self):
        """Return what is wrong in a word, an empty string where nothing is."""
        named = {
            "crashed": bool(self.crash),
            "blamed": self.is_blamed,
            "missed": self.is_missed,
            "overclaimed": self.is_overclaimed,
            "exaggerated": self.is_exaggerated,
        }
        return next((word for word, holds in named.items() if holds), "")


def profile_for(cell, way):
    """Return the built-in profile at the origin's address, with a token only where the origin asks for it."""
    auth = {"bearer_env": _VARIABLE, "optional": True}
    return parse_profile("generation", BUILTIN["generation"] | {"base_url": way.direct, "auth": auth})


def run_cell(cell, jobs, way):
    """Run one experiment on a job of its own."""
    job = jobs.add(cell.job_id, cell.behaviour())
    environ = {_VARIABLE: TOKEN} if ORIGINS[cell.origin].auth else {}
    settings = ProbeSettings(
        profile=profile_for(cell, way), job=job.id, proxy=way.proxied, origin=way.direct, check_stream=False
    )
    try:
        report = run_probe(settings, environ=environ)
    except Exception:  # noqa: BLE001 -- a crash of the probe is a result like any other
        return Result(cell, truth((), job), crash=traceback.format_exc())
    told = report.diagnosis
    return Result(
        cell,
        truth(report.exchanges, job, query_in_key=way.query_in_key),
        told.verdict,
        told.reason,
        tuple(dict.fromkeys(str(finding.rule) for finding in told.findings)),
        tuple(str(flag) for flag in told.flags),
        told.floor.seconds if told.floor else None,
        told.staleness,
        report.requests,
        report.seconds,
    )


def run_cells(cells, jobs, ways, parallel, tell=None):
    """Run cells side by side; the results are in the order of the cells."""
    count, lock = 0, threading.Lock()

    def one(cell):
        nonlocal count
        result = run_cell(cell, jobs, ways[cell.path])
        with lock:
            count += 1
            if tell is not None:
                tell(count, len(cells))
        return result

    os.environ.pop("JOBCTL_TOKEN", None)
    with ThreadPoolExecutor(parallel) as pool:
        started = []
        for cell in cells:
            started.append(pool.submit(one, cell))
            if len(started) <= parallel:
                time.sleep(0.02)  # experiments in step would all burden the machine at the same moments
        return [future.result() for future in started]
