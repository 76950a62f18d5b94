"""What a profile is. Reading one from TOML is `parse`, finding files is `load`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.errors import ConfigError
from jobctl.model import JobStatus
from jobctl.profile.auth import Auth, AuthKind
from jobctl.profile.call_shape import cancel_body, list_body
from jobctl.profile.logs_shape import LogsShape
from jobctl.profile.stream_shape import DEFAULT_STREAM, StreamKind, StreamShape
from jobctl.profile.submit_shape import shaped
from jobctl.profile.urls import Operation, fill, join, split_base_url, with_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "DEFAULT_FIELDS",
    "DEFAULT_KEEPALIVES",
    "DEFAULT_LIST_ITEMS",
    "DEFAULT_WORDS",
    "TOKEN_VARIABLE",
    "Auth",
    "AuthKind",
    "LogsShape",
    "Operation",
    "Profile",
    "Tls",
    "spell",
]

TOKEN_VARIABLE: Final = "JOBCTL_TOKEN"  # noqa: S105 -- the name of a variable

# `job_id` first: in a stream frame a bare `id` may be the frame's own.
DEFAULT_FIELDS: Final[Mapping[str, str]] = {
    "id": "job_id || id",
    "status": "status || state",
    "progress": "progress",
    "updated_at": "updated_at",
    "error": "error || error_message",
    "result": "result",
    "attempt": "attempt",
}
"""What a payload carries, and the JMESPath expression that finds it."""

DEFAULT_LIST_ITEMS: Final = "[items, jobs, data, results, @][?type(@) == 'array'] | [0]"

_WORDS: Final = {
    JobStatus.PENDING: "queued pending created submitted scheduled waiting",
    JobStatus.RUNNING: "started running processing in_progress active",
    JobStatus.COMPLETED: "completed complete succeeded success done finished",
    JobStatus.FAILED: "failed failure error errored",
    JobStatus.CANCELLED: "cancelled canceled revoked stopped aborted",
}


def spell(word: str) -> str:
    """Return the one spelling under which a status word or frame type is looked up."""
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def both_spellings(words: Iterable[str]) -> frozenset[str]:
    """Return words as written, casefolded, and as `spell` spells them: either lookup finds them."""
    return frozenset(form for word in words for form in (word.strip().casefold(), spell(word)))


DEFAULT_WORDS: Final[Mapping[str, JobStatus]] = {
    word: status for status, words in _WORDS.items() for word in words.split()
}
_KEEPALIVES: Final = (
    "ping pong heartbeat keepalive keep-alive ack subscribed unsubscribed connected connection-ack "
    "connection-established hello welcome ready noop"
)
DEFAULT_KEEPALIVES: Final = both_spellings(_KEEPALIVES.split())
DEFAULT_AUTH: Final = Auth(AuthKind.BEARER_ENV, (("Authorization", TOKEN_VARIABLE),), optional=True)


class Tls(NamedTuple):
    """PEM files: `ca` to trust, `cert` and `key` to show. `key` may be inside `cert`."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Profile:
    """How one API spells things. Immutable; treat the mappings as read-only.

    `fields`, `frame_type` and `list_items` are JMESPath expressions. `words` maps each word, as
    `spell` spells it, to its status. `read_many` is a list that takes ids, with commas between them, in place
    of `{id}`; at most `read_many_most` of them. `stream` is a path or a URL, `stream_shape` how it is spoken.
    `submit_body`, `cancel_body` and `list_body` are JSON forms; see `submit_shape` and `call_shape`.
    `read_also` is a second call that belongs to one read: its answer stands under `also` in the payload.
    `unknown_looks_like` are words, as `spell` spells them, that it says of any id nobody ever heard of.
    `warnings` are for the person.
    """

    name: str
    read: Operation
    base_url: str | None = None
    submit: Operation | None = None
    cancel: Operation | None = None
    list: Operation | None = None
    read_many: Operation | None = None
    read_many_most: int = 100
    submit_body: Any = None
    cancel_body: Any = None
    list_body: Any = None
    read_also: Operation | None = None
    unknown_looks_like: frozenset[str] = frozenset()
    stream: str | None = None
    stream_shape: StreamShape = DEFAULT_STREAM
    logs: LogsShape | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: DEFAULT_FIELDS)
    words: Mapping[str, JobStatus] = field(default_factory=lambda: DEFAULT_WORDS)
    progress_max: float = 100.0
    keepalive_types: frozenset[str] = DEFAULT_KEEPALIVES
    frame_type: str = "type"
    cancel_refused: frozenset[int] = frozenset({400, 409, 422})
    cancel_accepted: frozenset[int] = frozenset()
    """Beyond 2xx: statuses of a cancel's answer that say yes."""
    auth: Auth = DEFAULT_AUTH
    tls: Tls | None = None
    routes: Mapping[str, str] = field(default_factory=dict)
    list_items: str = DEFAULT_LIST_ITEMS
    idempotency_header: str = "Idempotency-Key"
    headers: Mapping[str, str] = field(default_factory=dict)
    origin: str = "built-in"
    warnings: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.name, self.base_url, self.origin))

    def status_of(self, word: Any) -> JobStatus:
        """Map the API's own word; anything nobody mapped, or no string, is UNKNOWN."""
        if not isinstance(word, str):
            return JobStatus.UNKNOWN
        status = self.words.get(word)
        return status if status is not None else self.words.get(spell(word), JobStatus.UNKNOWN)

    def with_base_url(self, url: str) -> Profile:
        """Return the profile at another base URL; raise ConfigError when it is no http(s) URL."""
        split_base_url(url)
        moved = replace(self, base_url=url.strip())
        if moved.logs is not None and "://" in (moved.logs.tail or ""):
            moved = replace(moved, logs=moved.logs._replace(tail=None))
        if self.stream is None or "://" not in self.stream:
            return moved
        # The stream of one server says nothing about the jobs of another, and must not get its token.
        warning = f"the stream of profile {self.name!r} belongs to another base URL: polling only"
        return replace(moved, stream=None, warnings=(*self.warnings, warning))

    def read_url(self, job_id: str) -> str:
        """Return the URL that reads one job. All URL helpers raise ConfigError, for a bad id too."""
        return self.url(self.read, job_id)

    def read_many_url(self, job_ids: Iterable[str]) -> str:
        """Return the URL that reads several jobs; ConfigError when the profile has no such operation."""
        return self.url(self._need("read_many", self.read_many), ",".join(job_ids))

    def cancel_request(self, job_id: str) -> tuple[str, str, Any]:
        """Return method, URL and body that cancel one job; ConfigError when the profile has no cancel."""
        operation = self._need("cancel", self.cancel)
        return operation.method, self.url(operation, job_id), cancel_body(self.cancel_body, job_id)

    def submit_request(self, payload: Any) -> tuple[str, str, Any]:
        """Return method, URL and body that submit some fields; ConfigError when they cannot be submitted."""
        operation, body = shaped(self._need("submit", self.submit), self.submit_body, payload)
        return operation.method, self.url(operation), body

    def list_request(self, limit: int | None = None) -> tuple[str, str, Any]:
        """Return method, URL and body that list jobs; ConfigError when the profile has no list.

        A `limit` goes where the body has a place for it, else into the query.
        """
        operation = self._need("list", self.list)
        url, body, is_told = self.url(operation), *list_body(self.list_body, limit)
        if limit is not None and not is_told:
            url = with_query(url, f"limit={limit}")
        return operation.method, url, body

    def stream_url(self, job_id: str) -> str | None:
        """Return the URL of a job's stream, ws(s) or http(s) by its kind; None when there is no stream."""
        if self.stream is None:
            return None
        is_socket = self.stream_shape.kind is StreamKind.WEBSOCKET
        return self._stream_url(self.stream, job_id, is_socket=is_socket)

    def tail_url(self, job_id: str) -> str | None:
        """Return the ws(s) URL of the tail of a job's log; None when there is no such thing."""
        tail = self.logs.tail if self.logs is not None else None
        return None if tail is None else self._stream_url(tail, job_id, is_socket=True)

    def _stream_url(self, template: str, job_id: str, *, is_socket: bool) -> str:
        filled = fill(template, job_id)
        return filled if "://" in template else join(self.require_base_url(), filled, websocket=is_socket)

    def url(self, operation: Operation, job_id: str = "") -> str:
        """Return the full URL of an operation."""
        return join(self.require_base_url(), operation.url_path(job_id))

    def require_base_url(self) -> str:
        """Return the base URL; raise ConfigError when there is none yet."""
        if self.base_url is None:
            raise ConfigError(
                f"profile {self.name!r} has no base_url",
                hint="give --base-url URL, set JOBCTL_BASE_URL, or put base_url into the profile",
            )
        return self.base_url

    def require_logs(self) -> LogsShape:
        """Return where logs are; raise ConfigError when the profile has none."""
        if self.logs is None:
            raise ConfigError(
                f"profile {self.name!r} has no 'logs'",
                hint=f'add logs = "GET /path/{{id}}/logs" to the profile ({self.origin})',
            )
        return self.logs

    def _need(self, verb: str, operation: Operation | None) -> Operation:
        if operation is None:
            raise ConfigError(
                f"profile {self.name!r} has no {verb!r} operation",
                hint=f'add {verb} = "METHOD /path" to the profile ({self.origin})',
            )
        return operation
