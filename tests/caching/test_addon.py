from __future__ import annotations

import json
import subprocess
import sys

import pytest
from mitmproxy import exceptions
from mitmproxy.http import Headers
from mitmproxy.test import tflow
from support.mitm import ROOT, Mitmdump, addon_file, loaded, run_on_file, watch_badly
from support.traffic import START, Origin

from jobctl.caching.addon import MARKERS, JobctlAddon
from jobctl.caching.findings import Verdict
from jobctl.sandbox import Sandbox

PATH = b"/api/v1/generation-jobs/7"


@pytest.fixture
def addon():
    new = JobctlAddon()
    with loaded(new) as new.context:
        yield new


def flow_of(origin, at, version, *, path=PATH, query=b"", headers=(), took=0.01):
    flow = tflow.tflow(resp=True)
    flow.request.data.path = path + query
    flow.request.timestamp_start, flow.request.timestamp_end = START + at, START + at
    flow.response.timestamp_start, flow.response.timestamp_end = START + at, START + at + took
    flow.response.headers = Headers(
        [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *headers]
    )
    flow.response.data.content = json.dumps(origin.record(version)).encode()
    return flow


@pytest.fixture
def origin():
    return Origin([float(n) for n in range(11)])


def test_a_stale_answer_is_marked_once_and_nothing_else(addon, origin):
    fresh = flow_of(origin, 3.1, 3, query=b"?_t=1")
    stale, again = flow_of(origin, 3.5, 0), flow_of(origin, 3.6, 0)
    for flow in (fresh, stale, again):
        before = flow.request.get_state(), flow.response.get_state()
        addon.response(flow)
        assert (flow.request.get_state(), flow.response.get_state()) == before
    assert fresh.marked == again.marked == ""
    assert stale.marked == MARKERS[Verdict.SUSPECT_STALE]
    assert "\n" not in stale.comment
    assert stale.comment.startswith("jobctl: job 7: R3 regression: answer 2 said pending")
    assert stale.metadata["jobctl"] == {"job": "7", "verdict": "SUSPECT_STALE", "rules": ["R3"]}
    assert "SUSPECT_STALE" in addon.report()
    addon.clear()
    assert "no job read" in addon.report()


def test_markers_are_known_to_mitmproxy():
    from mitmproxy.utils import emoji  # noqa: PLC0415 -- the table is large

    assert set(MARKERS.values()) <= set(emoji.emoji)


@pytest.mark.parametrize("kind", ["replay", "error", "streamed", "foreign", "no-response", "bad-encoding"])
def test_what_is_skipped(addon, origin, kind):
    addon.response(flow_of(origin, 3.1, 3))
    flow = flow_of(origin, 3.5, 0)
    if kind == "replay":
        flow.is_replay = "request"
    elif kind == "error":
        flow.error = tflow.terr()
    elif kind == "streamed":
        flow.response.data.content = None
    elif kind == "foreign":
        flow.request.data.path = b"/static/app.js"
    elif kind == "no-response":
        flow.response = None
    else:
        flow.response.headers["content-encoding"] = "gzip"
        flow.response.data.content = b"\x1f\x8b\x00no gzip"
    addon.response(flow)
    assert flow.marked == ""


def test_stream_messages_are_events_and_the_clients_own_are_none(addon, origin):
    flow = tflow.twebsocketflow()
    flow.request.data.path = b"/ws/jobs/7"
    for from_client, version in ((True, 9), (False, 3)):
        message = flow.websocket.messages[-1]
        message.from_client, message.timestamp = from_client, START + 3.1
        message.content = json.dumps({"type": "status", **origin.record(version)}).encode()
        addon.websocket_message(flow)
    read = flow_of(origin, 3.5, 3)
    read.request.host, read.request.port = flow.request.host, flow.request.port
    addon.response(read)
    assert read.marked == ""
    stale = flow_of(origin, 3.6, 2)
    stale.request.host, stale.request.port = flow.request.host, flow.request.port
    addon.response(stale)
    assert "a stream event" in stale.comment


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"jobctl_profile": "nope"}, "no profile is called"),
        ({"jobctl_profile": "missing.toml"}, "missing.toml: cannot be read"),
        ({"jobctl_limit": 0}, "jobctl_limit"),
        ({"jobctl_log": "/nowhere/at/all"}, "jobctl_log"),
    ],
)
def test_options_that_make_no_sense(addon, options, said):
    with pytest.raises(exceptions.OptionsError, match=said):
        addon.context.configure(addon, **options)


