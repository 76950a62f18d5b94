"""The job a command means when no id is given: the one that was submitted or watched last."""

from __future__ import annotations

import os
import shlex
import time
from typing import TYPE_CHECKING, NamedTuple

from jobctl.cli import output
from jobctl.cli.parameters import resume_command, settings_for
from jobctl.durations import format_duration
from jobctl.errors import ConfigError
from jobctl.redact import REDACTED
from jobctl.store.memory import scope_of
from jobctl.store.place import is_switched_off
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.store.jobs import KnownJob, Scope

_API_VARIABLES = ("JOBCTL_PROFILE", "JOBCTL_BASE_URL")


class Target(NamedTuple):
    """Which jobs of which API: what the flags `--profile` and `--base-url` would have to say."""

    jobs: list[str]
    profile: str | None
    base_url: str | None


def target_of(
    jobs: list[str] | None, profile: str | None, base_url: str | None, config: str | None
) -> Target:
    """Return the jobs that were given, or else the active one, with its API where none was given either.

    Raises:
        ConfigError: there is no active job, or the memory cannot be read.
    """
    if jobs:
        return Target(jobs, profile, base_url)
    active, now = find_last(profile, base_url, config), time.time()
    if active is None:
        raise ConfigError(
            "no job id was given, and none was submitted or watched here before",
            hint="give the id that `jobctl submit` printed; `jobctl list` shows the jobs of the API",
        )
    target = Target([active.id], profile, base_url)
    if not api_given(profile, base_url):
        target = Target([active.id], active.scope.profile, _base_url(active.scope, config))
    name = visible(active.id, 80)
    if active.is_cleared(now):
        again = resume_command("status", target.profile, target.base_url, config)
        dashes = "-- " if active.id.startswith("-") else ""
        raise ConfigError(
            f"no job id was given, and no job is active: the last one, {name}, {_ended(active, now)}",
            hint=f"read it again with: {again} {dashes}{visible(shlex.quote(active.id), 200)}",
        )
    output.tell(f"no job id given: {name}, the last one submitted or watched ({active.scope.words})")
    return target


def find_last(profile: str | None, base_url: str | None, config: str | None) -> KnownJob | None:
    """Return the job touched last: of the API that flags or environment name, else of any.

    Raises:
        ConfigError: the memory is switched off or cannot be read.
    """
    if is_switched_off(os.environ):
        raise ConfigError(
            "no job id was given, and the memory is switched off", hint="give an id, or unset JOBCTL_MEMORY"
        )
    from jobctl.store.reading import last_touched

    scope = None
    if api_given(profile, base_url):
        scope = scope_of(settings_for(profile, base_url, config).profile)
    return last_touched(scope, time.time())


def api_given(profile: str | None, base_url: str | None) -> bool:
    """Tell whether a flag or a variable says which API is meant."""
    return bool(profile or base_url or any(os.environ.get(name) for name in _API_VARIABLES))


def _base_url(scope: Scope, config: str | None) -> str | None:
    """None where the profile says it itself: what is stored has no secrets in it.

    Raises:
        ConfigError: it had some, and the profile has not.
    """
    own = scope_of(settings_for(scope.profile, None, config).profile)
    if own == scope:
        return None
    if REDACTED in scope.base_url:
        raise ConfigError(
            f"no job id was given, and the last job is one of {scope.words}: secrets are not remembered",
            hint="give --base-url, or JOBCTL_BASE_URL, as it was given then",
        )
    return scope.base_url


def _ended(known: KnownJob, now: float) -> str:
    if known.job is None:
        return "ended"
    return f"was {known.job.status.value} {format_duration(max(0, int(now - known.job.as_of)))} ago"
