"""Which job an answer to a submit names, and what to say when it names none. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from jobctl.client.redirects import is_same_server, resolved
from jobctl.errors import ProtocolError
from jobctl.secret_scan import redact_text
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.client.messages import Response
    from jobctl.profile.model import Profile


def job_in_location(profile: Profile, response: Response) -> str:
    """Return the id in a `Location` of the same server that has the shape of the profile's read path, or "".

    Anything else (a login page, a list, another server) is no word about the job.
    """
    base = profile.require_base_url()
    location = response.header("location")
    target = resolved(response.url, location) if location else None
    if target is None or not is_same_server(base, target):
        return ""
    shape = profile.read.path.partition("?")[0]
    if "{id}" not in shape:
        return ""
    pattern = "([^/]+)".join(re.escape(part) for part in shape.split("{id}"))
    prefix = re.escape(urlsplit(base).path.rstrip("/"))
    # An API behind a gateway that strips a prefix does not know of the prefix.
    may_lack_prefix = re.search(r"\w", shape.replace("{id}", "")) is not None
    found = re.fullmatch(rf"(?:{prefix}){'?' if may_lack_prefix else ''}{pattern}/?", urlsplit(target).path)
    return unquote(found[1]) if found else ""


def nameless(profile: Profile, response: Response) -> ProtocolError:
    """The answer says yes, and no id stands where one should."""
    words = response.body[:400].decode("utf-8", "replace").strip()
    said = visible(redact_text(words), 120) if words else "an empty body"
    where = visible(profile.fields.get("id", "nowhere"), 80)
    return ProtocolError(
        f"HTTP {response.status}, but no job id where fields.id of the profile looks ({where}): {said}",
        kind="not-json",
        status=response.status,
        hint="set fields.id of the profile to where the id is",
    )


def is_unusable(job: str) -> bool:
    """Would no later command take this id? Nobody could type it, or no URL carry it."""
    return not job.isprintable() or not job.strip() or job in {".", ".."}


def unusable(job: str, response: Response) -> ProtocolError:
    """An id that `is_unusable`."""
    return ProtocolError(
        f"HTTP {response.status}, but the job id is none that can be asked for ({visible(job, 80)!r})",
        kind="not-json",
        status=response.status,
        hint="check fields.id of the profile",
    )
