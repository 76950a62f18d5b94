"""What can be wrong with the memory, and what to do about it."""

from __future__ import annotations

from enum import StrEnum

from jobctl.errors import ConfigError


class Trouble(StrEnum):
    """Kinds of trouble. Only `LOCKED` passes by itself."""

    LOCKED = "locked"
    NO_PLACE = "no-place"
    CORRUPT = "corrupt"
    FULL = "full"
    NEWER = "newer"
    OTHER = "other"


class StoreError(ConfigError):
    """The memory cannot be used. `trouble` says why; the hint says what to do next."""

    def __init__(self, message: str, trouble: Trouble, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.trouble = trouble
