"""`jobctl diagnose` as a process: formats, exit codes, errors that say what to do."""

from __future__ import annotations

import json
import signal

import pytest
from support.program import Starter, check_message
from support.servers import RawServer, reply

from jobctl.captures.recordings import open_recording
from jobctl.exchange import Path as Way


@pytest.fixture
def cached(box):
    """A job that changes twice a second behind a tunnel that remembers."""
    box.set_faults((), ["cache=60s"])
    return box.submit(duration=60, steps=120)


def test_the_first_line_says_what_and_the_second_what_to_do(box, jobctl, cached):
    done = jobctl.run("diagnose", cached, "--proxy", box.tunnel_url)
    first, second = done.out.splitlines()[:2]
    assert done.code == 10
    host = box.tunnel_url.removeprefix("http://")
    assert first.startswith(f"PROVEN_STALE: {host} answered job reads from memory")
    assert second.startswith("  next: let the origin send `Cache-Control: no-store`")
    assert "NoStoreMiddleware" in done.out
    assert "curl -sS -i" in done.out
    assert max(map(len, done.out.splitlines()[:12])) <= 160


def test_json_is_one_document(box, jobctl, cached):
    done = jobctl.run("diagnose", cached, "--proxy", box.tunnel_url, "--json")
    document = done.document
    assert (done.code, document["exit_code"], document["verdict"]) == (10, 10, "PROVEN_STALE")
    assert document["schema"] == "jobctl.diagnosis/1"
    control, convicted = document["evidence"]
    by_number = {one["number"]: one for one in document["exchanges"]}
    assert by_number[control]["path"] == "direct"
    assert by_number[convicted]["path"] == "plain"
    assert document["staleness_seconds"] > 0
    assert {one["rule"] for one in document["findings"]} >= {"R3"}


def test_quiet_is_the_headline_alone(box, jobctl, cached):
    done = jobctl.run("diagnose", cached, "--proxy", box.tunnel_url, "--quiet")
    assert len(done.out.splitlines()) == 1


def test_a_page_goes_to_a_file_and_the_headline_to_stdout(box, jobctl, cached, tmp_path):
    done = jobctl.run(
        "diagnose", cached, "--proxy", box.tunnel_url, "--format", "html", "-o", "r.html", "--har", "x.har"
    )
    page = (tmp_path / "r.html").read_text("utf-8")
    assert done.code == 10
    assert done.out.startswith("PROVEN_STALE")
    assert page.startswith("<!doctype html>")
    assert "<svg" in page
    assert "http://" not in page.partition("<body>")[0]
    ways = {one.path for one in open_recording(tmp_path / "x.har")}
    assert {Way.DIRECT, Way.PLAIN, Way.BUSTED} <= ways


def test_the_har_of_an_experiment_gives_its_verdict_again(box, jobctl, cached, tmp_path):
    first = jobctl.run("diagnose", cached, "--proxy", box.tunnel_url, "--json", "--har", "x.har")
    again = jobctl.run("diagnose", "--from", "x.har", "--json")
    assert again.code == first.code == 10
    assert again.document["verdict"] == first.document["verdict"] == "PROVEN_STALE"
    assert {one["rule"] for one in again.document["findings"]} == {
        one["rule"] for one in first.document["findings"]
    }


def test_a_clean_path_is_no_error(box, jobctl):
    done = jobctl.run("diagnose", box.submit(duration=60, steps=240), "--proxy", box.tunnel_url, "--json")
    document = done.document
    # The practice server sends no policy at all: some caches would keep that.
    assert (done.code, document["verdict"], document["safe"]) == (11, "CACHEABLE", False)
    assert document["floor"]["seconds"] < 3


def test_no_job_takes_the_newest_one_that_runs(box, jobctl, cached):
    done = jobctl.run("diagnose", "--proxy", box.tunnel_url, "--json", "--rounds", "1")
    assert done.document["job"] == cached
    assert f"diagnosing with {cached} (the newest job that runs)" in done.err


def test_a_canary_is_cancelled_afterwards(box, jobctl):
    done = jobctl.run(
        "diagnose", "--proxy", box.tunnel_url, "--submit", "prompt=x", "--json", "--rounds", "1"
    )
    job = done.document["job"]
    assert f"submitted job {job}" in done.err
    assert f"job {job} is being cancelled" in done.err
    assert jobctl.run("status", job, "--json").document["jobs"][0]["status"] == "cancelled"


