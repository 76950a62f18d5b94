"""Each engine is started once: the tests of one file stay on one worker."""

from __future__ import annotations

import pytest
from support.flower import flower
from support.program import Starter


@pytest.fixture(scope="session")
def celery(tmp_path_factory):
    """Celery, Redis and Flower; its workers are processes, which alone can be terminated."""
    with flower(tmp_path_factory.mktemp("flower"), pool="prefork") as engine:
        yield engine


@pytest.fixture
def on_flower(celery, tmp_path):
    """Runs `jobctl …` against Flower."""
    return Starter(tmp_path, JOBCTL_BASE_URL=celery.url, JOBCTL_PROFILE="flower")


@pytest.fixture
def on_ray(ray, tmp_path):
    """Runs `jobctl …` against Ray."""
    return Starter(tmp_path, JOBCTL_BASE_URL=ray.url, JOBCTL_PROFILE="ray")
