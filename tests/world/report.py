"""What a world that broke a rule tells: how to see it again, the weather, the truth, and the last steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobctl.model import Http, Observation
from jobctl.watching.events import Emit

if TYPE_CHECKING:
    from world.run import World


def report(world: World, broken: str) -> str:
    lines = [
        f"{broken}",
        f"again: pytest 'tests/test_world.py' --worlds 1 --first-seed {world.seed}",
        f"{world.weather}",
        f"{world.options}",
        *(f"  truth {index}: {truth}" for index, truth in enumerate(world.server.script)),
    ]
    lines += [
        f"  {now:9.3f} {describe(event)} -> {[describe(i) for i in out]}"
        for now, event, out in world.trace[-40:]
    ]
    return "\n".join(lines)


def describe(item: Any) -> str:
    """One event or instruction in a few words."""
    if isinstance(item, Emit):
        decision = item.decision
        after = decision.after
        shown = f"{after.status} {after.progress} rev{after.revision}" if after else "nothing"
        return f"{decision.action}:{decision.reason} => {shown}"
    seen = getattr(item, "observation", None)
    if isinstance(seen, Observation):
        via = f" {seen.http.cached_by}" if isinstance(seen.http, Http) and seen.http.cached_by else ""
        return f"{type(item).__name__} {seen.source} {seen.payload} basis={seen.basis}{via}"
    return repr(item)
