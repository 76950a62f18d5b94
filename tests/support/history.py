"""Was what a watch showed ever true, and did it only go forward? Checked against the server's own record."""

from __future__ import annotations


def check_shown(lines, history):
    """Every applied status is a state the server had, at or after the one shown before (but `corrected`).

    `lines` are the JSON lines of a watch, `history` is `Sandbox.history(job)`.
    """
    at = 0
    for line in lines:
        if line["type"] != "decision" or line["action"] != "apply":
            continue
        shown = line["after"]
        if line["reason"] == "corrected":
            at = 0
        places = [number for number in range(at, len(history)) if _is(history[number], shown)]
        assert places, f"shown {shown} after state {at} of {[_brief(state) for state in history]}: {line}"
        at = places[0]


def _is(state, shown):
    # A word without a meaning stands for any state in which the job was busy.
    if shown["status"] != state["state"] and not (
        shown["status"] == "unknown" and state["state"] == "running"
    ):
        return False
    progress = shown.get("progress")
    return progress is None or progress == state["progress"] or state["state"] in {"failed", "cancelled"}


def _brief(state):
    return state["state"], state["progress"]
