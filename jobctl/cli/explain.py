"""`jobctl explain JOB|FILE`: what happened to a job, who said what when, and which source lied."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from jobctl.cli import output
from jobctl.cli.parameters import ConfigOption, JsonOption, ProfileOption, VerboseOption, settings_for
from jobctl.errors import ConfigError
from jobctl.exit_codes import ExitCode
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.captures.decision_log import Line
    from jobctl.captures.recordings import Recording
    from jobctl.explain.explaining import Accounts, Found
    from jobctl.explain.explanation import Explanation
    from jobctl.profile.model import Profile
    from jobctl.settings import Settings

_MOST_EARLY: Final = 20
_MOST_JOBS: Final = 1000
_NAMED: Final = ("flag", "environment")
_SUFFIXES: Final = (".jsonl", ".json", ".har", ".mitm", ".flow", ".flows", ".log")


@dataclass
class _Asked:
    """What the command line asks for."""

    settings: Settings
    job: str | None
    html: Path | None
    as_json: bool
    verbose: bool


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="JOB|FILE",
            help="A job watched here, or a decision log, a HAR, a file of mitmproxy flows.",
        ),
    ],
    job: Annotated[str | None, typer.Option("--job", metavar="ID", help="Only this job of the file.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="OUT", help="Write the timeline as one page.")
    ] = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Tell from a record who said what when, and which source lied; the answer comes first.

    A log, and what is remembered, is decided again with today's rules: exits 12 when a line differs or cannot
    be read. Of a recording it exits 12 when too little was recorded to tell.
    """
    asked = _Asked(settings_for(profile, None, config), job, html, as_json, verbose)
    path = Path(what)
    if not os.path.lexists(path):
        output.leave(_explain_remembered(what, asked))
    from jobctl.captures.decision_log import read_lines
    from jobctl.captures.recordings import is_log, open_recording
    from jobctl.cli.reading_progress import ReadingProgress

    if is_log(path):
        output.leave(_explain_lines(read_lines(path), "log", path.name, asked))
    progress = ReadingProgress()
    recording = open_recording(path, progress.show, remembered=True)
    output.leave(_explain_recording(recording, asked, progress))


def _explain_remembered(job: str, asked: _Asked) -> ExitCode:
    """Explain a job from the memory.

    Raises:
        ConfigError: it is neither a file nor a job that is remembered.
    """
    from jobctl.captures.decision_log import Line
    from jobctl.store.reading import decisions, find

    scopes = find(job)
    if _is_named(asked.settings):
        scopes = [scope for scope in scopes if scope.profile == asked.settings.profile.name]
    if not scopes:
        raise _unknown(job)
    chosen, *others = scopes
    if others:
        output.tell(
            f"this is the job of {chosen.words}; {len(others)} other APIs know the id: --profile chooses"
        )
    # Numbers count the decisions of a process about all its jobs: gaps between those of one mean nothing.
    found = decisions(job, chosen)
    lines = (Line(row, {key: record[key] for key in record if key != "seq"}) for row, record in found)
    origin = f"the memory, {chosen.base_url or 'no base URL'}"
    return _explain_lines(lines, "store", origin, replace(asked, job=None))


def _unknown(what: str) -> ConfigError:
    if os.sep in what or what.endswith(_SUFFIXES):
        return ConfigError(f"cannot read {what!r}: no such file", hint="check the path")
    return ConfigError(
        f"{visible(what, 80)!r} is no file, and no job of that id is remembered here",
        hint="jobs that are: jobctl list; a file may be a decision log, a HAR, or mitmproxy flows",
    )


def _explain_lines(lines: Iterable[Line], kind: str, origin: str, asked: _Asked) -> ExitCode:
    from jobctl.cli.explain_log import LogLines, show_summary, summary_document
    from jobctl.explain.records import Wanted, heard_in
    from jobctl.explain.replay import Replay, Summary

    summary = Summary()
    told = LogLines(summary, as_json=asked.as_json, verbose=asked.verbose)
    replayed = Replay(asked.settings.profiles, asked.job, asked.settings.profile.name).lines(lines)
    accounts = Wanted(asked.job, keeps_all=asked.html is not None, by_profile=True).accounts()
    accounts.hear(heard_in(told.watched(replayed)))
    explanations = _explained(accounts, kind, origin)
    _write_page(explanations, asked)
    code = ExitCode.UNDECIDED if summary.differing or summary.skipped else ExitCode.COMPLETED
    if asked.as_json:
        _close(explanations, asked, code, summary_document(summary))
        return code
    if not summary.decisions and not summary.skipped:
        output.note(
            "jobctl: no decisions" + (f" about job {asked.job!r}" if asked.job else "") + " in this file"
        )
        return code
    _show(explanations, origin, asked)
    told.tell_rest()
    show_summary(summary)
    return code