def test_the_log_is_json_lines_without_secrets(addon, origin, tmp_path):
    log = tmp_path / "log.jsonl"
    addon.context.configure(addon, jobctl_log=str(log))
    addon.response(flow_of(origin, 3.1, 3))
    addon.response(flow_of(origin, 3.5, 0, query=b"?token=geheim123456"))
    addon.done()
    (line,) = [json.loads(text) for text in log.read_text().splitlines()]
    assert (line["schema"], line["rule"], line["verdict"]) == ("jobctl.transition/1", "R3", "SUSPECT_STALE")
    assert line["exchanges"] == [1, 2]
    assert "geheim" not in log.read_text()


def test_server_and_client_text_is_made_visible(addon, origin, caplog):
    caplog.set_level("INFO")
    path = b"/api/v1/generation-jobs/%1b%5b31m7"
    origin.job = "\x1b[31m7"
    addon.response(flow_of(origin, 3.1, 3, path=path, headers=[(b"X-Cache", b"HIT from \x1b[2J\x9b")]))
    flow = flow_of(origin, 3.5, 0, path=path)
    addon.response(flow)
    addon.done()
    said = caplog.text + flow.comment + addon.report()
    assert "R8" in said
    assert "R3" in flow.comment
    assert all(character.isprintable() or character == "\n" for character in said)


def test_two_of_them_are_refused():
    with (
        loaded(JobctlAddon()) as context,
        pytest.raises(exceptions.AddonManagerError, match="jobctl"),
    ):
        context.master.addons.add(JobctlAddon())


@pytest.mark.parametrize(
    ("verdicts", "code"), [((3, 0), 11), ((), 12), ((3,), 12)], ids=["stale", "nothing", "one-read"]
)
def test_exit_codes(addon, origin, verdicts, code):
    for place, version in enumerate(verdicts):
        addon.response(flow_of(origin, 3.1 + place, version))
    addon.context.configure(addon, jobctl_exit_code=True)
    addon.done()
    with pytest.raises(SystemExit) as ended:  # by one who is done after all others
        addon.context.master.addons.get("jobctl_leaving").done()
    assert ended.value.code == code


def test_importing_it_brings_no_client_library():
    script = (
        "import sys, jobctl.caching.addon\n"
        "bad = {'httpx', 'websockets', 'typer', 'rich', 'starlette', 'uvicorn', 'tabulate'}\n"
        "print(sorted(bad & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_a_real_mitmdump_proves_the_cache_and_its_saved_file_says_the_same(tmp_path):
    log, flows, har = tmp_path / "log.jsonl", tmp_path / "saved.flow", tmp_path / "saved.har"
    options = ("-s", addon_file("jobctl_diagnose.py"), "--set", "jobctl_exit_code=true")
    with Sandbox() as box:
        box.set_faults(tunnel=("cache=30s",))
        more = ("--set", f"jobctl_log={log}", "--set", f"hardump={har}", "-w", str(flows))
        with Mitmdump(tmp_path, box.tunnel_url, *options, *more) as proxy:
            watch_badly(proxy.url, box.submit(duration=1.5, pending=0.1))
            output = proxy.stop()
    assert "PROVEN_STALE" in output, output
    assert proxy.code == 10
    # mitmproxy writes the HAR at its end: our exit code must not come before that.
    assert len(json.loads(har.read_text())["log"]["entries"]) > 5
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"R3", "R4"} <= {line["rule"] for line in lines}
    code, again = run_on_file(tmp_path, flows, *options)
    assert "PROVEN_STALE" in again, again
    assert code == 10
