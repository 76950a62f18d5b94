"""Signals that end a command the orderly way, on any platform's event loop."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Callable
from typing import Any

from jobctl.cli import output


class ending_signals:  # noqa: N801 -- reads as the context manager it is
    """SIGINT, SIGTERM and SIGHUP end a watch the orderly way; a second one ends it at once."""

    def __init__(self, handler: Callable[[], None]) -> None:
        self._handler = handler
        self._undo: list[Callable[[], Any]] = []

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, *output.ENDING_SIGNALS):
            if signal.getsignal(number) is signal.SIG_IGN:  # `nohup`
                continue
            try:
                loop.add_signal_handler(number, self._handler)
                self._undo.append(functools.partial(loop.remove_signal_handler, number))
            except NotImplementedError:  # Windows: the loop knows no signals, the interpreter does
                before = signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._handler))
                self._undo.append(functools.partial(signal.signal, number, before))
            except (RuntimeError, ValueError):  # not the main thread: somebody else's signals
                continue

    def __exit__(self, *_exc: object) -> None:
        for undo in self._undo:
            undo()
