"""Whole processes against one Ray cluster: `jobctl status` and `submit` beside Ray's own commands."""

from __future__ import annotations

import sys
from pathlib import Path

from startup import paired, program

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.ray_cluster import ray_cluster

RUNS = 9
TARGET = 3.0


def run() -> list[tuple[str, str, str, bool]]:
    rows = []
    with ray_cluster() as cluster:
        job = cluster.submit("true")
        cluster.until(job, "SUCCEEDED")
        ours, theirs = [program()], [str(Path(program()).with_name("ray")), "job"]
        at, address = ["-p", "ray", "-u", cluster.url], ["--address", cluster.url]
        for what, of_ours, of_theirs in (
            ("status", ["status", job, *at], ["status", *address, job]),
            ("submit", ["submit", "entrypoint=true", *at], ["submit", "--no-wait", *address, "--", "true"]),
        ):
            ratio, our_ms, their_ms = paired([*ours, *of_ours], [*theirs, *of_theirs], RUNS)
            faster = 1 / ratio
            shown = f"{faster:.1f} × as fast ({our_ms:.0f} and {their_ms:.0f} ms)"
            rows.append(
                (f"jobctl {what}, of a Ray cluster", f"≥ 3 × ray job {what}", shown, faster >= TARGET)
            )
    return rows
