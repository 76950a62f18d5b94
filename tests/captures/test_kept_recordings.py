"""The kept recordings of real clients say what truly happened, in every format, and nothing of a machine."""

from __future__ import annotations

import json
import re

import pytest
from support.recorded import (
    KEPT,
    STORIES,
    Recorded,
    check_log,
    check_recording,
    check_story,
    recordings,
    truths,
)

from jobctl.exchange import Path

_HOST = re.compile(r"(?:\b(?:https?|wss?)://|[Hh]ost[^a-zA-Z]{1,20})([a-zA-Z0-9.-]+)")
_PATHS = re.compile(r"/(?:tmp|work|home|root|Users|var|usr|opt)/|[A-Z]:\\\\")
CHROME = [path for _, path in recordings(KEPT) if path.name.endswith(".chrome.har")]


def base(scene):
    """Scenes that another mitmproxy recorded are the same scenes."""
    return scene.rstrip("0123456789")


@pytest.mark.parametrize(("scene", "path"), recordings(KEPT), ids=lambda value: getattr(value, "name", ""))
def test_a_recording_holds_what_was_said(scene, path):
    check_recording(path, truths(KEPT)[scene])


@pytest.mark.parametrize("scene", sorted(truths(KEPT)))
def test_the_story_of_each_scene(scene):
    check_story(base(scene), truths(KEPT)[scene])


def test_each_scene_is_kept():
    assert {base(scene) for scene, _ in recordings(KEPT)} == STORIES.keys()


@pytest.mark.parametrize(("scene", "path"), recordings(KEPT), ids=lambda value: getattr(value, "name", ""))
def test_the_page_beside_them_gives_the_right_numbers(scene, path):
    truth = truths(KEPT)[scene]
    recorded = Recorded(path, truth["job"])
    found = [
        _numbers(recorded.reads(), truth["reads"], lambda told: told["status"] == "completed")[:1],
        _numbers(recorded.messages(Path.EVENT), truth["frames"], lambda told: told["old"]),
        _numbers(recorded.reads(), truth["reads"], lambda told: told["from_memory"]),
    ]
    cells = " | ".join(", ".join(map(str, numbers)) or "-" for numbers in found)
    text = (KEPT / "README.md").read_text("utf-8")
    assert f"| `{path.name}` | {cells} |" in text.splitlines()
    assert f"| `{scene}` | {truth['job']} | " in text


def _numbers(exchanges, told, is_meant):
    return [one.number for one, what in zip(exchanges, told, strict=True) if is_meant(what)]


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.jsonl")), ids=lambda path: path.name)
def test_the_decision_log_holds_what_was_said(path):
    check_log(path, truths(KEPT)[path.stem])


@pytest.mark.parametrize("path", sorted(KEPT.iterdir()), ids=lambda path: path.name)
def test_a_kept_file_is_small_and_says_nothing_of_a_machine(path):
    data = path.read_bytes()
    text = data.decode("latin-1")
    assert len(data) < 150_000
    assert not _PATHS.search(text)
    assert {host for host in _HOST.findall(text) if "." in host} <= {"127.0.0.1"}


@pytest.mark.parametrize("path", CHROME, ids=lambda path: path.name)
def test_the_browsers_har_is_what_devtools_exports(path):
    log = json.loads(path.read_text("utf-8"))["log"]
    pages = {page["id"] for page in log["pages"]}
    assert all(page["pageTimings"]["onLoad"] > 0 for page in log["pages"][:-1] or log["pages"])
    for entry in log["entries"]:
        assert entry["pageref"] in pages
        assert {"_initiator", "_resourceType", "cache", "timings", "time", "startedDateTime"} <= entry.keys()
        assert {"method", "url", "httpVersion", "headers", "queryString", "cookies"} <= entry[
            "request"
        ].keys()
        is_post = entry["request"]["method"] == "POST"
        assert ("postData" in entry["request"]) == is_post
        assert not is_post or entry["request"]["postData"]["mimeType"] == "application/json"
    opened, document = log["entries"][:2]
    assert (opened["response"]["status"], document["_resourceType"]) == (302, "document")
    assert document["request"]["url"].endswith(opened["response"]["redirectURL"])


def kinds(name, key):
    log = json.loads((KEPT / name).read_text("utf-8"))["log"]
    return [entry[key] for entry in log["entries"] if key in entry]


def test_the_browser_tells_of_its_own_cache_its_beacons_and_both_ways_of_a_socket():
    assert len(kinds("reloaded.chrome.har", "_fromCache")) == 1
    assert kinds("persisted.chrome.har", "_resourceType").count("ping") == len(
        truths(KEPT)["persisted"]["telemetry"]
    )
    messages = [one for socket in kinds("generation.chrome.har", "_webSocketMessages") for one in socket]
    assert {one["type"] for one in messages} == {"send", "receive"}
    assert {one["opcode"] for one in messages} == {1}
