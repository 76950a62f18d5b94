"""examples/celery: the walk-through is run as it stands, on ports that are free."""

from __future__ import annotations

import sys

import pytest
from support.caches import free_port
from support.components import require_module, require_program


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_walk_through(walk):
    require_program("redis-server")
    for package in ("celery", "redis", "flower"):
        require_module(package)
    walk("celery", 120, REDIS_PORT=free_port(), FLOWER_PORT=free_port())
