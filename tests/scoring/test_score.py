"""`diagnose` against the truth, on a few real paths: the targets hold."""

from __future__ import annotations

import pytest
from scoring.cells import Result
from scoring.matrix import QUICK, Cell, full
from scoring.score import confusion, costs, score, targets, wrong
from scoring.truth import Kind, Truth
from support.components import require_program

from jobctl.caching.findings import Inconclusive, Verdict


def test_the_targets_hold():
    # One test, so that the experiments are made once, however the suite is spread over processes.
    for program in ("nginx", "haproxy", "varnishd"):
        require_program(program)
    results = score(QUICK, parallel=len(QUICK))
    missed = [row for row in targets(results) if not row[-1]]
    assert not missed, f"{missed}\n{wrong(results)}\n{confusion(results)}\n{costs(results)}"
    # The cells are still what they were chosen for.
    assert sum(one.truth.kind is Kind.CLEAN for one in results) == 12, confusion(results)
    assert all(one.truth.plain >= 2 for one in results)


CELL = Cell("plain", "bare", "nginx-pass")
CLEAN = Truth(5, 0, 0, 0, 0.0, 0.0)
CACHED = Truth(5, 2, 0, 0, 1.0, 0.0)
STALE = Truth(5, 2, 1, 0, 3.0, 2.0)


@pytest.mark.parametrize(
    ("truth", "verdict", "more", "fault"),
    [
        (CLEAN, Verdict.NO_CACHE_SEEN, {}, ""),
        (CLEAN, Verdict.CACHEABLE, {}, ""),
        (CLEAN, Verdict.SUSPECT_STALE, {}, ""),
        (CLEAN, Verdict.CACHE_DECLARED, {}, "blamed"),
        (CLEAN, Verdict.SERVED_FROM_CACHE, {}, "blamed"),
        (CLEAN, Verdict.PROVEN_STALE, {}, "blamed"),
        (CACHED, Verdict.PROVEN_STALE, {}, "overclaimed"),
        (CACHED, Verdict.NO_CACHE_SEEN, {"floor": 1.5}, ""),
        (CACHED, Verdict.NO_CACHE_SEEN, {"floor": 0.9}, "missed"),
        (STALE, Verdict.PROVEN_STALE, {"staleness": 1.9}, ""),
        (STALE, Verdict.PROVEN_STALE, {"staleness": 2.1}, "exaggerated"),
        (STALE, Verdict.INCONCLUSIVE, {"reason": Inconclusive.BUDGET}, ""),
        (CLEAN, Verdict.INCONCLUSIVE, {"crash": "Traceback"}, "crashed"),
    ],
)
def test_what_counts_as_wrong(truth, verdict, more, fault):
    result = Result(CELL, truth, verdict, **more)
    assert result.fault == fault
    named = {what for what, *_, met in targets([result]) if not met}
    undecided = {"caching paths undecided"} if result.is_undecided else set()
    assert bool(fault) is bool(named - undecided)
    assert undecided <= named


def test_the_matrix_has_every_origin_on_every_path_and_every_policy():
    cells = full(["a", "b"], ["plain", "echo"], runs=2)
    assert len(set(cells)) == len(cells)
    assert {(cell.origin, cell.path, cell.run) for cell in cells} == {
        (origin, path, run) for origin in ("plain", "echo") for path in "ab" for run in (0, 1)
    }
    assert len({cell.policy for cell in cells if cell.path == "a"}) == 5
