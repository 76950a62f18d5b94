"""Which profiles an addon watches for: those named, or all there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobctl.errors import ConfigError
from jobctl.profile.load import Profiles, read_config
from jobctl.settings import config_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobctl.profile.model import Profile


PROFILE_HELP: Final = (
    "Name of the jobctl profile of the API, or a TOML file of profiles. "
    "Empty: every profile known to jobctl, built-in ones included."
)
"""Help of the option `jobctl_profile`: two addons declare it, and mitmproxy wants them equal."""


def chosen_profiles(chosen: str, environ: Mapping[str, str], cwd: str | Path) -> tuple[Profile, ...]:
    """Return the profile of that name, or those of that TOML file, or all known, the user's own first.

    Raises:
        ConfigError: No profile is called that, the file holds none, or a file cannot be read.
    """
    if chosen.endswith(".toml"):
        profiles = Profiles([read_config(Path(cwd) / chosen)])
        if not profiles.from_files:
            raise ConfigError(f"no profiles are in {chosen}", hint="write one: [profiles.NAME]")
        return tuple(profiles.get(name) for name in profiles.from_files)
    profiles = Profiles([read_config(path) for path in config_files(None, environ, cwd)])
    if chosen:
        return (profiles.get(chosen),)
    own = profiles.from_files
    return tuple(profiles.get(name) for name in (*own, *(n for n in profiles.names if n not in own)))
