"""`jobctl diagnose`: how many requests and seconds a proof and an acquittal take, over real sockets."""

from __future__ import annotations

import os
import statistics
from concurrent.futures import ThreadPoolExecutor

from jobctl.caching.findings import Verdict
from jobctl.caching.middleware import NoStoreMiddleware
from jobctl.caching.probe import ProbeSettings, run_probe
from jobctl.profile.load import Profiles
from jobctl.sandbox import Sandbox

RUNS = int(os.environ.get("JOBCTL_BENCHMARK_DIAGNOSES", "12"))
CACHES = {
    "silent": ((), ["cache=30s"]),
    "honest": ((), ["cache=30s", "cache-honest"]),
    "echoing origin": (["echo-request-id"], ["cache=30s"]),
}
_BLAMED = {Verdict.PROVEN_STALE, Verdict.SERVED_FROM_CACHE, Verdict.CACHE_DECLARED}


def run() -> list[tuple[str, str, str, bool]]:
    rows, requests, seconds = [], [], []
    for name, (server, tunnel) in CACHES.items():
        with Sandbox(server, tunnel) as box:
            reports = diagnosed(box)
        assert all(one.diagnosis.verdict in _BLAMED for one in reports), name
        requests += [one.requests for one in reports]
        seconds += [one.seconds for one in reports]
        counts = sorted(one.requests for one in reports)
        rows.append((f"… {name} cache", "", f"{statistics.median(counts):.0f} (at most {counts[-1]})", True))
    middle, took = statistics.median(requests), statistics.median(seconds)
    told = f"{middle:.0f} requests, {took:.1f} s"
    rows.insert(
        0,
        (
            "proof on a caching path, median",
            "≤ 12 requests, ≤ 5 s",
            told,
            middle <= 12 and took <= 5,
        ),
    )
    with Sandbox(extra_middleware=(NoStoreMiddleware,)) as box:
        reports = diagnosed(box)
    assert all(one.diagnosis.verdict is Verdict.NO_CACHE_SEEN for one in reports)
    most, longest = max(one.requests for one in reports), max(one.seconds for one in reports)
    rows.append(
        (
            "a clean path decided, a change each second",
            "≤ 30 requests, ≤ 15 s",
            f"at most {most} requests, {longest:.1f} s",
            most <= 30 and longest <= 15,
        )
    )
    return rows


def diagnosed(box):
    """Diagnose the box's tunnel with jobs of their own, several at a time: the experiment mostly waits."""
    profile = Profiles().get("generation").with_base_url(box.url)

    def one(job):
        return run_probe(ProbeSettings(profile=profile, job=job, proxy=box.tunnel_url, check_stream=False))

    jobs = [box.submit(duration=120, steps=120) for _ in range(RUNS)]
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, jobs))


if __name__ == "__main__":
    for row in run():
        print(*row, sep=" | ")
