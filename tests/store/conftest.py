from __future__ import annotations

import pytest

from jobctl.profile.load import Profiles
from jobctl.store.database import open_for_writing
from jobctl.store.memory import Memory


@pytest.fixture
def folder(tmp_path):
    """The state folder, not made yet."""
    return tmp_path / "state"


@pytest.fixture
def environ(folder):
    return {"JOBCTL_STATE_DIR": str(folder)}


@pytest.fixture
def path(folder):
    return folder / "memory.db"


@pytest.fixture
def db(path):
    """An open, empty database."""
    db = open_for_writing(path, wait=1.0)
    yield db
    db.close()


@pytest.fixture
def profile():
    return Profiles().get("generation").with_base_url("http://localhost:8001")


@pytest.fixture
def warned():
    return []


@pytest.fixture
def memory(profile, environ, warned):
    with Memory(profile, environ, warned.append, touches=True) as memory:
        yield memory
