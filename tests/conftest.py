"""Options of the suite, and one Hypothesis profile that never depends on the machine's speed."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.ray_cluster import RayCluster
    from xdist.scheduler import LoadScopeScheduling

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


@pytest.fixture(scope="session")
def ray() -> Iterator[RayCluster]:
    """One Ray head node."""
    from support.ray_cluster import ray_cluster  # noqa: PLC0415 -- for few tests

    with ray_cluster() as cluster:
        yield cluster


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    """Keep tests of what is costly to start on one worker, which starts it once; others go anywhere."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 -- only a run with workers has it

    if config.getvalue("dist") != "load":
        return None

    class CostlyTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if "test_ray.py" in nodeid:  # the walk-through's tests share the cluster of the engine's
                return "ray"
            is_costly = "engines/" in nodeid or "examples/test_recordings.py" in nodeid
            return nodeid.partition("::")[0] if is_costly else nodeid

    return CostlyTogether(config, log)
