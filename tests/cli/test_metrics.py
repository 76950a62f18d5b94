"""What a scraper is given, and that none can keep a watch from ending."""

from __future__ import annotations

import contextlib
import socket
import time
import urllib.request
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.screen import machine

from jobctl.cli.metrics import Metrics
from jobctl.errors import ConfigError
from jobctl.exit_codes import ExitCode


@pytest.fixture
def listen():
    """Metrics at an address, ended with the test."""
    with contextlib.ExitStack() as stack:

        def _listen(address):
            metrics = Metrics(address)
            stack.callback(metrics.end, [], ExitCode.COMPLETED)
            return metrics

        yield _listen


@pytest.mark.parametrize("name", ['a"b\n\\c', "\u202e日本", "\ud800x"])
def test_a_label_is_whatever_an_id_is(listen, name):
    metrics = listen("0")
    one = machine()
    one.last_word_at = 1.0
    metrics.begin(SimpleNamespace(machines={name: one}, now=lambda: 5.0, apis=[]))
    with urllib.request.urlopen(metrics.url, timeout=10) as answer:
        text = answer.read().decode()
    (stale,) = [
        sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "jobctl_staleness_seconds"
    ]
    assert (stale.labels, stale.value) == ({"job_id": name.replace("\ud800", "\\ud800")}, 4.0)


@pytest.mark.parametrize(
    ("address", "said", "hint"),
    [
        ("a..b:0", "cannot listen on a..b:0: ", "address of this machine"),
        ("x" * 300 + ":1", "cannot listen on x", "address of this machine"),
        ("[2001:db8::1]:1", "cannot listen on [2001:db8::1]:1: ", "address of this machine"),
        ("::1:1", "expected PORT or HOST:PORT", None),
    ],
)
def test_where_nobody_can_listen(address, said, hint):
    with pytest.raises(ConfigError) as caught:
        Metrics(address)
    assert said in caught.value.message
    assert (hint or "") in (caught.value.hint or "")


def test_a_port_in_use_is_told(listen):
    port = listen("0").url.rpartition(":")[2].partition("/")[0]
    with pytest.raises(ConfigError, match="in use") as caught:
        Metrics(port)
    assert caught.value.hint == "choose another port"


def test_scrapers_that_never_read_keep_nothing_from_ending():
    metrics = Metrics("0")
    port = int(metrics.url.rpartition(":")[2].partition("/")[0])
    peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for peer in peers[::2]:
        peer.sendall(b"GET /metrics HTTP/1.1\r\n")
    began = time.monotonic()
    metrics.end([], ExitCode.COMPLETED)
    assert time.monotonic() - began < 20, "a scraper's patience is not ours"
    for peer in peers:
        peer.close()
