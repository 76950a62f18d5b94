"""The README says what the code does: its tables are drawn from the registries, its commands exist."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from jobctl.caching.findings import Rule, Verdict
from jobctl.cli.app import COMMANDS
from jobctl.exit_codes import ExitCode, worst
from jobctl.explain.explanation import Cause
from jobctl.profile.builtin import BUILTIN, NOT_TRIED
from jobctl.reasons import Reason

README = Path(__file__).resolve().parent.parent / "README.md"


def exit_code_table() -> str:
    rows = [f"| {int(code)} | {code.sentence} |" for code in ExitCode]
    return "\n".join(["| code | when |", "|---|---|", *rows])


def reason_table() -> str:
    rows = [
        f"| `{reason.value}` | {' / '.join(action.value for action in reason.actions)} | {reason.sentence} |"
        for reason in Reason
    ]
    return "\n".join(["| reason | action | because |", "|---|---|---|", *rows])


def verdict_table() -> str:
    rows = [f"| `{one.value}` | {int(one.exit_code)} | this path {one.sentence} |" for one in Verdict]
    return "\n".join(["| verdict | exit | meaning |", "|---|---|---|", *rows])


def rule_table() -> str:
    rows = [f"| {one.value} {one.slug} | {one.headline} | {one.proves} | {one.not_proves} |" for one in Rule]
    return "\n".join(["| rule | when | proves | does not prove |", "|---|---|---|---|", *rows])


def cause_table() -> str:
    rows = [f"| `{one.value}` | {one.sentence} |" for one in Cause]
    return "\n".join(["| cause | meaning |", "|---|---|", *rows])


def profile_table() -> str:
    rows = [
        f"| `{name}` | `{table['read']}` | {'yes' if 'logs' in table else 'no'} | "
        f"{'not tried' if name in NOT_TRIED else 'in the tests'} |"
        for name, table in BUILTIN.items()
    ]
    return "\n".join(["| profile | reads | logs | run for real |", "|---|---|---|---|", *rows])


TABLES = {
    "profiles": profile_table,
    "causes": cause_table,
    "exit codes": exit_code_table,
    "reasons": reason_table,
    "verdicts": verdict_table,
    "rules": rule_table,
}


def block(name: str) -> str:
    found = re.search(rf"<!-- table: {name} -->\n(.*?)\n?<!-- end -->", README.read_text("utf-8"), re.DOTALL)
    assert found, f"README has no block {name!r}"
    return found.group(1)


@pytest.mark.parametrize("name", TABLES)
def test_table_is_what_the_code_says(name):
    assert block(name) == TABLES[name](), "run `python tests/test_readme.py` to draw the tables again"


def test_the_order_of_exit_codes_is_what_the_code_says():
    order = ", ".join(str(int(code)) for code in sorted(ExitCode, key=rank))
    assert f"best first {order}." in README.read_text("utf-8")


def rank(code: ExitCode) -> int:
    """How many codes this one outranks."""
    return sum(worst([code, other]) is code for other in ExitCode)


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_the_two_commands_are_on_the_first_screen(name):
    lines = README.read_text("utf-8").splitlines()
    assert lines.index(f"<!-- command: {name} -->") < 60


def test_every_command_of_the_program_is_shown():
    text = README.read_text("utf-8")
    names = [name for panel in COMMANDS.values() for name in panel]
    assert [name for name in names if f"jobctl {name}" not in text] == []


def test_every_jobctl_command_in_the_readme_exists():
    names = {name for panel in COMMANDS.values() for name in panel}
    text = "\n".join(re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL))
    used = set(re.findall(r"\bjobctl ([a-z]+)", text))
    assert used - names == set()


def main() -> None:
    text = README.read_text("utf-8")
    for name, render in TABLES.items():
        head, _, rest = text.partition(f"<!-- table: {name} -->\n")
        text = f"{head}<!-- table: {name} -->\n{render()}\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
