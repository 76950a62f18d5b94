"""Where `jobctl init` gets its document: a file, an address, or the usual places of a base URL."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from jobctl.cli import output
from jobctl.cli.init_fetch import Fetcher, further_document, is_url, read_file
from jobctl.errors import ApiError, ConfigError, JobctlError, ProtocolError
from jobctl.openapi.document import Document, absolute_refs
from jobctl.openapi.drafting import Kinds, Wishes, draft_of, find_kinds
from jobctl.openapi.parsing import parse_document
from jobctl.profile.urls import split_base_url
from jobctl.redact import redact_url
from jobctl.text import visible

USUAL_PLACES: Final = (
    "/openapi.json",
    "/swagger.json",
    "/api/openapi.json",
    "/v3/api-docs",
    "/openapi.yaml",
)
_MOST_DOCUMENTS: Final = 20
_MOST_BYTES: Final = 20 * 1024 * 1024
_KINDS_LOOKED_AT: Final = 10


class Loaded(NamedTuple):
    """A document with all it refers to, the kinds of job in it, and how to call it."""

    document: Document
    kinds: Kinds
    shown: str


def load(openapi: str, fetcher: Fetcher, *, allow_remote: bool) -> Loaded:
    """Load a document from a file or an address.

    Raises:
        ConfigError: there is none, or none that can be used.
        TransportError, ApiError, ProtocolError: the server could not be asked.
    """
    if is_url(openapi):
        address, root = _from_url(openapi, fetcher)
        shown = address
    else:
        shown, address = openapi, Path(openapi).absolute().as_uri()
        root = parse_document(read_file(openapi), openapi)
        Document(root, shown)  # whose errors name the file as it was given
    document, kinds = _with_others(root, address, fetcher, allow_remote=allow_remote)
    return Loaded(document, kinds, shown)


def _from_url(url: str, fetcher: Fetcher) -> tuple[str, Any]:
    """Return the first of the likely addresses that has a document."""
    split_base_url(url.partition("#")[0])
    path = urlsplit(url).path.rstrip("/")
    base = url.partition("?")[0].partition("#")[0].rstrip("/")
    is_file = "." in path.rpartition("/")[2]
    places = [url] if path else []
    places += [] if is_file else [base + place for place in USUAL_PLACES]
    problems: list[JobctlError] = []
    for place in places:
        try:
            answer = fetcher.get(place)
            root = parse_document(answer.body, answer.url)
            Document(root, answer.url)
        except (ConfigError, ProtocolError) as error:
            problems.append(error)
        except ApiError as error:
            if error.status not in {404, 405, 406, 410}:
                raise
            problems.append(error)
        else:
            return answer.url, root
    if len(places) == 1:
        raise problems[0]
    told = "\n".join(f"  {error.message}" for error in problems)
    raise ConfigError(
        f"no OpenAPI document at {visible(redact_url(base), 200)}:\n{told}",
        hint="give its address or file with --openapi, or an answer of the API with --sample",
    )


def _with_others(root: Any, address: str, fetcher: Fetcher, *, allow_remote: bool) -> tuple[Document, Kinds]:
    """Read what the document refers to as far as anybody needs it, and find the kinds of job."""
    others: dict[str, Any] = {}
    refused: set[str] = set()
    unread: list[str] = []
    read = 0
    while True:
        document = Document(root, address, others)
        kinds = find_kinds(document)
        for number in range(min(len(kinds.families), _KINDS_LOOKED_AT)):
            draft_of(document, kinds, number, Wishes())
        wanted = sorted(document.elsewhere - others.keys() - refused)
        if not wanted:
            break
        for one in wanted:
            raw = None
            try:
                if len(others) < _MOST_DOCUMENTS and read < _MOST_BYTES:
                    raw = further_document(address, one, fetcher, allow_remote=allow_remote)
                if raw is not None:
                    others[one] = absolute_refs(parse_document(raw, one), one)
                    read += len(raw)
            except JobctlError as error:  # what else there is may well be enough
                raw, others[one] = b"", None
                unread.append(error.message)
            if raw is None:
                refused.add(one)
    _tell_gaps(document, refused, unread)
    return document, kinds


def _tell_gaps(document: Document, refused: set[str], unread: list[str]) -> None:
    if unread:
        some = visible("; ".join(unread[:3]), 400)
        output.tell(f"{_led_to(unread)}: cannot be read: {some}")
    if refused:
        some = ", ".join(visible(redact_url(one), 120) for one in sorted(refused)[:3])
        output.tell(f"{_led_to(refused)}: not read ({some}): --allow-remote reads other hosts'")
    if document.broken:
        some = ", ".join(sorted(document.broken)[:3])
        output.tell(f"$refs that lead nowhere: {len(document.broken)} ({visible(some, 300)})")


def _led_to(documents: Collection[str]) -> str:
    number = len(documents)
    return "one document that a $ref leads to" if number == 1 else f"{number} documents that $refs lead to"
