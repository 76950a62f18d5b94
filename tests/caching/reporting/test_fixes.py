"""The advice: lines for the right place, none where there is nothing to mend."""

from __future__ import annotations

import pytest
from caching.made_report import exchange, report

from jobctl.caching.findings import Diagnosis, Flag, Inconclusive, Verdict
from jobctl.caching.reporting.fixes import fixes, intermediary, next_step
from jobctl.exchange import Path


@pytest.mark.parametrize("verdict", [Verdict.NO_CACHE_SEEN, Verdict.INCONCLUSIVE])
def test_nothing_to_mend(verdict):
    assert fixes(Diagnosis(verdict, ()), "/v1/jobs", None) == ()


def test_every_placeholder_is_filled():
    for who in (None, "nginx", "Varnish", "Squid", "nobody we know"):
        for fix in fixes(report().diagnosis, "/v1/jobs", who):
            assert not any("{path" in line for line in fix.lines)


def test_where_no_store_is_overridden_only_the_proxy_helps():
    overridden = report().diagnosis._replace(flags=(Flag.CONTRADICTION,))
    assert {fix.where for fix in fixes(overridden, "/v1/jobs", "nginx")} == {"proxy", "client"}
    assert "nginx" in next_step(overridden, "nginx")


def test_a_reason_has_its_next_step():
    for reason in Inconclusive:
        assert next_step(Diagnosis(Verdict.INCONCLUSIVE, (), reason=reason), None) == reason.next_step


def test_the_proxy_is_known_by_what_only_it_sends():
    proxied = exchange(2, Path.PLAIN, headers=(("Server", "nginx"), ("Via", "1.1 varnish (Varnish/7.1)")))
    direct = exchange(1, Path.DIRECT, headers=(("Server", "nginx"),))
    assert intermediary([proxied], [direct]) == "Varnish"
    assert intermediary([direct], [direct]) is None
