"""How often is `diagnose` right? `python tests/scoring/score.py [--quick] [--paths A,B] [--origins A,B]`

Origins that confuse a cache detector, what they say about caching, real caches and sandbox tunnels before
them: each combination is diagnosed once, and the verdict is held against the origin's own log.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scoring.cells import BLAMING, run_cells
from scoring.matrix import ORIGINS, QUICK, full
from scoring.truth import Kind
from scoring.ways import available, opened
from tabulate import tabulate

from jobctl.caching.findings import Verdict

PARALLEL = 32
UNDECIDED = 0.10


def score(cells, parallel=PARALLEL, seed=0, tell=None):
    """Start what the cells need, run them, and return the results."""
    with opened(sorted({cell.path for cell in cells}), seed) as (jobs, ways):
        return run_cells(cells, jobs, ways, parallel, tell)


def confusion(results):
    """Verdict by ground truth."""
    counts = Counter((result.verdict, result.truth.kind) for result in results if not result.crash)
    rows = [[str(verdict), *(counts[verdict, kind] or "" for kind in Kind)] for verdict in Verdict]
    return tabulate(rows, headers=["verdict", *(f"truth: {kind}" for kind in Kind)], tablefmt="github")


def wrong(results, *, soft=False):
    """Every cell that is wrong or undecided; `soft`: also what caches without being called a cache."""
    rows = []
    for result in results:
        fault = result.fault or ("understated" if result.is_understated else "")
        is_soft = soft and result.is_caching and result.verdict not in BLAMING
        if not (fault or result.is_undecided or is_soft):
            continue
        known = result.truth
        rows.append(
            (
                fault or ("undecided" if result.is_undecided else "soft"),
                "/".join(result.cell[:3]) + f" #{result.cell.run}",
                known.kind,
                f"{known.from_memory}/{known.plain} kept, {known.stale} stale, {known.oldest:.1f} s old",
                f"{result.verdict} {result.reason or ''}",
                " ".join(result.rules),
                f"{result.floor:.2f} s" if result.floor is not None else "-",
            )
        )
    heads = ("what", "origin/policy/path", "truth", "in numbers", "verdict", "rules", "floor")
    return tabulate(sorted(rows), headers=heads, tablefmt="github", disable_numparse=True)


def targets(results):
    """Return rows (what, target, measured, met)."""
    clean = [result for result in results if not result.is_caching]
    caching = [result for result in results if result.is_caching]
    undecided = [result for result in caching if result.is_undecided]
    reasons = Counter(str(result.reason) for result in undecided)
    share = len(undecided) / len(caching) if caching else 0.0

    def none_of(what, among, chosen):
        found = sum(chosen(result) for result in among)
        return what, "0", f"{found} of {len(among)}", found == 0

    return [
        none_of("crashes", results, lambda result: bool(result.crash)),
        none_of("clean paths called PROVEN, SERVED, DECLARED", clean, lambda result: result.is_blamed),
        none_of("caching paths above the floor called clean", caching, lambda result: result.is_missed),
        none_of("right copies called stale", caching, lambda result: result.is_overclaimed),
        none_of("staleness larger than it was", caching, lambda result: result.is_exaggerated),
        (
            "caching paths undecided",
            f"≤ {UNDECIDED:.0%}",
            f"{len(undecided)} of {len(caching)} ({share:.1%}): "
            + (", ".join(f"{count} {reason}" for reason, count in reasons.most_common()) or "-"),
            share <= UNDECIDED,
        ),
    ]


def costs(results):
    """Requests and seconds, of caching and of clean paths."""
    rows = []
    for name, caching in (("caching", True), ("clean", False)):
        chosen = [one for one in results if one.is_caching is caching and not one.crash]
        for unit in ("requests", "seconds"):
            values = [getattr(one, unit) for one in chosen] or [0]
            rows.append((name, unit, f"{statistics.median(values):.1f}", f"{max(values):.1f}"))
    return tabulate(rows, headers=("paths", "of", "median", "max"), tablefmt="github", disable_numparse=True)


def beside(results):
    """Softer numbers, no targets."""
    clean = [result for result in results if not result.is_caching]
    caching = [result for result in results if result.is_caching]
    stale = [result for result in results if result.truth.kind is Kind.STALE]
    counts = {
        "caching paths above the floor called CACHEABLE only": sum(one.is_understated for one in caching),
        "clean paths called SUSPECT_STALE": sum(one.verdict is Verdict.SUSPECT_STALE for one in clean),
        "clean paths undecided": sum(one.verdict is Verdict.INCONCLUSIVE for one in clean),
        "paths that served stale state": len(stale),
        "… of them PROVEN_STALE": sum(one.verdict is Verdict.PROVEN_STALE for one in stale),
    }
    return "\n".join(f"{name}: {count}" for name, count in counts.items())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the few cells that the test runs")
    parser.add_argument("--paths", type=lambda text: text.split(","), help="names, with commas between them")
    parser.add_argument(
        "--origins", type=lambda text: text.split(","), help="names, with commas between them"
    )
    parser.add_argument("--runs", type=int, default=1, help="how often to go through the matrix")
    parser.add_argument("--parallel", type=int, default=PARALLEL, help="experiments at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the replicas' draws")
    parser.add_argument("--soft", action="store_true", help="list caching paths with a mild verdict too")
    given = parser.parse_args()
    names, missing = available()
    for kind, asked, known in (("path", given.paths, names), ("origin", given.origins, list(ORIGINS))):
        for name in asked or ():
            if name not in known:
                parser.error(f"no {kind} {name!r} here: there are {', '.join(known)}")
    return given, given.paths or names, given.origins or list(ORIGINS), missing


def show(results, *, soft):
    print(
        wrong(results, soft=soft), confusion(results), beside(results), costs(results), sep="\n\n", end="\n\n"
    )
    for result in results:
        if result.crash:
            print("/".join(result.cell[:3]), result.crash, sep="\n")
    rows = [(*row, "yes" if met else "NO") for *row, met in targets(results)]
    print(tabulate(rows, headers=("what", "target", "measured", "met"), tablefmt="github"))


def main() -> int:
    given, paths, origins, missing = arguments()
    if missing:
        print(f"not installed, left out: {', '.join(missing)}", file=sys.stderr)
    chosen = [cell for cell in QUICK if cell.path in paths and cell.origin in origins]
    cells = chosen if given.quick else full(paths, origins, given.runs)
    begun = time.monotonic()

    def tell(done, of):
        if sys.stderr.isatty() or done in {of, of // 2}:
            print(f"\r{done}/{of} after {time.monotonic() - begun:.0f} s ", end="", file=sys.stderr)

    results = score(cells, given.parallel, given.seed, tell)
    print(f"\n{len(results)} experiments in {time.monotonic() - begun:.0f} s\n", file=sys.stderr)
    with contextlib.suppress(BrokenPipeError):
        show(results, soft=given.soft)
    return 0 if all(met for *_, met in targets(results)) else 1


if __name__ == "__main__":
    sys.exit(main())
