"""What the shell offers behind an option. Asked only while somebody presses Tab; never an error."""

from __future__ import annotations

import typer


def profile_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of the profiles that are known here."""
    import os

    from jobctl.errors import JobctlError
    from jobctl.settings import resolve

    try:
        names = resolve({"config": ctx.params.get("config")}, os.environ, os.curdir).profiles.names
    except JobctlError:
        return []
    return _begun(names, incomplete)


def server_faults(incomplete: str) -> list[tuple[str, str]]:
    """Faults of the sandbox's server."""
    return _faults("server", incomplete)


def tunnel_faults(incomplete: str) -> list[tuple[str, str]]:
    """Faults of the sandbox's tunnel."""
    return _faults("tunnel", incomplete)


def ends(incomplete: str) -> list[str]:
    """How a job can end."""
    from jobctl.model import JobStatus

    return _begun([status.value for status in JobStatus if status.terminal], incomplete)


def _faults(place: str, incomplete: str) -> list[tuple[str, str]]:
    from jobctl.sandbox.faults import FAULTS, Place

    return [
        (name, kind.help)
        for name, kind in FAULTS.items()
        if Place(place) in kind.where and name.startswith(incomplete)
    ]


def _begun(words: list[str] | tuple[str, ...], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