def test_loca_lt_needs_a_route_or_says_so(box, alone, tmp_path):
    done = alone.run("diagnose", "7", "--proxy", "loca.lt", "-u", box.url)
    check_message(done, 2, "has no route under loca.lt", 'routes = { "loca.lt" = "https://my-app.loca.lt" }')
    assert len(done.err.splitlines()) == 2
    (tmp_path / "jobctl.toml").write_text(
        f'[profiles.mine]\nextends = "generation"\nbase_url = "{box.url}"\n'
        f'routes = {{ "loca.lt" = "{box.tunnel_url}" }}\n',
        "utf-8",
    )
    job = box.submit(duration=60, steps=120)
    done = alone.run("diagnose", job, "--proxy", "loca.lt", "--quiet", "--rounds", "1")
    assert done.code in {10, 11}
    assert "loca.lt" in done.out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "--proxy ROUTE"),
        (("--proxy", "nonsense"), "no route of profile"),
        (("--proxy", "http://127.0.0.1:1", "--budget", "many"), "--budget 40,20s"),
        (("--proxy", "http://127.0.0.1:1", "--budget", "0"), "must allow one request"),
        (("--proxy", "http://127.0.0.1:1", "--format", "pdf"), "expected one of table, json"),
        (("--proxy", "http://127.0.0.1:1", "-o", "no/such/r.html"), "no such folder"),
        (("--proxy", "http://127.0.0.1:1", "--submit", "x=1"), "not both"),
        (("--from", "nothing.har"), "nothing.har"),
    ],
)
def test_wrong_usage_says_what_to_give(alone, argv, said):
    done = alone.run("diagnose", "7", "-u", "http://127.0.0.1:1", *argv)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_nobody_there_is_inconclusive_with_a_next_step(box, jobctl):
    done = jobctl.run("diagnose", box.submit(duration=60), "--proxy", "http://127.0.0.1:9")
    assert done.code == 12
    assert done.out.startswith("INCONCLUSIVE (unreachable)")
    assert "connection refused" in done.out
    assert "check the address" in done.out


def test_secrets_and_escapes_stay_out_of_every_format(box, tmp_path):
    job = box.submit(duration=60, steps=120)
    jobctl = Starter(tmp_path, JOBCTL_BASE_URL=box.url, JOBCTL_TOKEN="tok-3cret-value")
    evil = {"id": job, "status": "run\x1b[31mning", "updated_at": 1760047990, "token": "abcd1234secret"}
    answer = reply(200, json.dumps(evil).encode(), "X-Cache: HIT \x1b]0;x\x07", "Set-Cookie: sid=s3cr3t")
    with RawServer(lambda _head: answer) as raw:
        for form in ("table", "json", "markdown", "html"):
            done = jobctl.run(
                "diagnose", job, "--proxy", raw.url, "--format", form, "--har", "x.har", "--rounds", "1"
            )
            text = done.out + done.err + (tmp_path / "x.har").read_text("utf-8")
            assert done.code in {10, 11, 12}, done
            for secret in ("tok-3cret-value", "abcd1234secret", "s3cr3t"):
                assert secret not in text, form
            assert "\x1b" not in text
            assert "\x07" not in text


def test_ctrl_c_reports_what_is_known(box, jobctl, cached):
    program = jobctl.start("diagnose", cached, "--proxy", box.tunnel_url, "--json", "--wait-change", "30s")
    program.until("asking")
    program.signal(signal.SIGINT)
    done = program.finish()
    assert done.code == 130
    assert json.loads(done.out)["stopped"] == "interrupted"


def test_watch_names_the_command_that_proves_it(alone, serve):
    body = json.dumps({"id": "7", "status": "completed", "updated_at": 1760047990}).encode()
    url = serve(lambda _head: reply(200, body, "Age: 77")).url
    done = alone.run("watch", "7", "-u", url, "--no-stream")
    assert f"prove it: jobctl diagnose --proxy {url} --origin http://localhost:8001 7" in done.err
