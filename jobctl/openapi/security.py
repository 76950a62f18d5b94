"""Which credentials an API wants → the `auth` of a profile: always the name of a variable, never a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.openapi.found import Confidence, Found, missing
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobctl.openapi.document import Call, Document

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class FoundAuth(NamedTuple):
    """The finding in words, and the `auth` table as TOML would give it (None: leave it out)."""

    found: Found
    table: Mapping[str, Any] | None


def find_auth(document: Document, call: Call, name: str) -> FoundAuth:
    """Read what one call asks for; `name` is the profile's, of which the variables get theirs."""
    schemes = document.mapping(document.mapping(document.root.get("components")).get("securitySchemes"))
    asked = call.node.get("security", document.root.get("security"))
    if not isinstance(asked, list) or not asked:
        if not schemes or asked == []:
            why = "the document asks for none" if asked == [] else "the document names no way"
            return FoundAuth(Found("$JOBCTL_TOKEN where it is set", Confidence.LOW, (why,)), None)
        asked = [{one: []} for one in schemes]
        guessed = True
    else:
        guessed = False
    optional = {} in asked
    problems = []
    for choice in asked:
        if not isinstance(choice, dict) or not choice:
            continue
        found = [_read(document.mapping(schemes.get(one)), str(one), name) for one in choice]
        table, why = _together([one[0] for one in found]), "; ".join(one[1] for one in found)
        if table is not None:
            sure = Confidence.MEDIUM if guessed else Confidence.HIGH
            notes = ("not said for which calls",) if guessed else ("not always needed",) if optional else ()
            if optional or guessed:
                table = {**table, "optional": True}
            return FoundAuth(Found(_in_words(table), sure, (why, *notes)), table)
        problems.append(why)
    return FoundAuth(missing(visible("; ".join(problems) or "no way that can be read", 200), _BY_HAND), None)


_BY_HAND: Final = "write auth by hand: bearer_env, header_env, basic_env or command"


def _read(scheme: Mapping[str, Any], label: str, name: str) -> tuple[dict[str, Any] | None, str]:
    """Return one scheme's table, or None, and the reason."""
    kind, shown = scheme.get("type"), visible(label, 60)
    variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "API"
    variable = f"API_{variable}" if variable[0].isdigit() else variable
    if kind == "http":
        way = str(scheme.get("scheme", "")).lower()
        if way == "basic":
            return {"basic_env": f"{variable}_LOGIN"}, f"{shown}: HTTP basic; user:password in the variable"
        if way == "bearer":
            return {"bearer_env": f"{variable}_TOKEN"}, f"{shown}: bearer token"
        return None, f"{shown}: HTTP {visible(way, 30)} is no way jobctl knows"
    if kind in ("oauth2", "openIdConnect"):  # whatever `type` is, a list too
        return {"bearer_env": f"{variable}_TOKEN"}, f"{shown}: {kind}; an access token, got elsewhere"
    if kind == "apiKey":
        header, place = str(scheme.get("name", "")), scheme.get("in")
        if place == "header" and _HEADER.fullmatch(header):
            note = ""
            if header.lower() == "authorization":
                note = ", the variable holding the whole value (with its prefix, such as Key or Token)"
            return {"header_env": {header: f"{variable}_KEY"}}, f"{shown}: a key in the header {header}{note}"
        return None, f"{shown}: a key in the {visible(place, 20)}, where no profile can put it"
    return None, f"{shown}: {visible(kind, 40)} is no way jobctl knows"


def _together(tables: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Put schemes that are all needed into one table: possible for headers only."""
    known = [one for one in tables if one is not None]
    if len(known) != len(tables) or not known:
        return None
    if len(known) == 1:
        return known[0]
    headers: dict[str, str] = {}
    for number, one in enumerate(known, 1):
        if "header_env" not in one:
            return None
        headers |= {header: f"{variable}_{number}" for header, variable in one["header_env"].items()}
    return {"header_env": headers}


def _in_words(table: Mapping[str, Any]) -> str:
    (way, value), *_ = table.items()
    if isinstance(value, dict):
        return f"{way} " + ", ".join(f"{header} = ${variable}" for header, variable in value.items())
    return f"{way} ${value}"
