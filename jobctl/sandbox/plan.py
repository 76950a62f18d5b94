"""Which faults are on, and the seeded dice that decide when one strikes."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from jobctl.sandbox.faults import FAULTS, Fault, Place, parse_faults
from jobctl.sandbox.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable


class FaultPlan:
    """The faults of one place; may be replaced while the server runs.

    Every (fault, key) pair has its own dice: what happens to one job does not depend on others' traffic.
    """

    def __init__(self, place: Place, faults: Iterable[str | Fault] = (), seed: int = 0) -> None:
        self.place = place
        self.seed = seed
        self.version = 0
        self._faults = parse_faults(faults, place)
        self._rolls: Counter[tuple[str, str]] = Counter()

    def replace(self, faults: Iterable[str | Fault], seed: int | None = None) -> None:
        """Switch to other faults and start the dice again (ValueError for a bad fault, nothing changed)."""
        self._faults = parse_faults(faults, self.place)
        self._rolls.clear()
        self.seed = self.seed if seed is None else seed
        self.version += 1

    def faults(self) -> list[Fault]:
        """Everything that is on."""
        return list(self._faults.values())

    def get(self, name: str) -> Fault | None:
        """The fault if it is on, whatever its rate."""
        return self._faults.get(name)

    def strikes(self, name: str, key: str) -> Fault | None:
        """Roll the dice of this fault for this key; the fault when it strikes."""
        fault = self._faults.get(name)
        if fault is None:
            return None
        percent = fault.number if FAULTS[name].unit is Unit.PERCENT else fault.rate
        return fault if self.roll(name, key) * 100 < percent else None

    def roll(self, name: str, key: str) -> float:
        """Next number in [0, 1) of this name and key."""
        self._rolls[name, key] += 1
        text = f"{self.seed}/{self.place}/{name}/{key}/{self._rolls[name, key]}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest()) / 2**56
