"""examples/recordings: the maker runs as it stands; what it makes tells the stories of what is kept."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.components import require_program
from support.examples import RECORDINGS
from support.recorded import STORIES, check_log, check_recording, check_story, recordings, truths

MAKER = RECORDINGS / "make.py"


def run(cwd, *arguments):
    return subprocess.run(
        [sys.executable, str(MAKER), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    require_program("chromium")
    folder = tmp_path_factory.mktemp("made")
    done = run(folder, str(folder / "recordings"))
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "recordings"


@pytest.mark.parametrize("scene", STORIES)
def test_a_scene_goes_as_it_does_in_what_is_kept(made, scene):
    truth = truths(made)[scene]
    check_story(scene, truth)
    files = [path for name, path in recordings(made) if name == scene]
    assert len(files) == (2 if scene == "watch" else 3)
    for path in files:
        check_recording(path, truth)


def test_jobctls_own_log_of_the_same_traffic(made):
    check_log(made / "watch.jsonl", truths(made)["watch"])


def test_the_maker_says_how_it_is_used(tmp_path):
    for arguments in ((), ("out", "nonsense")):
        done = run(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "usage: " in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
