"""Flow files of mitmproxy as a stream of exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobctl.captures.flows import event_of, exchange_of
from jobctl.captures.tally import MAX_BODY
from jobctl.exchange import MESSAGES
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from mitmproxy.flow import Flow
    from mitmproxy.http import HTTPFlow

    from jobctl.captures.tally import Tally
    from jobctl.exchange import Exchange

_HTTP: Final = "http"


def read_flows(file: BinaryIO, size: int, tally: Tally) -> Iterator[Exchange]:
    """Yield the exchanges of a flow file in its order, numbered from 1; times are epoch seconds.

    `size` is the length of the file in bytes. Messages of a WebSocket follow its handshake, each at its own
    time. Replayed flows, those without a whole answer, and those that are not HTTP are skipped and counted.
    Nothing raises but `OSError`: damage ends the reading with a problem in the tally.
    """
    number = read = 0
    try:
        for flow in _flows(file, size):
            read += 1
            handshake = 0
            for exchange in _exchanges(flow, tally):
                number += 1
                if exchange.path in MESSAGES:
                    yield exchange._replace(number=number, handshake=handshake)
                    continue
                handshake = number
                yield exchange._replace(number=number)
            tally.progress(file.tell())
    except _DamagedError as error:
        tally.problems.append(f"the flow file was read up to flow {read}: {error}")
    finally:
        tally.close()


class _DamagedError(Exception):
    """What follows is no flow that this mitmproxy reads."""


class _Capped:
    """A file that is never asked for more than it has: a damaged length would have that much memory taken."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def read(self, size: int) -> bytes:
        if size == 1:  # lengths are read digit by digit
            return self._file.read(1)
        return self._file.read(max(0, min(size, self._size - self._file.tell())))

    def peek(self, _size: int) -> bytes:
        # FlowReader would take a HAR as well, all of it at once; that is read elsewhere.
        return b""


def _flows(file: BinaryIO, size: int) -> Iterator[Flow]:
    from mitmproxy.io import FlowReader  # noqa: PLC0415 -- half a second, for flow files only

    capped: Any = _Capped(file, size)
    flows = iter(FlowReader(capped).stream())
    while True:
        try:
            flow = next(flows, None)
        except OSError:
            raise
        except Exception as error:
            # A flow is a nest of untyped values, and mitmproxy's readers of it raise what they will.
            raise _DamagedError(_words(error, is_cut=file.tell() >= size)) from error
        if flow is None:
            return
        yield flow


def _words(error: Exception, *, is_cut: bool) -> str:
    said = str(error)
    if "version" in said:  # "cannot read files with flow format version 21, please update mitmproxy"
        return visible(said)
    return "it is cut short" if is_cut else "what follows is no flow"


def _exchanges(flow: Flow, tally: Tally) -> Iterator[Exchange]:
    if flow.type != _HTTP:
        tally.skip(f"a flow that is {flow.type}, not HTTP: skipped")
        return
    http: HTTPFlow = flow  # type: ignore[assignment]  # its type says so
    if http.is_replay:
        tally.skip("a flow that mitmproxy replayed: skipped")
        return
    try:
        found = [*_handshake_or_read(http, tally), *_messages(http)]
    except (ValueError, TypeError, AttributeError, LookupError):
        tally.skip("a flow with values that no request has: skipped")
        return
    yield from found


def _handshake_or_read(flow: HTTPFlow, tally: Tally) -> Iterator[Exchange]:
    exchange = exchange_of(flow, 0)
    if exchange is None:
        tally.skip(
            "a flow without an answer: skipped" if flow.error is None else "a flow that failed: skipped"
        )
        return
    yield exchange


def _messages(flow: HTTPFlow) -> Iterator[Exchange]:
    """Yield what either side said and the other got; what somebody put in was said by neither."""
    for message in flow.websocket.messages if flow.websocket else ():
        if not message.injected and not message.dropped:
            event = event_of(flow, message, 0)
            yield event if len(event.body) <= MAX_BODY else event._replace(body=b"")
