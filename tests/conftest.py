"""Options of the suite, and one Hypothesis profile that never depends on the machine's speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

settings.register_profile(
    "jobctl", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("jobctl")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("jobctl")
    group.addoption(
        "--deliveries",
        choices=("default", "full"),
        default="default",
        help="how many message orders test_reconcile_orders.py goes through",
    )
    group.addoption("--worlds", type=int, default=2000, help="simulated worlds to run (test_world.py)")
    group.addoption("--first-seed", type=int, default=0, help="seed of the first simulated world")
