"""Which job a URL speaks of, told by the templates of profiles; the base URL plays no part."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.profile.model import Profile

_PLACEHOLDER: Final = "{id}"
_ANY_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_LONGEST_ID: Final = 512


class Role(StrEnum):
    """What a request to a job API is."""

    READ = "read"
    STREAM = "stream"
    CANCEL = "cancel"
    SUBMIT = "submit"
    LIST = "list"


class JobKey(NamedTuple):
    """One job as seen on the wire: `http` or `https`, `host:port` as written, and the id."""

    scheme: str
    host: str
    job: str


class Sighting(NamedTuple):
    """A request about a job. `job` is empty where the URL does not name it; `target` is path and query."""

    profile: int
    role: Role
    scheme: str
    host: str
    job: str
    target: str
    query: str

    def key(self, job: str = "") -> JobKey:
        """Return the key of the job: the one in the URL, or the one the body names."""
        return JobKey(self.scheme, self.host, self.job or job)


class _Template(NamedTuple):
    profile: int
    role: Role
    method: str
    pattern: re.Pattern[str]
    argument: str | None
    """Name of the query argument that holds the id."""


class JobUrls:
    """Finds jobs in URLs. Where several profiles fit, the first given wins.

    With `lists` the list of jobs is found as well; it names none.
    """

    def __init__(self, profiles: Sequence[Profile], *, lists: bool = False) -> None:
        self._templates: list[_Template] = []
        hints: list[str] = []
        for index, profile in enumerate(profiles):
            for role, operation in ((Role.READ, profile.read), (Role.CANCEL, profile.cancel)):
                if operation is not None:
                    self._add(index, role, operation.method, operation.path, hints)
            if profile.stream is not None:
                self._add(index, Role.STREAM, "GET", _path_of(profile.stream), hints)
            for role, operation in ((Role.SUBMIT, profile.submit), (Role.LIST, profile.list)):
                if operation is not None and (lists or role is not Role.LIST):
                    self._add(index, role, operation.method, operation.path, hints)
        # `/v1/jobs` covers `/v1/jobs/`: fewer words to look for in every request that passes.
        self.hints = tuple(
            sorted(hint for hint in set(hints) if not any(o != hint and o in hint for o in hints))
        )
        """One of these stands in the path of every request that `find` knows."""

    def _add(self, profile: int, role: Role, method: str, path: str, hints: list[str]) -> None:
        bare, _, query = path.partition("?")
        # What is submitted may have fields in its path; they name no job.
        pieces = bare.split(_PLACEHOLDER) if role is not Role.SUBMIT else _ANY_PLACEHOLDER.split(bare)
        groups = ["[^/]+" if role is Role.SUBMIT else "([^/]+)", *["[^/]+"] * len(pieces)]
        text = re.escape(pieces[0])
        for group, piece in zip(groups, pieces[1:], strict=False):
            text += group + re.escape(piece)
        argument = next((name for name, value in parse_qsl(query) if _PLACEHOLDER in value), None)
        pattern = re.compile(rf"(?:/[^?]*)?{text}/?")
        self._templates.append(_Template(profile, role, method, pattern, argument))
        hints.append(max(pieces, key=len))

    def find(self, method: str, url: str, *, stream: bool = False) -> Sighting | None:
        """Return the job a request is about, None for any other. `stream`: its messages are events."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        asked = "GET" if method == "HEAD" else method
        for template in self._templates:
            if template.method != asked or (template.role is Role.STREAM) is not stream:
                continue
            match = template.pattern.fullmatch(parts.path)
            if match is None:
                continue
            job = _id_of(template, match, parts.query)
            if job is None or (not job and template.role is Role.READ):
                continue
            scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            return Sighting(
                template.profile,
                template.role,
                scheme,
                parts.netloc.rpartition("@")[2],
                job,
                target,
                parts.query,
            )
        return None


def _id_of(template: _Template, match: re.Match[str], query: str) -> str | None:
    if match.re.groups:
        return _unquoted(match.group(1))
    if template.argument is None:
        return ""
    given = next((value for name, value in parse_qsl(query[:4096]) if name == template.argument), "")
    return given[:_LONGEST_ID] or None


@lru_cache(maxsize=1024)
def _unquoted(text: str) -> str:
    return unquote(text)[:_LONGEST_ID]


def _path_of(stream: str) -> str:
    """Return the path of a stream template, which may be a whole ws(s) URL."""
    if "://" not in stream:
        return stream
    rest = stream.partition("://")[2]
    return "/" + rest.partition("/")[2]
