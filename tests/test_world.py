"""Simulated worlds: the watch machine against all that can go wrong, P1-P10 checked after each step.

`pytest tests/test_world.py --worlds 100000 --first-seed 0 -n 2` runs as many as you like; a failure prints
its seed and the command that plays it again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from world.run import World

if TYPE_CHECKING:
    import pytest

SHARD = 250


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "first" in metafunc.fixturenames:
        worlds = metafunc.config.getoption("--worlds")
        first = metafunc.config.getoption("--first-seed")
        shards = [
            (begin, min(SHARD, first + worlds - begin)) for begin in range(first, first + worlds, SHARD)
        ]
        metafunc.parametrize(("first", "count"), shards, ids=[f"{begin}+{count}" for begin, count in shards])


def test_worlds(first, count, record_testsuite_property):
    endings: Counter[str] = Counter()
    steps = 0
    for seed in range(first, first + count):
        world = World(seed)
        finish = world.run()
        assert finish is not None
        endings[finish.ending.value + ("" if finish.confirmed else " (unconfirmed)")] += 1
        steps += world.steps
    record_testsuite_property(f"worlds {first}+{count}", f"{steps} steps, {dict(endings)}")
    if count == SHARD:
        assert endings["terminal"] > SHARD // 2, "these worlds show too few ends to prove anything"


def test_the_same_seed_is_the_same_world():
    one, other = World(12), World(12)
    one.run()
    other.run()
    assert one.trace == other.trace
