"""Errors, split by who is at fault. Every message ends with what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jobctl.model import Job, Observation
    from jobctl.story import Story


class JobctlError(Exception):
    """Base of all errors jobctl raises on purpose. `hint` is the next step, shown on its own line."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(JobctlError):
    """The caller's side: a profile, a flag, an environment variable, a file."""


class TransportError(JobctlError):
    """Nobody answered: name resolution, connect, TLS, timeout, a connection cut short.

    `sent` tells whether the request may have reached the server; False means that it surely did not.
    `kind` is one of `refused`, `dns`, `tls`, `proxy`, `timeout`, `cut`, `connect`.
    """

    def __init__(
        self, message: str, *, kind: str = "connect", hint: str | None = None, sent: bool = True
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.sent = sent


class SubmitUncertain(TransportError):  # noqa: N818 -- it may not be an error at all
    """The submit may or may not have created a job: nobody said. It was not repeated."""


class ApiError(JobctlError):
    """They said no: an HTTP status that refuses. `detail` is the server's own words, raw."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        detail: str | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after


class UnheardOf(ApiError):  # noqa: N818 -- a refusal that may be none
    """Not there, as far as the API keeps a list; `seen` is what it says of any id it never heard of."""

    def __init__(
        self, message: str, *, status: int, detail: str | None, hint: str, seen: Observation
    ) -> None:
        super().__init__(message, status=status, detail=detail, hint=hint)
        self.seen = seen


class ProtocolError(JobctlError):
    """An answer nobody can read as a job: HTML, garbage, too large, a tunnel's own page.

    `kind` is one of `not-json`, `tunnel-page`, `too-large`, `empty`, `redirect`, `encoding`, `truncated`.
    `transient`: the same request may well get the API's own answer in a moment.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        status: int = 0,
        hint: str | None = None,
        retry_after: float | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.status = status
        self.retry_after = retry_after
        self.transient = transient


class DeadlineExceeded(JobctlError):  # noqa: N818 -- the name the field knows (gRPC, Go's context)
    """The caller's deadline passed first. `job` is the last known state, `story` how we got there."""

    def __init__(self, message: str, *, job: Job | None, story: Story, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.job = job
        self.story = story


class JobNotSuccessful(JobctlError):  # noqa: N818 -- an outcome, not a fault of jobctl
    """The job ended, and not with `completed`. `job` is the final state, `story` how we got there."""

    def __init__(self, message: str, *, job: Job, story: Story, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.job = job
        self.story = story


def detail_of(body: Any, levels: int = 6) -> str | None:
    """Find the server's own words in an error body: `detail`, `error.message`, `message`, `title`.

    A list of problems such as `[{"loc": ["body", "prompt"], "msg": "required"}]` reads `prompt: required`.
    """
    if not levels:
        return None
    if isinstance(body, list):
        words = [said for one in body[:_MOST_PROBLEMS] if (said := detail_of(one, levels - 1))]
        return "; ".join(words) or None
    if not isinstance(body, dict):
        return body if isinstance(body, str) and body else None
    for key in ("detail", "error", "message", "title", "msg"):
        inner = detail_of(body.get(key), levels - 1)
        if inner:
            return f"{where}: {inner}" if (where := _place(body.get("loc"))) else inner
    return None


_MOST_PROBLEMS: Final = 5
_PARTS_OF_A_REQUEST: Final = frozenset({"body", "query", "path", "header", "cookie"})


def _place(loc: Any) -> str:
    if not isinstance(loc, list):
        return ""
    steps = [str(step) for step in loc[:8] if isinstance(step, str) or step.__class__ is int]
    return ".".join(steps[1:] if steps and steps[0] in _PARTS_OF_A_REQUEST else steps)
