"""What `jobctl init` reads: files and addresses, bounded, and never another host's without being told."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from jobctl._version import __version__
from jobctl.cli import output
from jobctl.client.answers import payload_of, raise_for_page, refusal
from jobctl.client.blocking import BlockingCarrier
from jobctl.client.carrier import Limits, wall_clock
from jobctl.client.credentials import Credentials
from jobctl.client.messages import Flow, Request, Response
from jobctl.client.redirects import REDIRECTS, is_same_server
from jobctl.client.sending import Sender
from jobctl.errors import ConfigError, ProtocolError
from jobctl.openapi.parsing import LARGEST
from jobctl.profile.auth import Auth
from jobctl.profile.model import DEFAULT_AUTH, TOKEN_VARIABLE, Operation, Profile
from jobctl.profile.urls import split_base_url
from jobctl.redact import redact_url
from jobctl.text import visible
from jobctl.tunnel_pages import bypass_headers

_LIMITS: Final = Limits(total=60.0, max_body=LARGEST)


def is_url(text: str) -> bool:
    """Tell an address from the name of a file."""
    return text.lower().startswith(("http://", "https://"))


def read_file(name: str) -> bytes:
    """Read a file, ten megabytes and one byte at most.

    Raises:
        ConfigError: it cannot be read.
    """
    if not name.strip():
        raise ConfigError("no file and no address is given", hint="--openapi URL|FILE, or --sample URL|FILE")
    try:
        with Path(name).open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{visible(name, 300)}: cannot be read: {reason}") from None


class Fetcher:
    """Fetches by GET. `with_token` sends $JOBCTL_TOKEN, where it is set, as any profile does by default."""

    def __init__(self, environ: dict[str, str], *, insecure: bool = False, with_token: bool = False) -> None:
        self._insecure = insecure
        self._auth, self._environ = DEFAULT_AUTH if with_token else Auth(), environ

    def get(self, url: str, *, redirects: bool = True) -> Response:
        """Return the good answer of one address; its `url` is where it came from in the end.

        Raises:
            ConfigError: no such URL can be asked, or what is there is too large.
            TransportError, ApiError, ProtocolError: see `jobctl.errors`.
        """
        parts = split_base_url(url.partition("#")[0])
        origin = f"{parts.scheme}://{parts.netloc}"
        profile = Profile(name="init", read=Operation("GET", "/{id}"), base_url=origin, auth=self._auth)
        credentials = Credentials(self._auth, self._environ)
        headers = (
            ("User-Agent", f"jobctl/{__version__}"),
            ("Accept", "application/json, application/yaml;q=0.9, */*;q=0.5"),
            ("Accept-Encoding", "identity"),
            *bypass_headers(parts.hostname or "").items(),
        )
        request = Request("GET", parts.geturl(), headers)
        sender = Sender(credentials.headers, headers)
        with BlockingCarrier(
            profile, credentials, _LIMITS, insecure=self._insecure, tell=output.tell
        ) as carrier:
            try:
                response = carrier.run(sender.send(request) if redirects else _once(request))
            except ProtocolError as error:
                if error.kind == "too-large":
                    raise ConfigError(f"{visible(redact_url(url), 300)}: larger than 10 MB") from None
                raise
        return _good(response, url, with_token=self._auth is DEFAULT_AUTH)


def _once(request: Request) -> Flow[Response]:
    response: Response = yield request
    return response


def _good(response: Response, url: str, *, with_token: bool) -> Response:
    raise_for_page(response, "document", None)
    if response.status in REDIRECTS:
        payload_of(response, "document", wall_clock())
    if response.status >= 400:
        error = refusal(response, visible(redact_url(url), 200), wall_clock())
        error.hint = _HINTS.get(response.status, error.hint)
        if with_token and response.status in {401, 403}:
            error.hint = f"set {TOKEN_VARIABLE} to a token that may read this, or give the answer as a file"
        raise error
    return response


_PROTECTED: Final = "no credentials are sent for a document: download it, and give the file"
_HINTS: Final = {401: _PROTECTED, 403: _PROTECTED, 404: "check the address", 410: "check the address"}


def further_document(home: str, address: str, fetcher: Fetcher, *, allow_remote: bool) -> bytes | None:
    """Return the bytes of a document that a `$ref` of `home` leads to; None where it must not be fetched.

    Raises:
        ConfigError, TransportError, ApiError, ProtocolError: it may be fetched, and cannot be.
    """
    scheme = urlsplit(address).scheme
    if scheme == "file" and home.startswith("file:"):
        try:
            ours, wanted = _path_of(home), _path_of(address)
        except (RuntimeError, ValueError, OSError):  # a circle of links, a name that none can have
            raise ConfigError(f"{visible(address, 200)}: no such file can be read") from None
        return read_file(str(wanted)) if wanted.is_relative_to(ours.parent) or allow_remote else None
    if scheme not in {"http", "https"}:
        return None
    is_ours = is_url(home) and is_same_server(home, address)
    if not (is_ours or allow_remote):
        return None
    # A redirect may lead to another host, which nobody has allowed.
    return fetcher.get(address, redirects=False).body


def _path_of(uri: str) -> Path:
    return Path(url2pathname(urlsplit(uri).path)).resolve()
