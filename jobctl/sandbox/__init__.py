"""A practice job server and a misbehaving tunnel, over real sockets."""

from __future__ import annotations

from jobctl.sandbox.faults import FAULTS, Fault, FaultKind, Place, parse_fault
from jobctl.sandbox.lives import Script
from jobctl.sandbox.running import Sandbox, SandboxError

__all__ = ["FAULTS", "Fault", "FaultKind", "Place", "Sandbox", "SandboxError", "Script", "parse_fault"]
