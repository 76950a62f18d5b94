from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs
import pytest

from jobctl.store.errors import StoreError, Trouble
from jobctl.store.place import database_path, is_switched_off, state_folder


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs is asked itself")
@pytest.mark.parametrize("environ", [{"HOME": "/home/x"}, {"HOME": "/home/x", "XDG_STATE_HOME": "/var/x"}])
def test_the_folder_is_the_platforms(monkeypatch, environ):
    for name in ("HOME", "XDG_STATE_HOME", "JOBCTL_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert state_folder(os.environ) == Path(platformdirs.user_state_dir("jobctl", appauthor=False))


def test_the_variable_moves_it():
    assert state_folder({"HOME": "/home/x", "JOBCTL_STATE_DIR": "/srv/it"}) == Path("/srv/it")
    assert state_folder({"HOME": "/home/x", "JOBCTL_STATE_DIR": " "}) == Path("/home/x/.local/state/jobctl")


@pytest.mark.skipif(sys.platform != "linux", reason="the home is found otherwise elsewhere")
def test_no_home_is_told_with_the_way_out():
    with pytest.raises(StoreError, match="HOME is not set") as told:
        database_path({})
    assert told.value.trouble is Trouble.NO_PLACE
    assert "JOBCTL_STATE_DIR" in told.value.hint


@pytest.mark.parametrize(
    ("word", "off"), [("off", True), ("OFF", True), ("0", True), ("no", True), ("on", False), ("", False)]
)
def test_one_variable_switches_it_off(word, off):
    assert is_switched_off({"JOBCTL_MEMORY": word}) is off
    assert not is_switched_off({})
