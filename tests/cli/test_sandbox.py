"""`jobctl sandbox`: each mistake has its own next step."""

from __future__ import annotations

import json
import signal

import httpx
import pytest
from support.program import check_message

JOBS = "/api/v1/generation-jobs"
FREE = ("--port", "0", "--tunnel-port", "0")


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (("--db", "missing/x"), "--db takes a file in a folder that is there and may be written"),
        (("--end", "nope"), "`jobctl sandbox --help` tells what each option takes"),
        (("--steps", "0"), "`jobctl sandbox --help` tells what each option takes"),
        (("--fault", "nope"), "`jobctl sandbox --help` lists the faults"),
    ],
)
def test_the_next_step(alone, argv, hint):
    check_message(alone.run("sandbox", *FREE, *argv), 2, hint)


def test_a_port_that_is_taken(alone, box):
    port = box.url.rpartition(":")[2]
    check_message(alone.run("sandbox", "--port", port, "--tunnel-port", "0"), 2, "take free ports")


@pytest.mark.parametrize("options", [(), ("--no-store",)], ids=["plain", "no-store"])
def test_no_store_marks_the_servers_answers(alone, options):
    """Through a caching tunnel: with the flag every read reaches the server."""
    running = alone.start("sandbox", *FREE, "--json", "--tunnel-fault", "cache=60s", *options)
    try:
        running.until("}\n")
        urls = json.loads(running._texts[1])
        with httpx.Client(base_url=urls["server"], timeout=10, trust_env=False) as http:
            job = http.post(JOBS, json={"prompt": "x"}).json()["id"]
            answers = [http.get(f"{urls['tunnel']}{JOBS}/{job}") for _ in range(3)]
            missing = http.get(f"{JOBS}/0")
            reads = http.get("/_sandbox/requests").json()["jobs"][str(job)]["read"]
        running.signal(signal.SIGINT)
        assert running.finish().err == ""
    finally:
        running.kill()
    assert reads == (3 if options else 1)
    policy = ["no-store"] if options else []
    assert [one.headers.get_list("cache-control") for one in (*answers, missing)] == [policy] * 4
