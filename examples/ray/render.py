"""A Ray job to practise on: python render.py FRAMES [SECONDS A FRAME]. It fails at frame 13."""

from __future__ import annotations

import sys
import time

import ray


@ray.remote
def render(frame: int, seconds: float) -> str:
    time.sleep(seconds)
    return f"frame {frame} rendered"


def main(frames: int, seconds: float = 0.1) -> None:
    ray.init(log_to_driver=False, logging_level="ERROR")
    for frame in range(1, frames + 1):
        if frame == 13:
            sys.exit("frame 13: the scene has no camera")
        print(ray.get(render.remote(frame, seconds)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(float, sys.argv[2:]))
