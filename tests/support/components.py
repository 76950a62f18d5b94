"""Programs and packages that some tests need: missing, they skip, but not in CI, where they must be there."""

from __future__ import annotations

import importlib
import os
import shutil
from types import ModuleType  # noqa: TC003 -- the annotation is for people

import pytest

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def find_program(name: str) -> str | None:
    """Return the full path of a program; servers live in sbin, which is not on everybody's PATH."""
    folders = [os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS]
    return shutil.which(name, path=os.pathsep.join(folders))


def require_program(name: str) -> str:
    """Return the full path of a program, or skip the test (fail it where CI=true)."""
    path = find_program(name)
    if path is None:
        _missing(f"needs the program {name}, which is not installed")
    return str(path)


def require_module(name: str) -> ModuleType:
    """Import a package, or skip the test (fail it where CI=true). A package that is broken raises."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or name.partition(".")[0] != error.name.partition(".")[0]:
            raise
    return _missing(f"needs the package {name.partition('.')[0]}, which is not installed")


def _missing(reason: str):
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
