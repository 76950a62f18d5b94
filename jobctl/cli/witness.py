"""Who else hears of a watch beside its presenter: nothing of it changes what is shown, or ends the watch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobctl.exit_codes import ExitCode
    from jobctl.model import Decision
    from jobctl.watching.driver import Watch
    from jobctl.watching.events import Finish, Notice


def witnesses(notify: str | None = None, metrics: str | None = None, *, otel: bool = False) -> list[Witness]:
    """Return those that were asked for; a step summary is asked for by its variable.

    Raises:
        ConfigError: one of them cannot do its work: known before anything is asked of a server.
    """
    found: list[Witness] = []
    from jobctl.cli.step_summary import StepSummary, summary_file

    if summary_file() is not None:
        found.append(StepSummary())
    if metrics is not None:
        from jobctl.cli import output
        from jobctl.cli.metrics import Metrics

        served = Metrics(metrics)
        output.tell(f"metrics: {served.url}")
        found.append(served)
    if otel and os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true":
        found.append(_telemetry())
    if notify is not None:  # last: its command may take a while
        from jobctl.cli.notify import Notify

        found.append(Notify(notify))
    return found


def _telemetry() -> Witness:
    from jobctl.errors import ConfigError

    try:
        from jobctl.cli.telemetry import Telemetry
    except ImportError as error:
        raise ConfigError(
            f"--otel needs OpenTelemetry, which is not installed here ({error})",
            hint="install the extra, in the folder of jobctl: pip install '.[otel]'",
        ) from error
    return Telemetry()


class Witness:
    """Hears everything, and by default does nothing with it. `begin` comes first, `end` exactly once."""

    def begin(self, watch: Watch) -> None:
        """The watch is set up and nothing was asked yet."""

    def decision(self, job: str, decision: Decision) -> None:
        """One observation was decided. `job` is the name it is shown by, here and below."""

    def notice(self, job: str, notice: Notice) -> None:
        """Something to know that is no decision."""

    def finish(self, job: str, finish: Finish) -> None:
        """One job's watch is over."""

    def end(
        self, results: list[dict[str, Any]], code: ExitCode, problem: dict[str, Any] | None = None
    ) -> None:
        """Everything is over; `results` as in the result line, `problem` is what cut it short."""