def _explain_recording(recording: Recording, asked: _Asked, progress: Any) -> ExitCode:
    from jobctl.explain.records import Wanted, accounts_of_recording

    early = _Early(recording.kind, progress, asked)
    wanted = Wanted(asked.job, keeps_all=asked.html is not None, found=early.tell)
    accounts = accounts_of_recording(recording, _profiles(asked.settings), wanted)
    progress.end()
    for problem in recording.problems:
        output.tell(visible(problem, 300))
    explanations = _explained(accounts, recording.kind, recording.path.name)
    if not explanations:
        raise _nothing(accounts, recording, asked)
    _write_page(explanations, asked)
    from jobctl.explain.explanation import Cause

    is_open = all(one.causes[0] is Cause.NOT_ENOUGH for one in explanations)
    code = ExitCode.UNDECIDED if is_open else ExitCode.COMPLETED
    if asked.as_json:
        _close(explanations, asked, code, {"skipped": recording.skipped, "problems": recording.problems})
    else:
        _show(explanations, recording.path.name, asked)
        if (
            cached := next((one for one in explanations if Cause.CACHED_READS in one.causes), None)
        ) is not None:
            path, profile = (shlex.quote(word) for word in (str(recording.path), cached.profile))
            output.tell(f"what a cache did: jobctl diagnose --from {path} --profile {profile}")
    return code


def _profiles(settings: Settings) -> list[Profile]:
    """The one that was named, or all there are, the user's own first: whose recording it is nobody knows."""
    if _is_named(settings):
        return [settings.profile]
    known = settings.profiles
    own = known.from_files
    return [known.get(name) for name in (*own, *(name for name in known.names if name not in own))]


def _is_named(settings: Settings) -> bool:
    return settings.where["profile"].startswith(_NAMED)


def _explained(accounts: Accounts, kind: str, origin: str) -> list[Explanation]:
    from jobctl.explain.explaining import explain as explain_account

    return [explain_account(account, kind, origin) for account in accounts.jobs]


def _nothing(accounts: Accounts, recording: Recording, asked: _Asked) -> ConfigError:
    if accounts.others:
        names = ", ".join(visible(name, 80) for name in sorted(accounts.others)[:20])
        return ConfigError(f"nothing about job {asked.job!r} is in it", hint=f"jobs that are: {names}")
    if recording.kind == "har" or not recording.problems:
        shapes = ", ".join(f"{one.name} ({one.read})" for one in _profiles(asked.settings)[:5])
        return ConfigError(
            "no word about a job is in it, as the profiles spell their URLs",
            hint=f"known: {shapes}; write a profile for the API, or choose one with --profile",
        )
    return ConfigError("nothing in it could be read", hint="see what was said above")


def _show(explanations: Sequence[Explanation], origin: str, asked: _Asked) -> None:
    from jobctl.cli.explain_output import show_explanation, show_jobs

    if len(explanations) == 1:
        show_explanation(explanations[0], verbose=asked.verbose)
    elif explanations:
        show_jobs(explanations, origin)
    if explanations:
        output.result("")


def _close(explanations: Sequence[Explanation], asked: _Asked, code: ExitCode, more: dict[str, Any]) -> None:
    from jobctl.cli.explain_output import explanation_document

    documents = [explanation_document(one, verbose=asked.verbose) for one in explanations[:_MOST_JOBS]]
    output.close_json({"type": "summary", "exit_code": int(code), **more, "explanations": documents})


def _write_page(explanations: Sequence[Explanation], asked: _Asked) -> None:
    """Write the page, whole or not at all.

    Raises:
        ConfigError: it cannot be written there.
    """
    if asked.html is None:
        return
    from jobctl.explain.page.page import timeline_page

    draft = asked.html.with_name(f".{asked.html.name}.part")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(timeline_page(explanations))
        draft.replace(asked.html)
    except (OSError, ValueError) as error:
        draft.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"--html: cannot write {str(asked.html)!r}: {reason}",
            hint="give a file in a folder you may write to",
        ) from error
    output.tell(f"wrote {asked.html}: open it in a browser, it needs no network")


class _Early:
    """Tells steps back of a large file as they are met: who waits for the rest knows where to look."""

    def __init__(self, kind: str, progress: Any, asked: _Asked) -> None:
        self._kind, self._progress, self._asked = kind, progress, asked
        self._told = 0

    def tell(self, found: Found) -> None:
        from jobctl.explain.explaining import told_early

        self._told += 1
        if self._told > _MOST_EARLY:
            return
        if self._asked.as_json:
            document = {"type": "step-back", "job": found.job, "cause": found.back.cause.value}
            output.result_json(document | {"entry": found.back.moment.entry})
        elif self._progress.is_under_way:
            self._progress.end()
            output.tell(f"so far: {visible(found.job, 80)}: {told_early(found, self._kind)}")
