"""A mitmproxy addon that plays a bad cache in front of any site: the incidents, in one's own browser.

Start it with `mitmdump -s addons/jobctl_bad_cache.py -m reverse:URL --listen-host 127.0.0.1 -p 8080` and
point the front end at port 8080. It stores across users, as nginx does when it is forced to.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections import OrderedDict
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mitmproxy import ctx, exceptions

from jobctl.caching.listening.profiles import PROFILE_HELP, chosen_profiles
from jobctl.captures.job_urls import JobUrls, Role
from jobctl.client.answers import decode
from jobctl.durations import parse_duration
from jobctl.errors import ConfigError
from jobctl.model import JobStatus, Source
from jobctl.observe import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mitmproxy.addonmanager import Loader
    from mitmproxy.http import Headers, HTTPFlow, Response

    from jobctl.captures.job_urls import Sighting

logger: Final = logging.getLogger(__name__)
MAX_COPIES: Final = 1000
MAX_BODY: Final = 1_000_000
_MAX_JOBS: Final = 1000
_HIT: Final = "jobctl_bad_cache"
"""Name under which a flow's metadata tell that the answer came from memory."""
_MADE_UP: Final = json.dumps({"type": "status", "status": "pending"}).encode()
_Refused: Final[Any] = exceptions.OptionsError
"""mitmproxy leaves its constructor untyped."""


class _Copy(NamedTuple):
    stored_at: float
    response: Response


class _Settings(NamedTuple):
    """The options, read."""

    ttl: float = 10.0
    honest: bool = False
    ignore_no_store: bool = False
    drop_query: bool = False
    match: re.Pattern[str] | None = None
    ws_drop: int = 0
    ws_replay: bool = False


