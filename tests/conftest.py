"""Options of the suite, and one Hypothesis profile that never depends on the machine's speed."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "jobctl", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("jobctl")

# What runs outside of any test, or in a process that inherits this environment, remembers nothing here.
_STATE = tempfile.TemporaryDirectory(prefix="jobctl-state-")
os.environ["JOBCTL_STATE_DIR"] = os.path.join(_STATE.name, "session")  # noqa: PTH118


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


@pytest.fixture(autouse=True)
def _own_memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test remembers what another did, nor anything where the user's own memory is."""
    monkeypatch.setenv("JOBCTL_STATE_DIR", os.path.join(_STATE.name, f"{abs(hash(request.node.nodeid)):x}"))  # noqa: PTH118
