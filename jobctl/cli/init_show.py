"""What `jobctl init` found, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobctl.cli.init_check import Checked
from jobctl.openapi.draft import Draft
from jobctl.redact import redact_text
from jobctl.text import visible

_WHY_WIDTH = 60
_FOUND_WIDTH = 50


def show_findings(draft: Draft, write: Callable[[str], None]) -> None:
    """Write the table: each field, what was found, how sure that is, and why."""
    from tabulate import tabulate

    rows = [
        (visible(name, 60), _cell(found.value), found.confidence.value, visible(found.why, 400))
        for name, found in draft.rows()
    ]
    write(
        tabulate(
            rows,
            headers=("field", "found", "confidence", "why"),
            maxcolwidths=[None, _FOUND_WIDTH, None, _WHY_WIDTH],
            disable_numparse=True,
        )
    )


def show_check(checked: Checked, write: Callable[[str], None]) -> None:
    """Write the table of one answer: each field as sent and as read."""
    from tabulate import tabulate

    rows = [
        (one.field, visible(one.expression, 80) or "-", one.sent or "-", one.read or "-", one.remark)
        for one in checked.lines
    ]
    write(
        tabulate(
            rows,
            headers=("field", "read by", "sent", "as read", ""),
            maxcolwidths=[None, 40, 40, 30, _WHY_WIDTH],
            disable_numparse=True,
        )
    )


def findings_document(draft: Draft) -> list[dict[str, Any]]:
    """Return the findings as JSON."""
    return [
        {
            "field": name,
            "found": found.value,
            "confidence": found.confidence.value,
            "reasons": list(found.reasons),
            "by_hand": found.by_hand or None,
        }
        for name, found in draft.rows()
    ]


def _cell(value: str | None) -> str:
    return "could not tell" if value is None else visible(redact_text(value), 200)
