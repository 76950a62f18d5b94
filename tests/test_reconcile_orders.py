"""Every order in which what a server said can arrive, for scripted histories (see `world.orders`)."""

from __future__ import annotations

from itertools import product

import pytest
from world.orders import Script, Search, State

HISTORIES: dict[str, tuple[State, ...]] = {
    "plain": (State("pending"), State("running", 10.0), State("running", 60.0), State("completed", 100.0)),
    "skip": (State("pending"), State("failed")),
    "requeued": (State("pending"), State("running", 60.0), State("pending", 0.0), State("completed", 100.0)),
    "requeued-and-back": (
        State("pending"),
        State("running", 10.0),
        State("pending", 0.0),
        State("running", 60.0),
        State("failed", 60.0),
    ),
    "requeued-twice-without-progress": (
        State("running"),
        State("pending"),
        State("running"),
        State("pending"),
        State("cancelled"),
    ),
    "progress-falls": (State("running", 60.0), State("running", 10.0), State("completed", 100.0)),
    "nobody-knows-the-word": (
        State("pending"),
        State("unknown", 5.0),
        State("running", 10.0),
        State("unknown", 20.0),
        State("completed"),
    ),
    "attempts": (
        State("running", 60.0, 1),
        State("failed", 60.0, 1),
        State("pending", 0.0, 2),
        State("running", 10.0, 2),
        State("completed", 100.0, 2),
    ),
    "end-corrected": (State("running", 60.0), State("failed", 60.0), State("completed", 100.0)),
}
TIMES = {
    "distinct": (1.1, 2.2, 3.3, 4.4, 5.5),
    "one second": (1.1, 1.2, 1.3, 1.4, 1.5),
    "pairs": (1.1, 1.1, 1.2, 1.2, 2.5),
    "equal": (1.1, 1.1, 1.1, 1.1, 1.1),
}
FRAMES = ("none", "us", "ms", "s")
READS = ("none", "us", "s")


def scripts(name: str, *, cancel: bool, full: bool) -> list[Script]:
    states = HISTORIES[name]
    moments = [times for kind, times in TIMES.items() if full or kind != "pairs"]
    return [
        Script(name, states, times[: len(states)], frames, reads, cancel)
        for times, frames, reads in product(moments, FRAMES, READS)
        if not (name == "end-corrected" and (reads == "none" or len(set(times)) < 3))
    ]


@pytest.mark.parametrize("name", HISTORIES)
def test_every_order_of_delivery(name, request, record_testsuite_property, capsys):
    full = request.config.getoption("--deliveries") == "full"
    deliveries = places = 0
    cancel = full or name in {"plain", "skip", "requeued"}
    for script in scripts(name, cancel=cancel, full=full):
        search = Search(script)
        violation = search.run()
        deliveries += search.deliveries
        places += len(search.came_from)
        assert violation is None, str(violation)
    record_testsuite_property(f"deliveries {name}", deliveries)
    with capsys.disabled():
        print(f" {name}: {deliveries:,} deliveries, {places:,} states", end="")
