"""An HTML page where the API's words belong: named by its title, never shown. Pure."""

from __future__ import annotations

import re
from typing import Final

from jobctl.text import visible

_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,99}(?:<\?xml[^>]{0,200}>\s{0,99})?(?:<!--.{0,2000}?-->\s{0,99})?"
    rb"<(?:!doctype|html|head|body|title|center|h1|p|div)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE: Final = re.compile(rb"<(title|h1)\b[^>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_LONGEST_HEAD: Final = 16_384


def html_page(body: bytes) -> str | None:
    """Return `an HTML page ("its title")` for a page, None for anything else."""
    if not _START.match(body):
        return None
    found = _TITLE.search(body, 0, _LONGEST_HEAD)
    title = " ".join(found[2].decode("utf-8", "replace").split()) if found else ""
    return f'an HTML page ("{visible(title, 80)}")' if title else "an HTML page"
