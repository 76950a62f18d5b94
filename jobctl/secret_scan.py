"""What counts as a secret: by the name it stands under, and by its own shape inside free text."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final
from urllib.parse import unquote

REDACTED: Final = "[redacted]"

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LONGEST_NAME: Final = 128
# A word that ends so is secret; `tokens`, `tokenizer` and `secretary` do not end so.
_ENDINGS: Final = (
    *("token", "cookie", "cookies", "signature", "signatures", "authorization"),
    *("jwt", "apikey", "apikeys", "sessid", "sessionid", "privatekey", "secretkey", "accesskey"),
)
_HARD_ENDINGS: Final = (
    *("password", "passwords", "passwd", "passphrase", "secret", "secrets", "credential", "credentials"),
    *("passcode", "passcodes"),
)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HARD_WORDS: Final = _set("pwd otp")
# Only as the whole name, or after one of the owners: `render_pass` and `sas_region` are none.
_OWNED_WORDS: Final = _set("pass sas")
_OWNERS: Final = _set(
    "user db database smtp mysql postgres pg redis mongo ftp admin login proxy root mail email ssh http "
    "basic auth api app service account storage blob container azure my"
)
_WHOLE_WORDS: Final = _set("auth bearer session sig hmac")
_KEY_OWNERS: Final = _set(
    "api access private secret signing encryption subscription account auth master ssh client service "
    "storage shared license"
)
# A name that ends (or starts) so speaks about a secret, or counts: `token_count`, `max_token`.
_ABOUT_LAST: Final = _set(
    "count counts limit type types usage budget length size rate cost price expires expiry expiration ttl "
    "policy name algorithm version required enabled status method remaining index at in seconds ms url uri "
    "endpoint env ids mode duration timeout"
)
_ABOUT_FIRST: Final = _set("max min num total count has is requires eos bos pad unk sep cls mask stop")


def is_secret_name(name: str, value: Any = "?") -> bool:
    """Tell whether a field, header or argument of this name holds a secret.

    The value decides the doubtful cases: none, true, false and empty are no secrets, and a number under
    `token` is a count, while under `password` it is a password.
    """
    if value is None or value is True or value is False or value == "":
        return False
    if len(name) > _LONGEST_NAME:
        name = f"{name[:64]} {name[-64:]}"
    strength = _strength(name)
    return strength > (1 if isinstance(value, int | float) else 0)


@lru_cache(maxsize=4096)
def _strength(name: str) -> int:
    """Return 0 for no secret, 1 for a secret unless it is a number, 2 for a secret in any case."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if (
        not words
        or words[-1] in _ABOUT_LAST
        or words[0] in _ABOUT_FIRST
        or words[:2] == ["access", "control"]
    ):
        return 0
    if any(word.endswith(_HARD_ENDINGS) or word in _HARD_WORDS for word in words):
        return 2
    if any(word.endswith(_ENDINGS) or word in _WHOLE_WORDS for word in words):
        return 1
    if words[-1] in _OWNED_WORDS and (len(words) == 1 or words[-2] in _OWNERS):
        return 1
    owned = any(owner in _KEY_OWNERS and key in {"key", "keys"} for owner, key in pairwise(words))
    return 2 if owned else 0


_WELL_KNOWN: Final = (
    r"sk-[\w-]{16,}|sk_(?:live|test)_\w{10,}|gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abprs]-[\w-]{10,}|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{35}|hf_[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}"
)
# The look-behinds keep a scan linear: no second try from inside a run that has already failed.
_SHAPES: Final = re.compile(
    r"(?P<userinfo>(?<=://)[^\s/?#\"'<>]{1,512}(?=@))"
    r"|(?P<bearer>(?<!\w)bearer(?:\s|%20|\+){1,4})(?P<bearing>[\w.~+/=:-]+)"
    r"|(?P<basic>(?<!\w)basic\s{1,4})(?P<pair>[A-Za-z0-9+/_-]{4,}={0,2})"
    r"|(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*){1,3}"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----END).){0,20000}"
    r"(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
    rf"|(?<![\w-])(?-i:{_WELL_KNOWN})",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
# Without one of these, in lower case, there is nothing to find; substring tests are far cheaper than a scan.
_HINTS: Final = (
    *(
        "://",
        "bearer",
        "basic",
        "eyj",
        "private key",
        "token",
        "secret",
        "pass",
        "pwd",
        "otp",
        "sas",
        "code=",
    ),
    *(
        "key",
        "cookie",
        "credential",
        "sig",
        "auth",
        "sess",
        "jwt",
        "hmac",
        "sk-",
        "sk_",
        "ghp_",
        "gho_",
        "ghs_",
    ),
    *("ghu_", "ghr_", "github_pat", "glpat", "xox", "akia", "asia", "aiza", "hf_", "r8_"),
)
_LONGEST_WORD: Final = 19
# "Bearer token required" and the like are prose.
_PROSE: Final = _set(
    "token tokens auth authentication authorization scheme header headers realm of is was in and or for "
    "error credentials required invalid missing not must has with to a the format"
)
_SEPARATOR: Final = re.compile(r"(\\?[\"'])?[ \t]{0,3}(=>|=|:|%3[dDaA])[ \t]{0,3}")
_NAME_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.%-[]"
_LOOK_BACK: Final = 80
# An escaped quote ends no value; where that finds no end, any quote does.
_QUOTED: Final = re.compile(r"([\"'])((?:[^\\]|\\.){0,8192}?)\1", re.DOTALL)
_LOOSELY_QUOTED: Final = re.compile(r"(\\?[\"'])(.{0,8192}?)\1", re.DOTALL)
_BARE: Final = re.compile(r"[^\s&\"'<>;,#|)}\\]+")
# A header's value has quotes inside (`a="dark"; sid=…`); `\r\n` may be spelled out.
_TO_END_OF_LINE: Final = re.compile(r"(?:[^\r\n\\]|\\(?![rn]))+")
_HEADERS: Final = ("authorization", "cookie")
_NO_VALUE: Final = frozenset({"", "null", "none", "true", "false", REDACTED})
_LONGEST_QUOTE: Final = 8192
_DONE: Final = re.compile(rf"{re.escape(REDACTED)}(?:'\d*)?")
_MOST_PASSES: Final = 8


