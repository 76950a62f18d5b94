"""`jobctl demo`: both incidents, live, and the proof of what caused the second, in about 25 seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.cli import output
from jobctl.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from jobctl.sandbox import Sandbox
    from jobctl.sandbox.incidents import Outcome, Row

_HEADS = ("time", "from", "says", "naive client", "jobctl", "not believed")
_WIDTHS = (5, 6, 17, 12, 12)
_WIDTH = 80
"""What fits every terminal; the longest reason has 22 columns."""


def demo() -> None:
    """Play both incidents against a practice server: a naive client beside jobctl, on the same traffic.

    At the end `diagnose` proves what the tunnel does. All on loopback, on free ports. Ends 0 in about 25 s.
    """
    import asyncio

    from rich.console import Console

    from jobctl.sandbox import Sandbox

    console = Console(highlight=False, soft_wrap=True)
    with Sandbox(seed=7) as box:
        console.print(f"[dim]server {box.url}, tunnel {box.tunnel_url} (until this ends)[/dim]")
        held = asyncio.run(_play(console, box)) and _diagnose(console, box)
    if not held:
        output.note("jobctl: the demo did not go as it should; please report it")
        output.leave(ExitCode.INTERNAL)
    console.print(
        "\nYour own API: [bold]jobctl profiles[/bold], then [bold]jobctl watch JOB --profile NAME[/bold]\n"
        "and behind a proxy: [bold]jobctl diagnose --profile NAME --proxy URL[/bold]"
    )


async def _play(console: Console, box: Sandbox) -> bool:
    from jobctl.sandbox.incidents import cancel_finished, status_flips, stuck_at_95
    from jobctl.text import visible

    _title(console, "Incident 1", "the server says completed, the page goes back to pending")
    _say(
        console,
        "the socket drops, floods pongs, and begins each connection with `pending`; the page stays open "
        "(* a word without a time)",
    )
    first = await status_flips(lambda row: _row(console, row), box)
    _score(console, first)

    _title(console, "Incident 2", "stuck at 95 % behind a tunnel")
    _say(
        console,
        "the tunnel answers plain reads from memory; from 95 % on the page polls without a cache-buster",
    )
    second = await stuck_at_95(lambda row: _row(console, row), box)
    _score(console, second)

    _title(console, "Cancel", "on the job that is already over")
    detail, real = await cancel_finished(box, first.job)
    console.print(_wrapped(f"server: {visible(detail)}"))
    console.print(_wrapped(f"jobctl: {real}, never `cancelled` on a cancel's word alone (exit code 9)"))
    return all(
        outcome.contest.naive_steps_back
        and not outcome.contest.jobctl_steps_back
        and outcome.contest.jobctl == outcome.truth == "completed"
        for outcome in (first, second)
    )


def _diagnose(console: Console, box: Sandbox) -> bool:
    """Prove it: the tunnel, as it stands after incident 2, then with `no-store` in place of the memory."""
    from jobctl.caching.findings import Verdict
    from jobctl.caching.probe import ProbeSettings, run_probe
    from jobctl.caching.reporting.view import view
    from jobctl.profile.load import Profiles

    _title(console, "Diagnosis", "who lied? direct beside proxied, jobctl diagnose --proxy TUNNEL")
    profile = Profiles().get("v1").with_base_url(box.url)
    job = box.submit("v1", duration=60.0, steps=60, pending=0.0)
    report = run_probe(ProbeSettings(profile=profile, job=job, proxy=box.tunnel_url, check_stream=False))
    shown = view(report)
    console.print(_wrapped(shown.headline, indent=2), markup=False, style="bold")
    for moment in shown.pair or ():
        said = f"{moment.said:<16} {moment.updated_at}"
        console.print(f"  #{moment.number:<3}{moment.path:<7} {moment.sent:5.2f} s  {said}", markup=False)
    console.print(_wrapped(f"  next: {shown.next_step}", indent=8), markup=False)
    return report.diagnosis.verdict is Verdict.PROVEN_STALE


def _title(console: Console, name: str, what: str) -> None:
    console.print(f"\n[bold]{name}: {what}[/bold]")


def _say(console: Console, text: str) -> None:
    from rich.text import Text

    console.print(Text(_wrapped(text, indent=0), style="dim"))
    heads = [head.ljust(width) for head, width in zip(_HEADS, _WIDTHS, strict=False)]
    console.print(Text(" ".join([*heads, _HEADS[-1]]), style="dim"))


def _wrapped(text: str, indent: int = 8) -> str:
    import textwrap

    return textwrap.fill(text, _WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)


def _row(console: Console, row: Row) -> None:
    from rich.text import Text

    cells = (f"{row.at:4.1f}s", row.source, row.said, row.naive, row.jobctl)
    styles = (
        "dim",
        "",
        "",
        "bold red" if row.step_back else "",
        "green" if row.jobctl == "completed" else "",
    )
    line = Text()
    for cell, width, style in zip(cells, _WIDTHS, styles, strict=True):
        line.append(cell.ljust(width) + " ", style=style)
    line.append(row.why, style="dim")
    line.rstrip()
    console.print(line)


def _score(console: Console, outcome: Outcome) -> None:
    from rich.text import Text

    contest = outcome.contest
    backwards = contest.naive_steps_back
    # Those that leave `completed` hurt most: they come first.
    examples = ", ".join(sorted(dict.fromkeys(backwards), key=lambda step: "completed" not in step)[:3])
    console.print(Text(_wrapped(f"naive:  went backwards {len(backwards)} times: {examples}"), style="red"))
    console.print(
        Text(
            f"jobctl: went backwards {len(contest.jobctl_steps_back)} times, shows {contest.jobctl}",
            style="green",
        )
    )
    told = ", ".join(f"{reason} ×{count}" for reason, count in contest.reasons.most_common())
    console.print(_wrapped(f"server: {outcome.truth}; not believed: {told}"))
