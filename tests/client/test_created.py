"""Which job an answer to a submit names: an id in a Location counts only where reads would go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobctl.client.created import job_in_location
from jobctl.client.messages import Response
from jobctl.profile.load import Profiles
from jobctl.profile.urls import Operation

PROFILE = Profiles().get("v1")


def found(location, *, base="http://api.test", read="/v1/jobs/{id}", asked=None):
    profile = replace(PROFILE.with_base_url(base), read=Operation("GET", read))
    headers = () if location is None else (("Location", location),)
    return job_in_location(profile, Response(201, headers, b"", asked or f"{base}/v1/jobs"))


@pytest.mark.parametrize(
    ("location", "job"),
    [
        ("/v1/jobs/42", "42"),
        ("/v1/jobs/42/", "42"),
        ("jobs/42?x=y#z", "42"),
        ("http://api.test:80/v1/jobs/a%20b", "a b"),
        (None, ""),
        ("/login?next=%2Fapi", ""),
        ("/", ""),
        ("/v1/jobs", ""),
        ("/v1/jobs/", ""),
        ("/v1/jobs/42/result", ""),
        ("/other/v1/jobs/42", ""),
        ("https://api.test/v1/jobs/42", ""),
        ("http://sso.test/v1/jobs/42", ""),
        ("http://[", ""),
    ],
)
def test_an_id_in_a_location(location, job):
    assert found(location) == job


@pytest.mark.parametrize(
    ("location", "base", "read", "job"),
    [
        ("/gw/v1/jobs/42", "http://api.test/gw/", "/v1/jobs/{id}", "42"),
        ("/v1/jobs/42", "http://api.test/gw", "/v1/jobs/{id}", "42"),
        ("/xgw/v1/jobs/42", "http://api.test/gw", "/v1/jobs/{id}", ""),
        ("/gw/42", "http://api.test/gw", "/{id}", "42"),
        ("/login", "http://api.test/gw", "/{id}", ""),
        ("/v1/jobs/42/status", "http://api.test", "/v1/jobs/{id}/status?full=1", "42"),
        ("/v1/jobs/42", "http://api.test", "/v1/jobs?id={id}", ""),
        ("/v1.jobs/42", "http://api.test", "/v1+jobs/{id}", ""),
    ],
)
def test_the_path_is_that_of_the_profiles_reads(location, base, read, job):
    assert found(location, base=base, read=read) == job
