#!/usr/bin/env python3
"""Make recordings of the two incidents: `make.py FOLDER [SCENE …]`.

A practice server (`jobctl sandbox`, in this process) with the pages beside its API, a real mitmdump in front
of it, and a headless Chromium in front of that. Each scene gives `SCENE.chrome.har`, `SCENE.mitm` and
`SCENE.mitmproxy.har`; `watch` has jobctl in the place of the browser and gives `watch.jsonl`, its own log,
instead of the first. `truth.json` tells what truly happened.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import scenes
from chromium import browser_tab, find_chromium
from mitm_process import PROGRAM, Mitmdump, environment, run_on_file
from page_server import PageServer, ServerLog
from truth import truth_of

from jobctl.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

KEEPALIVE: Final = 0.7
"""Seconds of silence after which the server sends a pong."""


@dataclass(frozen=True)
class Scene:
    """One recording: who the client is, what the job is like, and what is wrong on the way."""

    play: Callable[..., None]
    profile: str
    job: str
    page: str | None
    script: dict[str, float]
    faults: tuple[str, ...] = ()
    tunnel_faults: tuple[str, ...] = ()

    @property
    def through_tunnel(self) -> bool:
        """Whether the tunnel is between proxy and server."""
        return bool(self.tunnel_faults)


_SHORT: Final = {"duration": 2.4, "steps": 4, "pending": 0.6}
SCENES: Final = {
    "generation": Scene(
        scenes.generation, "generation", "1193930", "generation.html", _SHORT, ("ws-pending",)
    ),
    "video": Scene(
        scenes.video,
        "v1",
        "6f1a52be-7c1d-4d2f-9a55-000000000231",
        "video.html",
        {"duration": 8.0, "steps": 20, "pending": 0.2},
        ("ws-pending",),
        ("cache=30s",),
    ),
    "persisted": Scene(scenes.persisted, "generation", "1193931", "persisted.html", _SHORT),
    "reloaded": Scene(scenes.reloaded, "generation", "1193932", "persisted.html", _SHORT),
    "watch": Scene(scenes.watch, "generation", "1193933", None, _SHORT, ("ws-pending",)),
}


def record(name: str, scene: Scene, folder: Path, scratch: Path, mitmdump: str) -> dict[str, Any]:
    """Play one scene, write its files into `folder`, and return the truth about it."""
    log = ServerLog()
    flows = folder / f"{name}.mitm"
    flows.unlink(missing_ok=True)
    env = environment(scratch)
    with Sandbox(keepalive=KEEPALIVE, extra_middleware=(lambda app: PageServer(app, log),)) as box:
        box.set_faults(scene.faults, scene.tunnel_faults)
        upstream = box.tunnel_url if scene.through_tunnel else box.url
        with Mitmdump(upstream, "-w", str(flows), env=env, cwd=scratch, program=mitmdump) as proxy:
            stage = scenes.Stage(box, proxy.url, scene.job, scene.profile, scene.script)
            if scene.page is None:
                written = folder / f"{name}.jsonl"
                written.unlink(missing_ok=True)
                scene.play(stage, written)
            else:
                _play_in_browser(scene, stage, folder / f"{name}.chrome.har", scratch / name)
        truth = truth_of(scene.job, box.history(scene.job), log.events, stage.notes)
        hits = box.requests("tunnel")["cache"]["hit"]
    told = sum(one["from_memory"] for one in truth["reads"])
    if told != hits:
        raise RuntimeError(f"{name}: {told} reads did not reach the server, the tunnel counts {hits}")
    export = f"hardump={folder / name}.mitmproxy.har"
    code, said = run_on_file(flows, "--set", export, env=env, cwd=scratch, program=mitmdump)
    if code:
        raise RuntimeError(f"mitmdump ended with {code}: {said}")
    return {"profile": scene.profile, "page": scene.page, **truth}


def _play_in_browser(scene: Scene, stage: scenes.Stage, har: Path, home: Path) -> None:
    program = find_chromium()
    if program is None:
        raise RuntimeError("no Chromium or Chrome is installed")
    with browser_tab(program, home) as tab:
        scene.play(stage, tab)
        tab.call("Page.navigate", url="about:blank")  # the page's sockets close, the proxy has all of them
        tab.run("new Promise(done => setTimeout(done, 200))")
        har.write_text(json.dumps(tab.har(), indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Make the scenes named, or all of them."""
    parser = argparse.ArgumentParser(prog="make.py", description="Make recordings of the two incidents.")
    parser.add_argument("folder", type=Path, help="where they are written")
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"of {', '.join(SCENES)}; else all")
    parser.add_argument("--mitmdump", default=PROGRAM, help="another mitmproxy's mitmdump")
    parser.add_argument("--suffix", default="", help="what is put behind the names of the scenes")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.scenes if name not in SCENES]:
        parser.error(f"no scene is called {unknown[0]!r}: expected {', '.join(SCENES)}")
    # Sockets that a fault cuts are errors to uvicorn.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "truth.json"
    truths = json.loads(index.read_text("utf-8")) if index.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        for scene in options.scenes or SCENES:
            name = f"{scene}{options.suffix}"
            truth = record(name, SCENES[scene], folder, Path(scratch), options.mitmdump)
            truths[name] = truth
            index.write_text(json.dumps(truths, indent=1) + "\n", encoding="utf-8")
            said = ", ".join(one["name"] for one in truth["milestones"])
            print(f"{name}: {len(truth['reads'])} reads, {len(truth['frames'])} frames; {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
