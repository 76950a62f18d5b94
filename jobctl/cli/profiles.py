"""`jobctl profiles`: which APIs are known, from where, and what would be used now."""

from __future__ import annotations

import os
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from jobctl.cli import output
from jobctl.cli.completion import profile_names
from jobctl.cli.parameters import BaseUrlOption, ConfigOption, JsonOption, ProfileOption, settings_for
from jobctl.errors import ConfigError
from jobctl.model import JobStatus
from jobctl.profile.auth import AuthKind
from jobctl.profile.builtin import NOT_TRIED
from jobctl.profile.load import BUILT_IN
from jobctl.profile.model import Profile
from jobctl.redact import redact, redact_text, redact_url
from jobctl.text import visible

_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def profiles(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show one in full.", autocompletion=profile_names)
    ] = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the known profiles, or one in full with where each setting comes from."""
    chosen = settings_for(profile or name, base_url, config)
    if name is not None and profile is not None and name != profile:
        raise ConfigError("NAME and --profile differ", hint="give one of them")
    known = [chosen.profiles.get(each) for each in chosen.profiles.names]
    if as_json:
        shown = [chosen.profile] if name else known
        output.close_json({"current": chosen.profile.name, "profiles": [describe(one) for one in shown]})
        return
    if name is not None:
        _show_one(chosen.profile, chosen.where)
        return
    from tabulate import tabulate

    rows = [
        (
            "*" if one.name == chosen.profile.name else "",
            one.name,
            redact_url(one.base_url) if one.base_url else "-",
            auth_words(one),
            origin_words(one),
        )
        for one in known
    ]
    output.result(tabulate(rows, headers=("", "profile", "base_url", "auth", "from"), disable_numparse=True))


def describe(profile: Profile) -> dict[str, Any]:
    """A profile as JSON. Variables are named, their values never shown."""
    return {
        "name": profile.name,
        "base_url": redact_url(profile.base_url) if profile.base_url else None,
        "submit": str(profile.submit) if profile.submit else None,
        "submit_body": redact(profile.submit_body),
        "read": str(profile.read),
        "read_also": str(profile.read_also) if profile.read_also else None,
        "cancel": str(profile.cancel) if profile.cancel else None,
        "cancel_body": redact(profile.cancel_body),
        "list": str(profile.list) if profile.list else None,
        "list_body": redact(profile.list_body),
        "read_many": str(profile.read_many) if profile.read_many else None,
        "stream": redact_url(profile.stream) if profile.stream else None,
        "logs": str(profile.logs.read) if profile.logs else None,
        "fields": dict(profile.fields),
        "status": {
            status.value: sorted(word for word, mapped in profile.words.items() if mapped is status)
            for status in JobStatus
            if status in profile.words.values()
        },
        "auth": auth_words(profile),
        "routes": {name: redact_url(url) for name, url in profile.routes.items()},
        "from": origin_words(profile),
        "proxy": proxy_words(profile),
    }


def origin_words(profile: Profile) -> str:
    """Where a profile comes from, and whether anybody here has tried it."""
    is_untried = profile.origin == BUILT_IN and profile.name in NOT_TRIED
    return f"{profile.origin}, not tried here" if is_untried else profile.origin


def auth_words(profile: Profile) -> str:
    """How a profile authenticates, and whether what it needs is there."""
    auth = profile.auth
    if auth.kind is AuthKind.COMMAND:
        return f"command {redact_text(str(auth.command))}"
    if auth.kind is AuthKind.BEARER:
        return "a token in the profile itself"
    if not auth.variables:
        return "none"
    told = [f"${name} ({'set' if os.environ.get(name) else 'not set'})" for _header, name in auth.variables]
    return f"{auth.kind.value} {', '.join(told)}"


def proxy_words(profile: Profile) -> str:
    """Which proxy the environment puts between us and the API."""
    from jobctl.client.hosts import is_loopback

    if profile.base_url is None:
        return "-"
    parts = urlsplit(profile.base_url)
    if is_loopback(parts.hostname or ""):
        return "none: loopback never goes through a proxy"
    found = [
        f"{name}={redact_url(value)}"
        for name in _PROXY_VARIABLES
        for spelled in (name, name.lower())
        if (value := os.environ.get(spelled))
    ]
    return ", ".join(found) or "none"


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} = {_in_words(one)}" for name, one in value.items()) or "-"
    return ", ".join(value) if isinstance(value, list) else "-" if value is None else visible(value)


def _show_one(profile: Profile, where: Any) -> None:
    from tabulate import tabulate

    rows = []
    for key, value in describe(profile).items():
        rows.append((key, _in_words(value), where.get(key, "")))
    output.result(tabulate(rows, tablefmt="plain", maxcolwidths=[None, 90, None], disable_numparse=True))
