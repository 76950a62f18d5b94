"""What a recording holds of one job, in the words of the truth that lies beside it."""

from __future__ import annotations

import json
from pathlib import Path as File
from urllib.parse import urlsplit

from jobctl.captures.recordings import open_recording
from jobctl.exchange import MESSAGES, Path

KEPT = File(__file__).parents[1] / "recordings"
FORMATS = (".chrome.har", ".mitm", ".mitmproxy.har")
STORIES = {
    "generation": [
        "server-completed",
        "read-completed",
        "old-frame",
        "page-regressed",
        "cancel-refused",
        "page-forced-cancelled",
        "page-reverted",
    ],
    "video": ["server-completed", "old-read", "read-completed"],
    "persisted": ["server-completed", "read-completed", "page-regressed", "page-reported-it"],
    "reloaded": ["server-completed", "read-completed", "page-loaded-again", "page-regressed"],
    "watch": ["server-completed", "read-completed"],
}
"""What happens in each scene, in this order, however fast the machine is."""


def truths(folder):
    """The truth of each scene."""
    return json.loads((folder / "truth.json").read_text("utf-8"))


def recordings(folder):
    """(scene, path) of each recording of traffic in a folder."""
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(FORMATS))
    return [(path.name.partition(".")[0], path) for path in paths]


class Recorded:
    """One recording, read by jobctl."""

    def __init__(self, path, job):
        recording = open_recording(path)
        self.exchanges = sorted(recording, key=lambda one: one.received)
        self.skipped, self.problems, self._job = recording.skipped, recording.problems, job

    def reads(self):
        """The answers to reads of the job, in the order in which they were complete."""
        found = [one for one in self.exchanges if one.path is Path.PLAIN and one.status == 200]
        return [one for one in found if urlsplit(one.url).path.endswith(f"jobs/{self._job}")]

    def messages(self, path):
        """The messages of one direction, in order."""
        return [one for one in self.exchanges if one.path is path]

    def writes(self, end):
        """The writes to a path that ends so."""
        return [
            one for one in self.exchanges if one.path is Path.WRITE and urlsplit(one.url).path.endswith(end)
        ]


def word_of(body):
    """(status, progress, updated_at) of a record, its envelope off, or of a frame."""
    said = json.loads(body)
    return said_of(said.get("job", said))


def said_of(said):
    return said.get("status"), said.get("progress"), said.get("updated_at")


def check_recording(path, truth):
    """Each word of the truth is in the recording, in its order, and no other."""
    recorded = Recorded(path, truth["job"])
    reads, frames = recorded.reads(), recorded.messages(Path.EVENT)
    assert [word_of(one.body) for one in reads] == [said_of(one) for one in truth["reads"]]
    assert [word_of(one.body) for one in frames] in _possible_frames(truth)
    assert [json.loads(one.body)["type"] for one in recorded.messages(Path.SENT)] == [
        one["type"] for one in truth["sent"]
    ]
    reports = [json.loads(one.request_body) for one in recorded.writes("/telemetry")]
    assert reports == [one["body"] for one in truth["telemetry"]]
    assert [one.status for one in recorded.writes("/cancel")] == [one["http"] for one in truth["cancels"]]
    _check_memory(reads, truth)
    _check_handshakes(recorded)
    assert recorded.skipped == len(recorded.problems) == (path.name == "reloaded.chrome.har")


def _possible_frames(truth):
    """A page wrote down what it got. The server's last frame may still be on its way when jobctl leaves."""
    frames = [said_of(one) for one in truth["frames"]]
    return [frames] if truth["page"] else [frames, frames[:-1]]


def _check_memory(reads, truth):
    """What came from memory is, byte for byte, an answer that came before."""
    for number, (one, told) in enumerate(zip(reads, truth["reads"], strict=True)):
        if told["from_memory"]:
            assert one.body in [other.body for other in reads[:number] if other.url == one.url]


def _check_handshakes(recorded):
    opened = {one.number: one for one in recorded.exchanges if one.status == 101 and one.path not in MESSAGES}
    for one in recorded.exchanges:
        assert (one.path in MESSAGES) == (one.handshake in opened)
        assert one.path not in MESSAGES or opened[one.handshake].url == one.url


def check_log(path, truth):
    """The decision log has each word as well; a verified read is a read."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    words = {"reads": [], "frames": []}
    for line in lines:
        words["frames" if line["source"] == "stream" else "reads"].append(said_of(line["payload"]))
    assert words["reads"] == [said_of(one) for one in truth["reads"]]
    assert words["frames"] in _possible_frames(truth)


def check_story(scene, truth):
    assert [one["name"] for one in truth["milestones"]] == STORIES[scene]
    assert truth["server"][-1]["status"] == "completed"
    last = truth["shown"][-1] if truth["shown"] else None
    # What is left on the screen; the flapping page of incident 1 happens to end right.
    if scene != "watch":
        left = {"generation": "completed", "video": "running", "persisted": "pending", "reloaded": "pending"}
        assert last["status"] == left[scene]
    assert any(one["from_memory"] and one["old"] for one in truth["reads"]) == (scene == "video")
    if scene in {"persisted", "reloaded"}:
        # The traffic never goes back.
        assert not any(one["old"] for one in (*truth["reads"], *truth["frames"]))
