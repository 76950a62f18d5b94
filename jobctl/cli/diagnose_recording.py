"""`jobctl diagnose --from FILE`: judge a recording somebody made, as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from jobctl.caching.findings import WORST_FIRST
from jobctl.caching.listening.exhibits import Exhibits
from jobctl.cli import output
from jobctl.cli.reading_progress import ReadingProgress
from jobctl.errors import ConfigError
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.caching.report import Report
    from jobctl.cli.diagnose_output import Presented
    from jobctl.exchange import Exchange
    from jobctl.profile.model import Profile

_CANNOT: Final = {
    "har": "a HAR holds one side only and its times are those of the browser: what never passed that "
    "browser, and gaps shorter than its clock, cannot be judged",
    "flows": "a recording holds one side only: without direct reads beside it, absence of caching is "
    "judged by what the traffic happened to ask",
}
_MOST_REPORTS: Final = 20


def diagnose_recording(path: Path, job: str | None, profile: Profile, presented: Presented) -> NoReturn:
    """Read the recording, judge every job in it (or the one named), and leave with the worst code.

    Raises:
        ConfigError: no recording, or nothing about such a job in it.
    """
    from jobctl.captures.recordings import open_recording

    progress = ReadingProgress()
    recording = open_recording(path, progress.show)
    exhibits = Exhibits(profile)
    experiment: list[Exchange] = []
    for exchange in recording:
        if recording.is_experiment:
            experiment.append(exchange)
        else:
            exhibits.see(exchange)
    progress.end()
    for problem in recording.problems:
        output.tell(visible(problem, 300))
    if recording.skipped:
        output.tell(f"{recording.skipped} entries without an answer, or replayed, were left out")
    if experiment:
        from jobctl.caching.rerun import rerun

        found = [one for one in rerun(experiment, profile) if job in {None, one.job}]
        if not found:
            raise ConfigError(
                "the experiment in it is not about that job", hint="leave JOB out, or --profile"
            )
        presented.show(found)
    presented.show(reports_of(exhibits, job, profile, [_CANNOT[recording.kind]]))


def reports_of(exhibits: Exhibits, job: str | None, profile: Profile, notes: Sequence[str]) -> list[Report]:
    """Return a report for each job seen, the worst first.

    Raises:
        ConfigError: nothing was seen, or nothing about this job.
    """
    jobs = sorted(exhibits.jobs(), key=lambda one: (WORST_FIRST.index(one.verdict), -one.reads))
    known = [one for one in jobs if job is None or one.key.job == job]
    if not jobs:
        raise ConfigError(
            f"no read of a job was seen, as profile {profile.name!r} spells it ({profile.read})",
            hint="choose the API with --profile",
        )
    if not known:
        names = ", ".join(visible(one.key.job, 80) for one in jobs[:_MOST_REPORTS])
        raise ConfigError(f"nothing about job {job!r} was seen", hint=f"jobs that were: {names}")
    if len(known) > _MOST_REPORTS:
        output.tell(f"{len(known)} jobs were seen; these are the {_MOST_REPORTS} worst")
    if exhibits.forgotten:
        output.tell(f"{exhibits.forgotten} jobs were forgotten for want of room: name a JOB")
    return [exhibits.report(one, notes) for one in known[:_MOST_REPORTS]]
