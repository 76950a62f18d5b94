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
)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HARD_WORDS: Final = _set("pwd otp")
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
    *("://", "bearer", "basic", "eyj", "private key", "token", "secret", "passw", "passphrase", "pwd", "otp"),
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
_QUOTED: Final = re.compile(r"(\\?[\"'])(.{0,8192}?)\1", re.DOTALL)
_BARE: Final = re.compile(r"[^\s&\"'<>;,#|)}\\]+")
_TO_END_OF_LINE: Final = re.compile(r"[^\r\n\"'\\]+")
_HEADERS: Final = ("authorization", "cookie")
_NO_VALUE: Final = frozenset({"", "null", "none", "true", "false", REDACTED})
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
        found = _value_span(text, end, name, separator[2])
        if found:
            pieces += text[done : found[0]], REDACTED
            done = found[1]
    return "".join((*pieces, text[done:])) if pieces else text


def _names_secret(name: str, before: str) -> bool:
    plain = unquote(name) if "%" in name else name
    return is_secret_name(plain) or (plain == "key" and before in {"?", "&"})


def _value_span(text: str, start: int, name: str, separator: str) -> tuple[int, int] | None:
    quoted = _QUOTED.match(text, start)
    if quoted:
        return None if quoted[2].lower() in _NO_VALUE else quoted.span(2)
    colon = separator in {":", "%3a", "%3A"}
    whole_line = separator == ":" and name.lower().endswith(_HEADERS)
    bare = (_TO_END_OF_LINE if whole_line else _BARE).match(text, start)
    if bare is None or bare[0].lower() in _NO_VALUE:
        return None
    # "invalid token: expired" is a message, "token: 8f3c0…" is a token.
    if colon and not whole_line and not _looks_random(bare[0]):
        return None
    return bare.span()


def _looks_random(value: str) -> bool:
    return len(value) >= 20 or (len(value) >= 8 and any(character.isdigit() for character in value))
