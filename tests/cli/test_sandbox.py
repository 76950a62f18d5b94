"""`jobctl sandbox`: each mistake has its own next step."""

from __future__ import annotations

import pytest
from support.program import check_message

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
