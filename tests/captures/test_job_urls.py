from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.captures.job_urls import JobKey, JobUrls, Role
from jobctl.profile.load import Profiles
from jobctl.profile.urls import Operation

PROFILES = [Profiles().get(name) for name in ("generation", "v1")]
URLS = JobUrls(PROFILES)


@pytest.mark.parametrize(
    ("method", "url", "role", "job"),
    [
        ("GET", "http://a:1/api/v1/generation-jobs/1193930", Role.READ, "1193930"),
        ("HEAD", "http://a/api/v1/generation-jobs/1193930?_t=5", Role.READ, "1193930"),
        ("GET", "https://a/prefix/of/base/v1/jobs/a%2Fb", Role.READ, "a/b"),
        ("GET", "http://a/v1/jobs/x/", Role.READ, "x"),
        ("POST", "http://a/v1/jobs/x/cancel", Role.CANCEL, "x"),
        ("POST", "http://a/v1/jobs", Role.SUBMIT, ""),
    ],
)
def test_requests_about_jobs(method, url, role, job):
    found = URLS.find(method, url)
    assert (found.role, found.job) == (role, job)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "http://a/v1/jobs"),
        ("GET", "http://a/v1/jobs/x/cancel"),
        ("DELETE", "http://a/v1/jobs/x"),
        ("GET", "http://a/xv1/jobs/x"),
        ("GET", "http://a/assets/v1/jobs.js"),
        ("GET", "http://[::1/v1/jobs/x"),
        ("GET", "/ws/jobs/x"),
    ],
)
def test_everything_else(method, url):
    assert URLS.find(method, url) is None


def test_a_submit_with_fields_in_its_path_names_no_job():
    urls = JobUrls([Profiles().get("flower")])
    found = urls.find("POST", "http://a/flower/api/task/async-apply/tasks.add")
    assert (found.role, found.job) == (Role.SUBMIT, "")
    assert urls.find("GET", "http://a/flower/api/task/info/x").job == "x"


def test_a_stream_and_its_reads_are_one_job():
    event = URLS.find("GET", "ws://user:secret@a:1/ws/jobs/7", stream=True)
    read = URLS.find("GET", "http://a:1/v1/jobs/7")
    assert event.key() == read.key() == JobKey("http", "a:1", "7")


def test_an_id_in_the_query():
    profile = replace(PROFILES[1], read=Operation.parse("GET /job?id={id}", needs_id=True))
    urls = JobUrls([profile])
    assert urls.find("GET", "http://a/job?x=1&id=a%20b").job == "a b"
    assert urls.find("GET", "http://a/job?x=1") is None


@pytest.mark.parametrize("url", ["/api/v1/generation-jobs/5", "/v1/jobs/5", "/ws/jobs/5", "/x/v1/jobs"])
def test_the_cheap_test_lets_every_job_through(url):
    assert any(hint in url for hint in URLS.hints)


@given(st.text(max_size=80), st.booleans())
def test_no_url_raises(text, stream):
    URLS.find("GET", f"http://a/v1/jobs/{text}", stream=stream)
    URLS.find("GET", text, stream=stream)
