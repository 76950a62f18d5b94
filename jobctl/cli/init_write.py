"""The profile that `jobctl init` found, put into a configuration file."""

from __future__ import annotations

import contextlib
import os
import tomllib
from pathlib import Path

from jobctl.errors import ConfigError
from jobctl.openapi.config_text import with_profile
from jobctl.openapi.draft import Draft
from jobctl.profile.model import Profile
from jobctl.profile.parse import parse_profile
from jobctl.text import visible

_LARGEST = 1 << 20


def profile_of(draft: Draft, text: str) -> Profile:
    """Return the profile that a text gives, as any command would read it."""
    return parse_profile(draft.name, tomllib.loads(text)["profiles"][draft.name], "jobctl init")


def write_profile(out: Path, name: str, block: str, *, force: bool) -> None:
    """Add the profile to the file, or make the file; all of it is written, or nothing.

    Raises:
        ConfigError: the file cannot be used, or a profile of that name is there and `force` is false.
    """
    shown = visible(str(out), 300)
    try:
        target = out.resolve()
        try:
            current = _current(target)
            after = with_profile(current, name, block, replace=force)
        except ConfigError as error:
            raise ConfigError(f"{shown}: {error.message}", hint=error.hint) from None
        _replace(target, after)
    except UnicodeDecodeError:
        raise ConfigError(f"{shown}: not UTF-8", hint="write to another file with --out FILE") from None
    except RuntimeError:  # before Python 3.13 that is what `resolve` raises
        raise ConfigError(f"{shown}: cannot be written: a circle of links") from None
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be written: {error.strerror}") from None


def _current(target: Path) -> str:
    if target.exists() and not target.is_dir() and not target.is_file():
        # Opening a pipe waits for ever, and a device would be replaced by a file.
        raise ConfigError("a device or a pipe, no file", hint="--dry-run writes the profile to stdout")
    try:
        with target.open("r", encoding="utf-8", newline="") as file:
            text = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ""
    if len(text) > _LARGEST:
        raise ConfigError("larger than 1 MB, which no profile file is")
    return text


def _replace(target: Path, text: str) -> None:
    """Write beside the file first: a full disk must not cost what was there."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with beside.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        with contextlib.suppress(FileNotFoundError):
            beside.chmod(target.stat().st_mode & 0o7777)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
