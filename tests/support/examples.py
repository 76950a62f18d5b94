"""Modules of examples/recordings that tests use as well: the browser, its recorder, the proxy."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "examples" / "recordings"


def part_of_recordings(name):
    """Import one module of the maker; its modules know each other by their bare names."""
    if str(RECORDINGS) not in sys.path:
        sys.path.append(str(RECORDINGS))
    return importlib.import_module(name)