def redact_text(text: str) -> str:
    """Redact URL user information, `Bearer …`, `name=secret`, JWTs and well-known token shapes."""
    # Every shape without a separator is longer than this.
    if len(text) <= _LONGEST_WORD and text.isalnum():
        return text
    if not any(map(text.lower().__contains__, _HINTS)):
        return text
    # One replacement can lay another open; going on until nothing changes makes redacting idempotent.
    for _ in range(_MOST_PASSES):
        clean = _SHAPES.sub(_replace_shape, _redact_assignments(text))
        if clean == text:
            break
        text = clean
    return text


def _replace_shape(match: re.Match[str]) -> str:
    if match["bearer"]:
        word = match["bearing"].rstrip(".:")
        return match[0] if word.lower() in _PROSE else match["bearer"] + REDACTED
    if match["basic"]:
        return match["basic"] + REDACTED if _is_basic(match["pair"]) else match[0]
    return REDACTED


def _is_basic(encoded: str) -> bool:
    import base64  # noqa: PLC0415 -- only where the word "basic" stands before something
    import binascii  # noqa: PLC0415

    try:
        return b":" in base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        return False


def _redact_assignments(text: str) -> str:
    """Replace the value in `name=value`, `"name": "value"`, `?name=value&` and header lines."""
    pieces: list[str] = []
    done = 0
    for separator in _SEPARATOR.finditer(text):
        start, end = separator.span()
        if start < done:
            continue
        head = text[max(done, start - _LOOK_BACK) : start]
        name = head[len(head.rstrip(_NAME_CHARACTERS)) :]
        before = text[start - len(name) - 1 : start - len(name)]
        if not name or not _names_secret(name, before):
            continue
        is_header = separator[2] == ":" and not separator[1] and name.lower().endswith(_HEADERS)
        found = _header_span(text, end, before) if is_header else _value_span(text, end, name, separator[2])
        if found:
            pieces += text[done : found[0]], REDACTED
            done = found[1]
    return "".join((*pieces, text[done:])) if pieces else text


def _names_secret(name: str, before: str) -> bool:
    plain = unquote(name) if "%" in name else name
    return is_secret_name(plain) or (plain in _IN_A_QUERY and before in {"?", "&"})


_IN_A_QUERY: Final = frozenset({"key", "code"})
"""Secrets as arguments of a URL only: `code` in a payload is a status or a country."""


def _header_span(text: str, start: int, before: str) -> tuple[int, int] | None:
    """The rest of the line, or of the quotes around the whole header (`-H 'Cookie: …'`)."""
    quotes_end = _closing_quote(text, start, before) if before in {'"', "'"} else -1
    if quotes_end >= 0:
        end = quotes_end - (text[quotes_end - 1] == "\\")
    else:
        line = _TO_END_OF_LINE.match(text, start)
        end = line.end() if line else start
    value = text[start:end]
    return None if value.lower() in _NO_VALUE or _DONE.fullmatch(value) else (start, end)


def _closing_quote(text: str, start: int, quote: str) -> int:
    """Find the end of quotes around a header; -1 where the value uses that quote too: all is taken then."""
    line = text[start : start + _LONGEST_QUOTE].partition("\n")[0].partition("\r")[0]
    return -1 if f"={quote}" in line or quote not in line else start + line.index(quote)


def _value_span(text: str, start: int, name: str, separator: str) -> tuple[int, int] | None:
    quoted = _QUOTED.match(text, start) or _LOOSELY_QUOTED.match(text, start)
    if quoted:
        return None if quoted[2].lower() in _NO_VALUE else quoted.span(2)
    bare = _BARE.match(text, start)
    if bare is None or bare[0].lower() in _NO_VALUE:
        return None
    # "invalid token: expired" is a message, "token: 8f3c0…" is a token; likewise "?code=404" in a URL.
    if (separator in {":", "%3a", "%3A"} or name == "code") and not _looks_random(bare[0]):
        return None
    if name.lower().endswith("pass") and bare[0].isdigit() and len(bare[0]) < _SHORTEST_PASS:
        return None  # "pass=2" of an encoder
    return bare.span()


_SHORTEST_PASS: Final = 4


def _looks_random(value: str) -> bool:
    return len(value) >= 20 or (len(value) >= 8 and any(character.isdigit() for character in value))
