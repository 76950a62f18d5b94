"""Headless Chromium for tests; what it is and what it records stands in examples/recordings."""

from __future__ import annotations

import contextlib

from support.components import require_program
from support.examples import part_of_recordings


@contextlib.contextmanager
def browser_tab(folder):
    """Start Chromium with a profile of its own in `folder`; skips the test where there is none."""
    with part_of_recordings("chromium").browser_tab(require_program("chromium"), folder) as tab:
        yield tab
