"""Configuration files → profiles. Later files override earlier ones, all files the built-in profiles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.errors import ConfigError
from jobctl.profile.builtin import BUILTIN
from jobctl.profile.parse import collect_profile, merge_tables
from jobctl.profile.problems import Problems, did_you_mean, show
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobctl.profile.model import Profile

BUILT_IN: Final = "built-in"
_LARGEST_FILE: Final = 1 << 20


class ConfigFile(NamedTuple):
    """One file read: its top-level settings and its raw profile tables."""

    path: str
    settings: Mapping[str, Any]
    profiles: Mapping[str, Any]


def read_config(path: str | Path) -> ConfigFile:
    """Read one TOML file (UTF-8, a BOM is fine).

    Raises:
        ConfigError: It cannot be read, is no UTF-8, no TOML, or `profiles` is no table.
    """
    import tomllib  # noqa: PLC0415 -- 15 ms that nobody without a file pays

    shown = visible(str(path), 300)
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{shown}: cannot be read: {reason}") from None
    if len(raw) > _LARGEST_FILE:
        raise ConfigError(f"{shown}: larger than 1 MB, which no profile file is")
    try:
        table = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{shown}: not UTF-8 (line {line})", hint="save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else visible(str(error))
        raise ConfigError(
            f"{shown}: not valid TOML: {reason}",
            hint='texts need quotes and tables brackets: [profiles.video], then read = "GET /jobs/{id}"',
        ) from None
    profiles = table.pop("profiles", {})
    if not isinstance(profiles, dict):
        raise ConfigError(f"{shown}: profiles: expected tables such as [profiles.video]")
    return ConfigFile(str(path), table, profiles)


class Profiles:
    """All known profiles by name. Those from files are checked at once, built-ins parsed on demand."""

    def __init__(self, files: Sequence[ConfigFile] = ()) -> None:
        """Take files in the order of rising precedence; raise ConfigError with all their problems."""
        self._tables: dict[str, tuple[Mapping[str, Any], str]] = {
            n: (t, BUILT_IN) for n, t in BUILTIN.items()
        }
        self._parsed: dict[str, Profile] = {}
        self.from_files: tuple[str, ...] = ()
        for file in files:
            self._add(file)

    @property
    def names(self) -> list[str]:
        """All names: built-in ones first, then those from files, in their order."""
        return list(self._tables)

    def __iter__(self) -> Iterator[Profile]:
        return (self.get(name) for name in self._tables)

    def get(self, name: str) -> Profile:
        """Return a profile; raise ConfigError, which lists the known names, when there is none."""
        if name not in self._tables:
            close = did_you_mean(name, self.names)
            closest = f"; {close}" if close.startswith("did") else ""
            raise ConfigError(
                f"no profile is called '{visible(name, 80)}'{closest}",
                hint=f"known profiles: {', '.join(visible(known, 80) for known in self.names)}",
            )
        if name not in self._parsed:
            table, origin = self._tables[name]
            problems = Problems(origin)
            profile = collect_profile(name, table, problems)
            problems.raise_any()
            if profile is not None:
                self._parsed[name] = profile
        return self._parsed[name]

    def _add(self, file: ConfigFile) -> None:
        problems = Problems(file.path)
        tables = {name: self._extended(name, file, problems, ()) for name in file.profiles}
        for name, table in tables.items():
            profile = None if table is None else collect_profile(name, table, problems)
            if profile is not None and table is not None:
                self._tables[name] = table, file.path
                self._parsed[name] = profile
        problems.raise_any()
        self.from_files = (*self.from_files, *(name for name in tables if name not in self.from_files))

    def _extended(
        self, name: str, file: ConfigFile, problems: Problems, below: tuple[str, ...]
    ) -> Mapping[str, Any] | None:
        """Merge a table with what it extends: a profile of the same file, an earlier file, or a built-in."""
        own = file.profiles[name]
        if not isinstance(own, Mapping):
            problems.expected(f"profiles.{name}", "a table", own)
            return None
        if "extends" not in own:
            return own
        target = own["extends"]
        path = f"profiles.{name}.extends"
        known = {other for other in (*self._tables, *file.profiles) if other != name or name in self._tables}
        if not isinstance(target, str) or target not in known:
            close = f"; {did_you_mean(target, known)}" if isinstance(target, str) else ""
            problems.add(path, f"no profile is called {show(target)}{close}")
            return None
        if target in below:
            problems.add(path, f"a circle: {' extends '.join((*below, name, target))}")
            return None
        if target != name and target in file.profiles:
            base = self._extended(target, file, problems, (*below, name))
        else:
            table, origin = self._tables[target]
            base = _rebased(table, origin)
        return None if base is None else merge_tables(base, own)


def _rebased(table: Mapping[str, Any], origin: str) -> Mapping[str, Any]:
    """Keep relative PEM paths relative to the file that wrote them."""
    tls = table.get("tls")
    if not isinstance(tls, Mapping):
        return table
    folder = Path(origin).absolute().parent
    return {**table, "tls": {k: v if v.startswith("~") else str(folder / v) for k, v in tls.items()}}


def load_profiles(paths: Sequence[str | Path] = ()) -> Profiles:
    """Return the built-in profiles and those of the files, of which later ones win.

    Raises:
        ConfigError: A file cannot be read, or holds problems; all of one file are told together.
    """
    return Profiles([read_config(path) for path in paths])
