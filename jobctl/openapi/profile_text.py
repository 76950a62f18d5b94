"""A draft → the TOML of its profile, with a comment on each line that tells why, or what to write by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from jobctl.model import JobStatus
from jobctl.openapi.draft import FIELDS, OPERATIONS
from jobctl.openapi.found import Confidence, Found
from jobctl.secret_scan import redact_text
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jobctl.openapi.draft import Draft

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def profile_text(draft: Draft) -> str:
    """Return the text of one `[profiles.NAME]`; what is marked `?` wants a look."""
    head = f"profiles.{key(draft.name)}"
    source = visible(redact_text(draft.source), 200)
    lines = [f"# Drafted by `jobctl init` from {source}; a line marked ? wants a look."]
    lines += [f"[{head}]", *_line("base_url", draft.base_url)]
    for name in OPERATIONS:
        found = draft.operations[name]
        lines += _stream(found) if name == "stream" and found.value else _line(name, found)
        lines += _body(f"{name}_body", draft)
    lines += _auth(draft)
    for name, value in draft.extra.items():
        if name != "headers" and name not in draft.bodies:
            lines.append(f"{name} = {literal(value)}")
    if "headers" in draft.extra:
        lines.append(f"headers = {literal(draft.extra['headers'])}")
    lines += ["", f"[{head}.fields]"]
    for name in FIELDS:
        if name in draft.fields:
            lines += _line(name, draft.fields[name])
    words = list(_words(draft))
    lines += ["", f"[{head}.status]", *words] if words else []
    return "\n".join(lines) + "\n"


def key(name: str) -> str:
    """Return a name as a TOML key."""
    return name if _BARE.fullmatch(name) else text(name)


def text(value: str) -> str:
    """Return a TOML string: one line, everything that does not print escaped."""
    return '"' + "".join(_ESCAPES.get(char) or _printable(char) for char in value) + '"'


def literal(value: Any) -> str:
    """Return a value of a profile as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, dict):
        if not value:
            return "{}"
        return "{ " + ", ".join(f"{key(name)} = {literal(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(one) for one in value) + "]"
    return text(str(value))


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    number = ord(char)
    if 0xD800 <= number <= 0xDFFF:  # half a character: TOML has no way to write it
        return "\N{REPLACEMENT CHARACTER}"
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def _line(name: str, found: Found) -> list[str]:
    if found.value is None:
        return [_comment(f"? {name}: could not tell: {found.why}")]
    return [f"{name} = {text(found.value)}{_remark(found)}"]


def _remark(found: Found) -> str:
    mark = "" if found.confidence is Confidence.HIGH else "? "
    return f"  {_comment(f'{mark}{found.why}')}" if found.why else ""


def _comment(said: str) -> str:
    return f"# {visible(said, 400)}"


def _stream(found: Found) -> list[str]:
    path = (found.value or "").partition(" ")[2]
    return [f"stream = {literal({'kind': 'sse', 'url': path})}{_remark(found)}"]


def _body(name: str, draft: Draft) -> list[str]:
    found = draft.bodies.get(name)
    if found is None:
        return []
    if found.value is None:
        return _line(name, found)
    return [f"{name} = {literal(draft.extra[name])}{_remark(found)}"]


def _auth(draft: Draft) -> list[str]:
    if draft.auth_table is None:
        return [_comment(f"? auth: {draft.auth.why}")]
    return [f"auth = {literal(draft.auth_table)}{_remark(draft.auth)}"]


def _words(draft: Draft) -> Iterable[str]:
    """Yield the lines of words that differ from the usual; the unsure ones are `unknown`, never an end."""
    known = [word.word for word in draft.words if word.known]
    if known:
        yield _comment(f"known without a word here: {', '.join(known)}")
    grouped: Mapping[JobStatus, list[Any]] = {status: [] for status in JobStatus}
    for word in draft.words:
        if not word.known:
            grouped[word.status or JobStatus.UNKNOWN].append(word)
    for status, words in grouped.items():
        if words:
            doubts = [f"{one.word}: {one.reason}" for one in words]
            sure = all(one.confidence is Confidence.HIGH for one in words)
            listed = literal([one.word for one in words])
            yield f"{status.value} = {listed}  {_comment(('' if sure else '? ') + '; '.join(doubts))}"
