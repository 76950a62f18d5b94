from __future__ import annotations

import pytest
from support.program import Starter

from jobctl.sandbox import Sandbox


@pytest.fixture(scope="session")
def shared_box():
    with Sandbox() as box:
        yield box


@pytest.fixture
def box(shared_box):
    shared_box.set_faults((), (), seed=0)
    yield shared_box
    shared_box.set_faults((), ())


@pytest.fixture
def jobctl(tmp_path, box):
    return Starter(tmp_path, JOBCTL_BASE_URL=box.url)
