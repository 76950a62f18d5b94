"""Where the API is: the document's `servers`, the address it came from, or what was given by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from jobctl.errors import ConfigError
from jobctl.openapi.found import Confidence, Found, missing
from jobctl.profile.urls import split_base_url
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobctl.openapi.document import Call, Document

_BY_HAND: Final = "give --base-url URL"


def find_base_url(document: Document, given: str | None, call: Call | None = None) -> Found:
    """Return the base URL; one given by hand gets the path of the document's server where it has none.

    The servers of a call, where it has some, stand for those of the document.
    """
    servers = document.items(call.servers if call is not None and call.servers else None)
    servers = servers or document.items(document.root.get("servers"))
    first = document.mapping(servers[0]) if servers else {}
    said = _with_defaults(first.get("url"), document.mapping(first.get("variables")))
    try:
        path = urlsplit(said).path.rstrip("/") if said is not None else ""
    except ValueError:  # `http://[::1`
        if given is None:
            return missing(f"the server's address {visible(said, 120)} is none", _BY_HAND)
        path = ""
    if given is not None:
        own = split_base_url(given).path.strip("/")
        if path and not own:
            why = ("given by hand", f"with the path of the document's server, {visible(path, 80)}")
            return _usable(given.rstrip("/") + path, Confidence.MEDIUM, why)
        return _usable(given, Confidence.HIGH, ("given by hand",))
    is_fetched = document.address.startswith(("http://", "https://"))
    if said is None:
        if not is_fetched:
            return missing("the document names no server, and came from a file", _BY_HAND)
        return _usable(_origin(document.address), Confidence.MEDIUM, ("where the document came from",))
    url = urljoin(document.address, said) if is_fetched else said
    if not url.startswith(("http://", "https://")):
        return missing(f"the document's server is {visible(said, 80)}, relative to nowhere", _BY_HAND)
    reasons = ["the document's first server"]
    if len(servers) > 1:
        reasons.append(f"of {len(servers)}: --base-url chooses another")
    if is_fetched and urlsplit(url).netloc != urlsplit(document.address).netloc:
        reasons.append(f"the document itself came from {visible(_origin(document.address), 80)}")
    return _usable(url, Confidence.HIGH if len(reasons) == 1 else Confidence.MEDIUM, tuple(reasons))


def _usable(url: str, confidence: Confidence, reasons: tuple[str, ...]) -> Found:
    url = url.rstrip("/")
    if "{" in url:
        return missing(f"the server's address {visible(url, 120)} has a part without a default", _BY_HAND)
    try:
        split_base_url(url)
    except ConfigError as error:
        return missing(f"the server's address cannot be used: {visible(error.message, 200)}", _BY_HAND)
    return Found(url, confidence, reasons)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _with_defaults(url: Any, variables: Mapping[str, Any]) -> str | None:
    if not isinstance(url, str) or not url.strip():
        return None

    def default(found: re.Match[str]) -> str:
        about = variables.get(found.group(1))
        value = about.get("default") if isinstance(about, dict) else None
        return value if isinstance(value, str) else found.group(0)

    return re.sub(r"\{([^{}]+)\}", default, url.strip())
