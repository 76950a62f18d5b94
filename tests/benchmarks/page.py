"""`explain --html`: writing the page, and how soon and how smoothly Chromium shows 50,000 decisions."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.explanations import long
from support.page_tab import page_tab

from jobctl.explain.page.page import timeline_page

DECISIONS = int(os.environ.get("JOBCTL_BENCHMARK_MOMENTS", "50000"))
FEW = 500
ROUNDS = 5
STEPS = 30
FIRST_DRAW = "performance.getEntriesByName('jobctl:drawn')[0].startTime"
RECORD_FRAMES = """(() => { let last = performance.now(); window.slowest = 0; window.frames = 0;
const look = now => { window.slowest = Math.max(window.slowest, now - last); last = now; window.frames += 1;
requestAnimationFrame(look); }; requestAnimationFrame(look); })()"""


def write_page(folder: Path, count: int) -> tuple[Path, float]:
    """Write a page; returns its path and how many seconds that took."""
    explanation = long(count)
    path = folder / f"{count}.html"
    started = time.perf_counter()
    with path.open("w", encoding="utf-8") as file:
        file.writelines(timeline_page([explanation]))
    return path, time.perf_counter() - started


def first_draw(tab, path: Path) -> float:
    """Milliseconds from the navigation to the end of the first full picture."""
    tab.call("Page.navigate", url="about:blank")
    tab.open(path.as_uri())
    return tab.value(FIRST_DRAW)


def slowest_frame(tab) -> float:
    """Milliseconds of the longest frame while zooming in by wheel, panning by drag, and zooming out."""
    x, y = tab.value(
        "(() => { const box = document.querySelector('#stage').getBoundingClientRect();"
        "return [box.left + box.width / 2, box.top + 60]; })()"
    )
    tab.value(RECORD_FRAMES)
    for by in (-240, 240):
        for _ in range(STEPS):
            tab.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=by)
        _drag(tab, x, y)
    tab.settle()
    return tab.value("window.slowest")


def _drag(tab, x: float, y: float) -> None:
    held = {"y": y, "button": "left", "buttons": 1, "clickCount": 1}
    tab.call("Input.dispatchMouseEvent", type="mousePressed", x=x, **held)
    for step in range(STEPS):
        tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x - 5 * step, **held)
    tab.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, **held)


def run() -> list[tuple[str, str, str, bool]]:
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as profile:
        folder = Path(name)
        many, took = write_page(folder, DECISIONS)
        few, took_few = write_page(folder, FEW)
        draws, frames = {many: [], few: []}, {many: [], few: []}
        with page_tab(Path(profile)) as tab:
            tab.viewport(1280, 900)
            for _ in range(ROUNDS):
                for path in (few, many):
                    draws[path].append(first_draw(tab, path))
                    frames[path].append(slowest_frame(tab))
            assert tab.problems == [], tab.problems
        sizes = [path.stat().st_size / 1e6 for path in (many, few)]
    opened, slowest = max(draws[many]), statistics.median(frames[many])
    what = f"the page of {DECISIONS:,} decisions"
    return [
        (
            f"{what}: open and drawn, slowest of {ROUNDS}",
            "≤ 2 s",
            f"{opened / 1000:.2f} s ({FEW}: {max(draws[few]) / 1000:.2f} s)",
            opened <= 2000,
        ),
        (
            f"… slowest frame while zooming and panning, median of {ROUNDS}",
            "≤ 100 ms",
            f"{slowest:.0f} ms ({FEW}: {statistics.median(frames[few]):.0f} ms)",
            slowest <= 100,
        ),
        (
            "… written",
            "",
            f"{took:.1f} s, {sizes[0]:.1f} MB ({FEW}: {took_few:.2f} s, {sizes[1]:.2f} MB)",
            True,
        ),
    ]
