"""A HAR of a real browser: a page that polls a job through the sandbox tunnel, beside its WebSocket."""

from __future__ import annotations

import json

import pytest
from support.browser import browser_tab

SECRET = "browser-secret-token"
POLLING = """
(async () => {
  const url = '/api/v1/generation-jobs/JOB', secret = {headers: {Authorization: 'Bearer SECRET'}};
  const socket = new WebSocket('ws://' + location.host + '/ws/jobs/JOB?token=SECRET');
  for (let reads = 0; reads < 12; reads += 1) {
    await (await fetch(url, secret)).text();
    await new Promise(done => setTimeout(done, 150));
  }
  socket.close();
})()
"""


@pytest.fixture
def recorded(box, tmp_path):
    """Let a page poll a running job; returns the job and the path of the HAR."""

    def _record(job):
        folder = tmp_path / "browser"
        folder.mkdir()
        with browser_tab(folder) as tab:
            tab.call("Page.navigate", url=f"{box.tunnel_url}/no-such-page")
            tab.run("new Promise(done => setTimeout(done, 200))")
            tab.run(POLLING.replace("JOB", job).replace("SECRET", SECRET))
            path = tmp_path / "browser.har"
            path.write_text(json.dumps(tab.har()))
        return path

    return _record


def test_a_page_that_is_fed_from_a_store(box, jobctl, recorded, tmp_path):
    box.set_faults((), ("cache=30s",))
    job = box.submit(duration=60, pending=0, steps=240)
    har = recorded(job)
    assert SECRET in har.read_text()
    again, page = tmp_path / "again.har", tmp_path / "report.html"
    done = jobctl.run("diagnose", "--from", str(har), "--json", "--har", str(again))
    assert (done.code, done.document["verdict"]) == (10, "PROVEN_STALE"), done
    assert "R4" in done.out
    jobctl.run("diagnose", job, "--from", str(har), "--format", "html", "-o", str(page))
    assert "PROVEN_STALE" in page.read_text()
    assert SECRET not in done.out + done.err + again.read_text() + page.read_text()


def test_a_page_on_a_clean_path(box, jobctl, recorded):
    done = jobctl.run("diagnose", "--from", str(recorded(box.submit(duration=60, steps=240))), "--json")
    # The origin says nothing of storing, so a cache might; none was there.
    assert (done.code, done.document["verdict"]) == (11, "CACHEABLE"), done
