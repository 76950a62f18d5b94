"""Watch machines as the live view sees them."""

from __future__ import annotations

from types import SimpleNamespace as Fake

from world.make import known

from jobctl.model import Source
from jobctl.watching.stream_state import Socket


def machine(socket=Socket.GIVEN_UP, **more):
    """Running at 62 %, last read at 96.0; three sessions of the stream brought nothing."""
    base = {"job": known("running", progress=62.0), "last_word_at": 96.0, "last_word_from": Source.POLL}
    return Fake(
        reads=Fake(failures=0, last_failure=None, next_poll_at=0.0),
        stream=Fake(socket=socket, session=1, fruitless=3, retry_at=101.24, trusted=False),
        options=Fake(max_stream_sessions=5),
        finished=None,
        **({"claim": None} | base | more),
    )
