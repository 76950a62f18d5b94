"""Which hosts are this machine itself: traffic to them never goes through a proxy."""

from __future__ import annotations

import pytest

from jobctl.client.hosts import is_loopback

HERE = [
    *("localhost", "LocalHost.", "my.localhost", "127.0.0.1", "127.200.1.9", "::1", "127.1", "127.0.1"),
    *("0.0.0.0", "::", "::ffff:127.0.0.1", "::ffff:7f00:1"),
]
ELSEWHERE = [
    "",
    "10.0.0.1",
    "127",
    "127.0.0.1.1",
    "::ffff:10.0.0.1",
    "api.test",
    "localhost.test",
    "notlocalhost",
    "127.0.0.1.test",
    "::2",
]


@pytest.mark.parametrize("host", HERE + ELSEWHERE)
def test_what_stays_on_this_machine(host):
    assert is_loopback(host) is (host in HERE)