class BadCacheAddon:
    """Answers job reads from memory for a while, drops sockets, replays `pending` after a reconnect."""

    name = "jobctl_bad_cache"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._settings = _Settings()
        self._urls = JobUrls(())
        self._readers: list[Reader] = []
        self._copies: OrderedDict[str, _Copy] = OrderedDict()
        self._pending: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        """(host, job) of each stream that was ever opened → its last frame that said `pending`."""
        self._frames: dict[str, int] = {}

    def load(self, loader: Loader) -> None:
        """Declare the options."""
        add = loader.add_option
        add("jobctl_profile", str, "", PROFILE_HELP)
        add("jobctl_cache_ttl", str, "10s", "How long an answer is given from memory: 10, 90s, 5m.")
        add(
            "jobctl_cache_mode",
            str,
            "silent",
            "silent: a stored answer looks like a new one. honest: it carries Age and X-Cache.",
            choices=["silent", "honest"],
        )
        add("jobctl_cache_ignore_no_store", bool, False, "Store whatever request or response forbid.")
        add("jobctl_cache_drop_query", bool, False, "Leave the query out of the cache key.")
        add("jobctl_cache_match", str, "", "URLs to store, a regular expression. Empty: the job reads.")
        add("jobctl_ws_drop", int, 0, "Cut a job's WebSocket when more messages come than this; 0: never.")
        add(
            "jobctl_ws_replay_pending",
            bool,
            False,
            "Begin every reconnect of a job's WebSocket with a `pending` of before.",
        )

    def configure(self, updated: Collection[str]) -> None:
        """Take the options over; refuse those that make no sense."""
        options = ctx.options
        try:
            if "jobctl_profile" in updated or not self._readers:
                profiles = chosen_profiles(options.jobctl_profile, os.environ, Path.cwd())
                self._urls, self._readers = JobUrls(profiles), [Reader(one) for one in profiles]
            self._settings = _Settings(
                parse_duration(options.jobctl_cache_ttl),
                options.jobctl_cache_mode == "honest",
                options.jobctl_cache_ignore_no_store,
                options.jobctl_cache_drop_query,
                re.compile(options.jobctl_cache_match) if options.jobctl_cache_match else None,
                options.jobctl_ws_drop,
                options.jobctl_ws_replay_pending,
            )
        except ConfigError as error:
            raise _Refused(f"jobctl_profile: {error.message}") from error
        except re.error as error:
            raise _Refused(f"jobctl_cache_match: {error}") from error
        except ValueError as error:
            raise _Refused(f"jobctl_cache_ttl: {error}") from error
        if self._settings.ws_drop < 0:
            raise _Refused("jobctl_ws_drop: expected 0 or more")

    # --- HTTP ---------------------------------------------------------------------------------------------

    def request(self, flow: HTTPFlow) -> None:
        """Answer from memory where a copy is fresh."""
        if flow.response is not None or not self._applies(flow):
            return
        copy = self._copies.get(self._key(flow))
        if copy is None or self._refuses(flow.request.headers):
            return
        age = self._clock() - copy.stored_at
        if age >= self._settings.ttl:
            return
        flow.response = self._told(copy.response.copy(), age)
        flow.metadata[_HIT] = True

    def response(self, flow: HTTPFlow) -> None:
        """Keep a copy of what the server answered."""
        response = flow.response
        if response is None or _HIT in flow.metadata or not self._applies(flow):
            return
        content = response.raw_content
        asked = self._directives(flow.request.headers)
        forbids = self._directives(response.headers) & {"no-store", "no-cache", "private"}
        is_whole = response.status_code == 200 and content is not None and len(content) <= MAX_BODY
        if is_whole and "no-store" not in asked and not forbids:
            self._store(self._key(flow), _Copy(self._clock(), response.copy()))
        if self._settings.honest:
            response.headers["X-Cache"] = "MISS"

    def _applies(self, flow: HTTPFlow) -> bool:
        if flow.request.method != "GET" or flow.is_replay is not None or flow.websocket is not None:
            return False
        if self._settings.match is not None:
            return self._settings.match.search(flow.request.url) is not None
        return self._urls.find("GET", flow.request.url) is not None

    def _key(self, flow: HTTPFlow) -> str:
        url = flow.request.url
        return url.partition("?")[0] if self._settings.drop_query else url

    def _refuses(self, headers: Headers) -> bool:
        return bool(self._directives(headers) & {"no-store", "no-cache"})

    def _directives(self, headers: Headers) -> set[str]:
        """Cache directives, names only (`Pragma: no-cache` counts); none where they are to be ignored."""
        if self._settings.ignore_no_store:
            return set()
        lines = headers.get_all("cache-control") + headers.get_all("pragma")
        return {word.partition("=")[0].strip().lower() for line in lines for word in line.split(",")}

    def _store(self, key: str, copy: _Copy) -> None:
        self._copies[key] = copy
        self._copies.move_to_end(key)
        if len(self._copies) > MAX_COPIES:
            self._copies.popitem(last=False)

    def _told(self, response: Response, age: float) -> Response:
        now = time.time()
        response.timestamp_start = response.timestamp_end = now
        if self._settings.honest:
            response.headers["Age"] = str(int(age))
            response.headers["X-Cache"] = "HIT"
        elif "date" in response.headers:
            # nginx leaves no trace in Date either.
            response.headers["Date"] = formatdate(now, usegmt=True)
        return response

    # --- WebSocket ----------------------------------------------------------------------------------------

    def websocket_message(self, flow: HTTPFlow) -> None:
        """Begin a reconnect with what was true before; cut a connection when its messages are up."""
        if flow.websocket is None or not (self._settings.ws_drop or self._settings.ws_replay):
            return
        sighting = self._stream(flow)
        message = flow.websocket.messages[-1]
        if sighting is None or message.from_client or message.injected:
            return
        count = self._frames[flow.id] = self._frames.get(flow.id, 0) + 1
        place = sighting.host, sighting.job
        before = self._pending.get(place)
        if self._says_pending(message.content, sighting):
            self._remember(place, message.content)
        elif before is None:
            self._remember(place, _MADE_UP)
        if count == 1 and before is not None and self._settings.ws_replay:
            # In its place, so that the order is sure; the true message follows, unless the server closes.
            true, message.content = message.content, before
            ctx.master.commands.call("inject.websocket", flow, True, true, message.is_text)
        if self._settings.ws_drop and count > self._settings.ws_drop:
            # At the next message, not right after the last: a cut would take unsent bytes with it.
            message.dropped = True
            _cut(flow)

    def websocket_end(self, flow: HTTPFlow) -> None:
        """Forget the count of a closed connection."""
        self._frames.pop(flow.id, None)

    def _stream(self, flow: HTTPFlow) -> Sighting | None:
        found = self._urls.find("GET", flow.request.url, stream=True)
        return found if found is not None and found.role is Role.STREAM else None

    def _remember(self, place: tuple[str, str], frame: bytes) -> None:
        self._pending[place] = frame
        self._pending.move_to_end(place)
        if len(self._pending) > _MAX_JOBS:
            self._pending.popitem(last=False)

    def _says_pending(self, content: bytes, sighting: Sighting) -> bool:
        try:
            payload = decode(content)
        except ValueError:
            return False
        seen = self._readers[sighting.profile].observe(payload, Source.STREAM, sighting.job, 0.0)
        return seen.status is JobStatus.PENDING


def _cut(flow: HTTPFlow) -> None:
    """Cut the client's connection without a close frame (code 1006); mitmproxy then leaves the server."""
    addons: Any = ctx.master.addons
    server = addons.get("proxyserver")
    handler = server.connections.get(flow.client_conn.id) if server is not None else None
    wire = handler.transports.get(flow.client_conn) if handler is not None else None
    if wire is None or wire.writer is None:
        logger.warning("jobctl: cannot cut a WebSocket that is not live")
        return
    transport = getattr(wire.writer, "transport", None)
    if transport is not None:
        transport.abort()
    else:
        wire.writer.close()
