"""HAR files as a stream of exchanges: what a browser, mitmproxy or jobctl itself recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.captures.har_entries import DamagedHarError, entries
from jobctl.captures.har_entry import EntryReader
from jobctl.captures.har_text import HarText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from jobctl.captures.tally import Tally
    from jobctl.exchange import Exchange


def read_har(file: BinaryIO, tally: Tally) -> Iterator[Exchange]:
    """Yield the exchanges of a HAR in the order of the file, numbered from 1; times are epoch seconds.

    Messages of a WebSocket follow its handshake, each at its own time, so `sent` may step back between two
    exchanges. Nothing raises but `OSError`: an entry that cannot be read is skipped, and damage ends the
    reading with a problem in the tally.
    """
    reader = EntryReader(tally)
    read = 0
    try:
        for entry in entries(HarText(file, tally.progress)):
            read += 1
            yield from reader.exchanges(entry)
    except DamagedHarError as error:
        tally.problems.append(f"the HAR was read up to entry {read}: {error}")
    finally:
        tally.close()
