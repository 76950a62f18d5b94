"""Where a job's log is, and how it is spoken. Data only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jobctl.profile.stream_shape import DEFAULT_STREAM, StreamShape

if TYPE_CHECKING:
    from jobctl.profile.urls import Operation


class LogsShape(NamedTuple):
    """The whole log by a read, and what is added to it by a tail, which begins with the first line again."""

    read: Operation
    text: str | None = None
    """JMESPath of the text in a JSON answer; None: the body is the log."""
    tail: str | None = None
    """Path or URL of a stream whose messages, one after the other, are the log."""
    tail_shape: StreamShape = DEFAULT_STREAM
