"""The mitmproxy addon: marks the flows that show a job read answered from memory. Changes no traffic.

Start it with `mitmdump -s addons/jobctl_diagnose.py -m reverse:URL --listen-host 127.0.0.1`, or read a saved
file with `mitmdump -nr FILE -s addons/jobctl_diagnose.py`. It must sit between the client and the suspect:
what it sees then came by the suspect's path. mitmproxy listens on all interfaces unless told otherwise.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mitmproxy import ctx, exceptions

from jobctl.caching.findings import Verdict
from jobctl.caching.listening.journal import Journal, record_of, report_lines
from jobctl.caching.listening.profiles import PROFILE_HELP, chosen_profiles
from jobctl.caching.passive import DEFAULT_LIMIT, Passive
from jobctl.captures.flows import event_of, exchange_of
from jobctl.errors import ConfigError
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from mitmproxy.addonmanager import Loader
    from mitmproxy.http import HTTPFlow

    from jobctl.caching.passive import Transition
    from jobctl.exchange import Exchange

logger: Final = logging.getLogger(__name__)
MARKERS: Final = {
    Verdict.PROVEN_STALE: ":red_circle:",
    Verdict.SERVED_FROM_CACHE: ":warning:",
    Verdict.CACHE_DECLARED: ":warning:",
    Verdict.SUSPECT_STALE: ":grey_question:",
}
"""Verdict → the mark a flow gets that brought it about; other verdicts mark nothing."""
_Refused: Final[Any] = exceptions.OptionsError
"""mitmproxy leaves its constructor untyped."""
_OPTIONS: Final = frozenset({"jobctl_profile", "jobctl_limit", "jobctl_log"})


class _Leaving:
    """The last addon: ends the process with an exit code of ours."""

    name = "jobctl_leaving"
    code = 0

    def done(self) -> None:
        """Leave; mitmproxy itself knows no exit code but 1."""
        sys.exit(self.code)


class JobctlAddon:
    """Listens to job reads, writes and stream events, and speaks on transitions only."""

    name = "jobctl"

    def __init__(
        self, passive: Passive | None = None, tell: Callable[[Transition], None] | None = None
    ) -> None:
        """Watch jobs of the profiles that the options name, or as `passive` has them (in-process use).

        `tell` gets every transition instead of mitmproxy's log.
        """
        self._say = tell
        self._given = passive
        self.passive = passive or Passive(())
        self._hints: tuple[bytes, ...] = ()
        self._journal = Journal()
        self._number = 0
        self._use(self.passive)

    def load(self, loader: Loader) -> None:
        """Declare options and commands."""
        loader.add_command("jobctl.report", self.report)
        loader.add_command("jobctl.clear", self.clear)
        loader.add_option("jobctl_profile", str, "", PROFILE_HELP)
        loader.add_option(
            "jobctl_log",
            str,
            "",
            "File to which every finding and change of verdict is added, one JSON object a line.",
        )
        loader.add_option(
            "jobctl_exit_code",
            bool,
            False,
            "End mitmproxy with jobctl's exit code: 10 caching proven, "
            "11 possible, 12 could not tell, 0 none seen by traffic that could have shown it.",
        )
        loader.add_option(
            "jobctl_limit",
            int,
            DEFAULT_LIMIT,
            "How many jobs are remembered at a time; the least recently seen is forgotten.",
        )

    def configure(self, updated: Collection[str]) -> None:
        """Take the options over; refuse those that make no sense."""
        changed = _OPTIONS & set(updated)
        if "jobctl_log" in changed:
            self._open_log()
        if self._given is None and (changed - {"jobctl_log"} or not self._hints):
            if ctx.options.jobctl_limit < 1:
                raise _Refused("jobctl_limit: expected a number above 0")
            try:
                profiles = chosen_profiles(ctx.options.jobctl_profile, os.environ, Path.cwd())
            except ConfigError as error:
                hint = f" ({error.hint})" if error.hint else ""
                raise _Refused(f"jobctl_profile: {error.message}{hint}") from error
            self._use(Passive(profiles, ctx.options.jobctl_limit))

    def _use(self, passive: Passive) -> None:
        self.passive = passive
        self._hints = tuple(hint.encode("utf-8") for hint in passive.urls.hints)

    def _open_log(self) -> None:
        self._journal.close()
        try:
            self._journal = Journal(ctx.options.jobctl_log)
        except OSError as error:
            raise _Refused(f"jobctl_log: {error.strerror}: {error.filename}") from error

    def response(self, flow: HTTPFlow) -> None:
        """Look at a whole answer, as mitmproxy hands it over."""
        # All traffic comes through here: what is no job must cost next to nothing.
        path = flow.request.data.path
        for hint in self._hints:
            if hint in path:
                break
        else:
            return
        if flow.is_replay is None:
            exchange = exchange_of(flow, self._number + 1)
            if exchange is not None:
                self._see(flow, exchange)

    def websocket_message(self, flow: HTTPFlow) -> None:
        """Look at the newest message of a job's stream."""
        if flow.websocket is None or not any(hint in flow.request.data.path for hint in self._hints):
            return
        message = flow.websocket.messages[-1]
        # What the client said, or another addon made up, is no word of the server.
        if not message.from_client and not message.injected and not message.dropped:
            self._see(flow, event_of(flow, message, self._number + 1))

    def _see(self, flow: HTTPFlow, exchange: Exchange) -> None:
        self._number += 1
        transitions = self.passive.see(exchange)
        if transitions:
            self._tell(flow, exchange, transitions)

    def _tell(self, flow: HTTPFlow, exchange: Exchange, transitions: Sequence[Transition]) -> None:
        last = transitions[-1]
        blamed = [one for one in transitions if one.kind != "note"]
        marker = MARKERS.get(last.verdict)
        if blamed and marker is not None:
            flow.marked = marker
        # What servers and URLs say goes to a terminal, by way of the comment as well.
        job = visible(last.key.job, 80)
        comment = "; ".join(dict.fromkeys(one.text for one in transitions))
        flow.comment = visible(f"jobctl: job {job}: {comment}", 1000)
        flow.metadata["jobctl"] = {
            "job": last.key.job,
            "verdict": last.verdict.value,
            "rules": [one.finding.rule.value for one in transitions if one.finding is not None],
        }
        for one in transitions:
            self._journal.write(record_of(one, exchange))
            if self._say is not None:
                self._say(one)
                continue
            level = logging.WARNING if one.kind == "finding" and marker is not None else logging.INFO
            logger.log(level, "jobctl: job %s: %s", job, visible(one.text, 600))

    def report(self) -> str:
        """Tell what is known about each job, worst first."""
        return "\n".join(report_lines(self.passive))

    def clear(self) -> None:
        """Forget all jobs; marks and comments stay."""
        self.passive.clear()

    def done(self) -> None:
        """Say the summary, close the log, and end with the exit code where that is asked for."""
        self._journal.close()
        jobs = self.passive.jobs()
        if jobs and self._say is None:
            for line in report_lines(self.passive, most=20):
                logger.info("%s", line)
        if getattr(ctx.options, "jobctl_exit_code", False):
            self._leave()

    def _leave(self) -> None:
        """Exit after every other addon is done: those behind us write their files then."""
        addons: Any = ctx.master.addons
        last = addons.get(_Leaving.name)
        if last is None:
            last = _Leaving()
            addons.add(last)
        last.code = self.exit_code()

    def exit_code(self) -> int:
        """Return jobctl's exit code for the worst verdict so far."""
        verdicts = {one.verdict for one in self.passive.jobs()}
        worst = next((verdict for verdict in Verdict if verdict in verdicts), Verdict.INCONCLUSIVE)
        # A job nobody could judge must not pass for a clean one.
        if worst is Verdict.NO_CACHE_SEEN and Verdict.INCONCLUSIVE in verdicts:
            worst = Verdict.INCONCLUSIVE
        return int(worst.exit_code)
