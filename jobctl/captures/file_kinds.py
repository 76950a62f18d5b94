"""What a file is, told by its first bytes. Pure."""

from __future__ import annotations

import codecs
import json
import re
from typing import Final, Literal, NamedTuple

HEAD: Final = 64 * 1024
"""Bytes of a file that `kind_of` wants to see."""

_Name = Literal["har", "flows", "decision-log", "other"]
_EXPORT: Final = (
    "give a HAR (in the browser: DevTools, Network, Save all as HAR with content) or a file of `mitmdump -w`"
)


class Kind(NamedTuple):
    """A kind of file: its name, and for what is no recording, what it looks like and what to do."""

    name: _Name
    looks_like: str = ""
    hint: str = _EXPORT
    is_lines: bool = False
    """To be read line by line, as a decision log is."""


_MAGIC: Final = (
    (b"\x1f\x8b", "a gzip file", "unpack it first: gunzip"),
    (b"PK\x03\x04", "a ZIP file, as Fiddler's archives are", "unpack it, or export as HAR"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "unpack it first: unzstd"),
    (b"BZh", "a bzip2 file", "unpack it first: bunzip2"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture", _EXPORT),
    (b"\xa1\xb2\xc3\xd4", "a packet capture", _EXPORT),
    (b"\n\r\r\n", "a packet capture", _EXPORT),
    (b"SQLite format 3\0", "an SQLite database", _EXPORT),
    (b"\xff\xfe", "text in UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16", "save it as UTF-8"),
    (b"%PDF-", "a PDF", _EXPORT),
)
# A flow is a netstring around a dict, whose first key is a netstring again: `2718:9:websocket;…}`.
_FLOW: Final = re.compile(rb"\d{1,12}:\d{1,4}:")
_LOG_KEY: Final = re.compile(rb'"log"\s*:\s*\{')
_LOG_KEY_FIRST: Final = re.compile(rb'\{\s*"log"\s*(:|$)')
_DECISION: Final = re.compile(rb'"schema"\s*:\s*"jobctl\.decision/')


def kind_of(head: bytes) -> Kind:
    """Tell what a file is by its first `HEAD` bytes (all of it, where it is shorter)."""
    for magic, looks_like, hint in _MAGIC:
        if head.startswith(magic):
            return Kind("other", looks_like, hint)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not text:
        return Kind("other", "an empty file" if not head else "white space and nothing else", is_lines=True)
    if _FLOW.match(head):
        return Kind("flows")
    if text.startswith((b"{", b"[")):
        return _json_kind(text)
    if _DECISION.search(text):  # its first line was cut by a crash, or is somebody's heading
        return _LOG
    if text.startswith(b"<"):
        return Kind("other", "HTML or XML")
    is_text = b"\0" not in head and _is_utf8(head)
    return Kind("other", "text" if is_text else "binary data")


def _json_kind(text: bytes) -> Kind:
    first = text.split(b"\n", 1)[0]
    if text.startswith(b"{") and _DECISION.search(first):
        return _LOG
    # A HAR nearly always begins with its only member; anything may stand before it, though.
    if text.startswith(b"{") and (_LOG_KEY_FIRST.match(text) or _LOG_KEY.search(text)):
        return Kind("har")
    if b"\n" in text and _is_object(first):
        return Kind("other", "JSON lines", is_lines=True)
    if _DECISION.search(text):
        return _LOG
    return Kind("other", "JSON without the `log` of a HAR")


_LOG: Final = Kind("decision-log", "a decision log of jobctl", is_lines=True)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return True
