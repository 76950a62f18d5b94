"""What the parts of the server share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobctl.sandbox.lives import Script
from jobctl.sandbox.shapes import Shaper
from jobctl.sandbox.targets import Counters
from jobctl.sandbox.wires import Wires

if TYPE_CHECKING:
    from jobctl.sandbox.jobs import JobStore
    from jobctl.sandbox.plan import FaultPlan


@dataclass(frozen=True, slots=True)
class Site:
    """Jobs, faults, counters and connections of one server; `keepalive` in seconds."""

    store: JobStore
    plan: FaultPlan
    counters: Counters = field(default_factory=Counters)
    wires: Wires = field(default_factory=Wires)
    defaults: Script = field(default_factory=Script)
    keepalive: float = 15.0

    @property
    def shaper(self) -> Shaper:
        """Spells jobs with this site's data faults."""
        return Shaper(self.plan)
