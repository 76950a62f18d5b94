"""Settings from flags, environment, files and defaults, each with where it came from.

Flag > environment > `./jobctl.toml` > user configuration > built-in default.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.durations import format_duration, parse_duration
from jobctl.errors import ConfigError
from jobctl.profile.load import BUILT_IN, ConfigFile, Profiles, read_config
from jobctl.profile.problems import Problems, show
from jobctl.profile.urls import split_base_url
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobctl.profile.model import Profile

__all__ = ["Settings", "format_duration", "parse_duration", "resolve", "user_config_path"]

DEFAULT_PROFILE: Final = "generation"
CONFIG_VARIABLE: Final = "JOBCTL_CONFIG"
LOCAL_FILE: Final = "jobctl.toml"


class _Setting(NamedTuple):
    variable: str
    parse: Callable[[Any], Any]


class _Found(NamedTuple):
    value: Any
    where: str


class Settings(NamedTuple):
    """What a command runs with. Durations are seconds, None when nobody set them.

    `where` tells for each setting where it came from; `files` are those read, weakest first.
    """

    profile: Profile
    profiles: Profiles
    timeout: float | None
    interval: float | None
    where: Mapping[str, str]
    files: tuple[str, ...]


def resolve(flags: Mapping[str, Any], environ: Mapping[str, str], cwd: str | Path) -> Settings:
    """Resolve the settings of one command. Flags (`profile`, `base_url`, `timeout`, …, `config`) may be None.

    Raises:
        ConfigError: A file, a value or the profile's name is wrong; it names where that came from.
    """
    files = [read_config(path) for path in config_files(flags.get("config"), environ, cwd)]
    for file in files:
        _check_top_level(file)
    profiles = Profiles(files)
    found = {name: _find(name, flags, environ, files) for name in _SETTINGS}
    name = found["profile"] or _default_profile(profiles)
    base_url, profile = found["base_url"], _named(profiles, name)
    where = {key: one.where if one else BUILT_IN for key, one in found.items()} | {"profile": name.where}
    if base_url and _may_replace(base_url.where, profile, files):
        profile = profile.with_base_url(base_url.value)
    else:
        where["base_url"] = profile.origin
    return Settings(
        profile=profile,
        profiles=profiles,
        timeout=found["timeout"].value if found["timeout"] else None,
        interval=found["interval"].value if found["interval"] else None,
        where=where,
        files=tuple(file.path for file in files),
    )


def _named(profiles: Profiles, name: _Found) -> Profile:
    try:
        return profiles.get(name.value)
    except ConfigError as error:
        raise ConfigError(f"{name.where}: {error.message}", hint=error.hint) from None


def config_files(config: str | None, environ: Mapping[str, str], cwd: str | Path) -> list[Path]:
    """Return the files to read, weakest first. One given by flag or variable stands alone and must exist."""
    given = config or environ.get(CONFIG_VARIABLE, "").strip()
    if given:
        return [Path(cwd) / given]
    candidates = (user_config_path(environ), Path(cwd) / LOCAL_FILE)
    return [path for path in candidates if path is not None and _exists(path)]


def user_config_path(environ: Mapping[str, str]) -> Path | None:
    """Return the user's configuration file, whether it exists or not; None where no home is known."""
    if sys.platform == "linux" and "ANDROID_DATA" not in environ:
        # What platformdirs does here, without its 10 ms import; a test compares the two.
        base = environ.get("XDG_CONFIG_HOME", "").strip()
        home = environ.get("HOME", "").strip()
        if not base and not home:
            return None
        return Path(base or f"{home}/.config") / "jobctl" / "config.toml"
    from platformdirs import user_config_path as platform_path  # noqa: PLC0415 -- not needed on Linux

    try:
        return platform_path("jobctl", appauthor=False) / "config.toml"
    except (RuntimeError, OSError):
        return None


def _exists(path: Path) -> bool:
    # A folder nobody may enter is an error to tell, not a file that is not there.
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ConfigError(f"{visible(str(path), 300)}: cannot be read: {error.strerror}") from None
    except ValueError:
        return False
    return True


def _check_top_level(file: ConfigFile) -> None:
    problems = Problems(file.path)
    problems.unknown_keys("", file.settings, (*_SETTINGS, "profiles"))
    for name, value in file.settings.items():
        if name in _SETTINGS:
            try:
                _SETTINGS[name].parse(value)
            except (ConfigError, ValueError) as error:
                problems.add(name, str(error))
    problems.raise_any()


def _find(
    name: str, flags: Mapping[str, Any], environ: Mapping[str, str], files: list[ConfigFile]
) -> _Found | None:
    setting = _SETTINGS[name]
    candidates = [
        (flags.get(name), f"flag --{name.replace('_', '-')}"),
        (environ.get(setting.variable) or None, f"environment {setting.variable}"),
        *((file.settings.get(name), file.path) for file in reversed(files)),
    ]
    value, where = next((found for found in candidates if found[0] is not None), (None, ""))
    if value is None:
        return None
    try:
        return _Found(setting.parse(value), where)
    except (ConfigError, ValueError) as error:
        raise ConfigError(f"{where}: {error}", hint=getattr(error, "hint", None)) from None


def _default_profile(profiles: Profiles) -> _Found:
    """Take the only profile of the files where there is exactly one, else the built-in default."""
    if len(profiles.from_files) == 1:
        only = profiles.from_files[0]
        return _Found(only, f"the only profile in {profiles.get(only).origin}")
    return _Found(DEFAULT_PROFILE, BUILT_IN)


def _may_replace(where: str, profile: Profile, files: list[ConfigFile]) -> bool:
    """Flag and environment replace any base URL; a file's top-level one yields to a profile from a file."""
    from_file = any(where == file.path for file in files)
    return not from_file or profile.origin == BUILT_IN or profile.base_url is None


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected the name of a profile, got {show(value)}")
    return value.strip()


def _base_url(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a URL such as 'http://localhost:8001', got {show(value)}")  # noqa: TRY004 -- a value's fault
    split_base_url(value)
    return value.strip()


def _duration(value: Any) -> float:
    if isinstance(value, int) and not isinstance(value, bool) and not 0 <= value < _LONGEST:
        raise ValueError(f"expected a duration such as 90s, 10m or 1h30m, got {show(value)}")
    return parse_duration(value)


_LONGEST: Final = 10**10
_SETTINGS: Final[dict[str, _Setting]] = {
    "profile": _Setting("JOBCTL_PROFILE", _name),
    "base_url": _Setting("JOBCTL_BASE_URL", _base_url),
    "timeout": _Setting("JOBCTL_TIMEOUT", _duration),
    "interval": _Setting("JOBCTL_INTERVAL", _duration),
}
