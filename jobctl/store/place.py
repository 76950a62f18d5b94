"""Where the memory lives: `JOBCTL_STATE_DIR`, or the platform's folder for a user's state."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobctl.store.errors import StoreError, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER_VARIABLE: Final = "JOBCTL_STATE_DIR"
SWITCH_VARIABLE: Final = "JOBCTL_MEMORY"
FILE_NAME: Final = "memory.db"
_OFF: Final = frozenset({"off", "0", "no", "false"})


def is_switched_off(environ: Mapping[str, str]) -> bool:
    """Tell whether the user wants nothing remembered (`JOBCTL_MEMORY=off`)."""
    return environ.get(SWITCH_VARIABLE, "").strip().casefold() in _OFF


def database_path(environ: Mapping[str, str]) -> Path:
    """Return the path of the database, whether it exists or not.

    Raises:
        StoreError: no folder is known: there is no home.
    """
    folder = state_folder(environ)
    if folder is None:
        raise StoreError(
            "no folder for the memory is known: HOME is not set",
            Trouble.NO_PLACE,
            hint=f"set {FOLDER_VARIABLE}=FOLDER, or {SWITCH_VARIABLE}=off to do without",
        )
    return folder / FILE_NAME


def state_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of what jobctl remembers; None where no home is known."""
    given = environ.get(FOLDER_VARIABLE, "").strip()
    if given:
        return Path(given)
    if sys.platform == "linux" and "ANDROID_DATA" not in environ:
        # What platformdirs does here, without its 10 ms import; a test compares the two.
        base = environ.get("XDG_STATE_HOME", "").strip()
        home = environ.get("HOME", "").strip()
        if not base and not home:
            return None
        return Path(base or f"{home}/.local/state") / "jobctl"
    from platformdirs import user_state_path  # noqa: PLC0415 -- not needed on Linux

    try:
        return user_state_path("jobctl", appauthor=False)
    except (RuntimeError, OSError):
        return None
