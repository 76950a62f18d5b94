"""One profile put into the text of a configuration file; nothing else in it changes."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from jobctl.errors import ConfigError
from jobctl.text import visible

_HEADER: Final = re.compile(r"\s*\[\[?(?P<name>[^\[\]]+)\]?\]\s*(?:#.*)?")


def with_profile(current: str, name: str, block: str, *, replace: bool) -> str:
    """Return the file's text with the profile at its end.

    Raises:
        ConfigError: the text is no TOML, a profile of that name is there and `replace` is false, or it is
            written in a way that cannot be replaced without touching more.
    """
    before = _parsed(current)
    profiles = before.get("profiles", {})
    if not isinstance(profiles, dict):
        raise ConfigError("the file's `profiles` is no table", hint="write to another file: --out FILE")
    if name in profiles:
        if not replace:
            raise ConfigError(
                f"a profile {visible(name, 80)!r} is there already",
                hint="--force replaces it, --name NAME writes another, --dry-run only shows it",
            )
        current = _without(current, name)
    kept = current.rstrip("\n")
    after = f"{kept}\n\n{block}" if kept.strip() else block
    _check_nothing_else_changed(before, _safely_parsed(after), name)
    return after


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not valid TOML: {visible(str(error), 200)}", hint="mend it first") from None


def _safely_parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _check_nothing_else_changed(before: dict[str, Any], after: dict[str, Any] | None, name: str) -> None:
    def others(table: dict[str, Any]) -> dict[str, Any]:
        profiles = {key: value for key, value in table.get("profiles", {}).items() if key != name}
        return {**table, "profiles": profiles}

    if after is None or others(before) != others(after) or name not in after["profiles"]:
        raise ConfigError(
            f"profile {visible(name, 80)!r} cannot be put there without touching what else is in the file",
            hint="write to another file with --out FILE, and copy it by hand",
        )


def _without(text: str, name: str) -> str:
    """Cut the tables of one profile; comments right before the next table belong to that one."""
    kept: list[str] = []
    waiting: list[str] = []
    is_ours = False
    for line in text.splitlines(keepends=True):
        header = _HEADER.fullmatch(line.rstrip("\n"))
        if header is not None:
            was_ours, is_ours = is_ours, _belongs(header["name"], name)
            if was_ours and not is_ours:
                kept += waiting
            waiting = []
        if not is_ours:
            kept.append(line)
        elif line.strip() and not line.lstrip().startswith("#"):
            waiting = []
        else:
            waiting.append(line)
    return "".join(kept)


def _belongs(header: str, name: str) -> bool:
    try:
        table = tomllib.loads(f"[{header}]")
    except ValueError:
        return False
    profiles = table.get("profiles")
    return isinstance(profiles, dict) and set(profiles) == {name}
