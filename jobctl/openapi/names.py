"""Names as APIs write them, taken apart: `dagRunId`, `dag_run_id` and `DAG-Run-ID` are the same words."""

from __future__ import annotations

import functools
import json
import re
from typing import Final

_JOBS: Final = """
job task run prediction generation render batch transcript transcription operation request export import build
workflow pipeline execution training process processing queue deployment conversion crawl invocation tuning
finetune submission backup migration simulation
"""
JOB_WORDS: Final = frozenset(form for word in _JOBS.split() for form in (word, f"{word}s", f"{word}es"))
"""What APIs call the things that are submitted, run and end."""
_BORDERS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_LONGEST: Final = 200


@functools.lru_cache(maxsize=4096)
def words_in(name: str) -> tuple[str, ...]:
    """Return the words of a name, in lower case."""
    return tuple(word.lower() for word in _BORDERS.split(name[:_LONGEST]) if word)


@functools.lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """Return a name in snake case."""
    return "_".join(words_in(name))


def singular(word: str) -> str:
    """Return an English plural's likely singular; anything else as it is."""
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def is_job_like(text: str) -> bool:
    """Tell whether a path, an id or a summary speaks of jobs."""
    return not JOB_WORDS.isdisjoint(words_in(text))


def expression(path: tuple[str, ...]) -> str:
    """Return the JMESPath expression of a path, names quoted where they need it."""
    return ".".join(
        name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else json.dumps(name) for name in path
    )
