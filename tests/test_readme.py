"""README and guides say what the code does: tables, commands, flags, settings, links and numbers.

`python tests/test_readme.py` draws the tables again, wherever they stand.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from functools import cache
from pathlib import Path

import pytest
from scoring.score import targets
from typer.main import get_command

from jobctl.caching.findings import Flag, Rule, Verdict
from jobctl.cli.app import COMMANDS, app
from jobctl.cli.topics import Topic
from jobctl.exit_codes import ExitCode, worst
from jobctl.explain.explanation import Cause
from jobctl.profile.builtin import BUILTIN, NOT_TRIED
from jobctl.profile.load import Profiles, read_config
from jobctl.profile.model import Profile
from jobctl.reasons import Reason

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
EXAMPLES = ROOT / "examples"
GUIDES = [page for page in sorted(EXAMPLES.glob("*.md")) if page.name != "README.md"]
PAGES = [README, *sorted(EXAMPLES.rglob("*.md"))]
OURS = [README, *GUIDES]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TOLD = (
    "jobctl status",
    "jobctl status, of a Ray cluster",
    "terminal frame → exited",
    "10,000 jobs by list requests",
    "proof on a caching path, median",
)
"""Rows of the benchmarks that the README repeats, beside all that are not met."""


def text_of(page):
    return page.read_text("utf-8")


def fenced(page, *languages):
    """The blocks of code in these languages; the empty one is a block that names none."""
    return [body for language, body in _FENCE.findall(text_of(page)) if language in languages]


def prose(page):
    return _FENCE.sub("", text_of(page))


def table(*rows):
    head, *others = (f"| {' | '.join(map(str, row))} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *others])


def exit_code_table():
    return table(("code", "when"), *((int(code), code.sentence) for code in ExitCode))


def reason_table():
    rows = ((f"`{one.value}`", " / ".join(map(str, one.actions)), one.sentence) for one in Reason)
    return table(("reason", "action", "because"), *rows)


def verdict_table():
    rows = ((f"`{one.value}`", int(one.exit_code), f"this path {one.sentence}") for one in Verdict)
    return table(("verdict", "exit", "meaning"), *rows)


def rule_table():
    rows = ((f"{one.value} {one.slug}", one.headline, one.proves, one.not_proves) for one in Rule)
    return table(("rule", "when", "proves", "does not prove"), *rows)


def cause_table():
    return table(("cause", "meaning"), *((f"`{one.value}`", one.sentence) for one in Cause))


def profile_table():
    rows = []
    for name, one in BUILTIN.items():
        logs, tried = "yes" if "logs" in one else "no", "not tried" if name in NOT_TRIED else "in the tests"
        rows.append((f"`{name}`", f"`{one['read']}`", logs, tried))
    return table(("profile", "reads", "logs", "run for real"), *rows)


def number_table():
    """What the guide measured, without what need not be known first."""
    rows, parent = [], ""
    for what, *others in cells(block("<!-- benchmarks -->")):
        parent = parent if what.startswith("…") else what
        name = f"{parent} {what}" if what.startswith("…") else what
        if what in _TOLD or others[-1] == "NO":
            rows.append((name, *others))
    assert {row[0] for row in rows} >= set(_TOLD), "no such row in the benchmarks"
    return table(("what", "target", "measured", "met"), *rows)


TABLES = {
    "profiles": profile_table,
    "causes": cause_table,
    "exit codes": exit_code_table,
    "reasons": reason_table,
    "verdicts": verdict_table,
    "rules": rule_table,
    "numbers": number_table,
}


def page_with(marker):
    found = [page for page in PAGES for _ in range(text_of(page).count(marker))]
    assert len(found) == 1, f"{marker} stands in {[page.name for page in found]}: exactly one page has it"
    return found[0]


def block(marker):
    found = re.search(rf"{re.escape(marker)}\n(.*?)\n?<!-- end -->", text_of(page_with(marker)), re.DOTALL)
    assert found, f"nothing between {marker} and <!-- end -->"
    return found[1]


def cells(markdown):
    """The rows of a table, without its heads."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines()]
    return rows[2:]


@pytest.mark.parametrize("name", TABLES)
def test_table_is_what_the_code_says(name):
    said = block(f"<!-- table: {name} -->")
    assert said == TABLES[name](), "run `python tests/test_readme.py` to draw the tables again"


def test_the_scores_add_up():
    verdicts, met = block("<!-- scoring -->").split("\n\n")
    rows = cells(verdicts)
    assert [row[0] for row in rows] == [str(verdict) for verdict in Verdict]
    clean, cached, stale = (sum(int(row[column] or 0) for row in rows) for column in (1, 2, 3))
    undecided = sum(int(count or 0) for count in rows[-1][2:])
    assert [row[:2] for row in cells(met)] == [[what, target] for what, target, *_ in targets([])]
    among = [int(re.search(r"of (\d+)", row[2])[1]) for row in cells(met)]
    assert among == [clean + cached + stale, clean, *[cached + stale] * 4]
    assert cells(met)[-1][2].startswith(f"{undecided} of ")


def test_every_flag_of_a_diagnosis_is_told():
    assert [
        flag.value for flag in Flag if f"| `{flag.value}` |" not in text_of(EXAMPLES / "diagnose.md")
    ] == []


def test_the_order_of_exit_codes_is_what_the_code_says():
    def outranks(code):
        return sum(worst([code, other]) is code for other in ExitCode)

    order = ", ".join(str(int(code)) for code in sorted(ExitCode, key=outranks))
    assert f"best first {order}." in text_of(README)


def test_the_readme_is_one_page():
    assert len(text_of(README).splitlines()) <= 170


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_the_two_commands_are_on_the_first_screen(name):
    assert text_of(README).splitlines().index(f"<!-- command: {name} -->") < 45


def test_every_command_of_the_program_is_shown():
    names = [name for panel in COMMANDS.values() for name in panel]
    assert [name for name in names if f"jobctl {name}" not in text_of(README)] == []


@cache
def options():
    """What each command takes, `""` being jobctl itself."""
    tree = get_command(app)
    return {
        name: {"-h", "--help"} | {word for one in command.params for word in one.opts + one.secondary_opts}
        for name, command in {"": tree, **tree.commands}.items()
    }


def unknown(words):
    """What of a call of jobctl, as words, does not exist."""
    name = words[0] if words and not words[0].startswith("-") else ""
    if name not in options():
        return [name]
    flags = {word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
    topics = words[1:2] if name == "help" and words[1:2] != ["TOPIC"] else []
    return sorted(flags - options()[name]) + [word for word in topics if word not in list(Topic)]


def shell_calls(shell):
    """Each call of jobctl in shell text, as words; quoted text is one word that says nothing."""
    for line in re.sub(r"\\\n\s*", " ", shell).splitlines():
        bare = re.sub(r"(^|\s)#.*", "", re.sub(r"'[^']*'|\"[^\"]*\"", "_", line))
        for call in re.findall(r"(?:^|[\s(;|&/])jobctl\s+([^;|&)<>]*)", bare):
            yield call.split()


def spoken_calls(page):
    """Each call in `code` of a sentence, with `jobctl` before it or, where it has flags, without."""
    for span in re.findall(r"`([^`\n]+)`", prose(page)):
        words = re.sub(r"'[^']*'", "_", span).split()
        if words[0] == "jobctl" and len(words) > 1:
            yield from shell_calls(span)
        elif words[0] in options() and any(word.startswith("--") for word in words):
            yield words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_flag_exists(page):
    shown = [line for body in fenced(page, "") for line in body.splitlines() if line.startswith("$ ")]
    called = [call for body in (*fenced(page, "sh"), *shown) for call in shell_calls(body)]
    wrong = [(call, unknown(call)) for call in (*called, *spoken_calls(page)) if unknown(call)]
    assert wrong == []


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_flag_that_stands_alone_exists(page):
    every = set().union(*options().values())
    alone = re.findall(r"`(--[a-z-]+)[ =`]", prose(page))
    assert [flag for flag in alone if flag not in every] == []


def test_a_wrong_call_would_be_found():
    calls = list(
        shell_calls("x=$(jobctl watch 17 --no-such 'a --b') && jobctl nope; jobctl help none # --c\n")
    )
    assert [unknown(call) for call in calls] == [["--no-such"], ["nope"], ["none"]]


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose(page)):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if fragment:
            headings = re.findall(r"^#+ (.*)$", prose(target), re.MULTILINE)
            assert fragment in map(slug, headings), link


@pytest.mark.parametrize("guide", GUIDES, ids=lambda page: page.name)
def test_a_guide_is_found_and_leads_back(guide):
    assert f"](examples/{guide.name})" in text_of(README)
    title, _, purpose, *_ = text_of(guide).splitlines()
    assert title.startswith("# ")
    assert purpose.startswith("For ")
    assert "](../README.md)" in "\n".join(text_of(guide).splitlines()[2:5])


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_json_parses_and_profiles_are_profiles(page, tmp_path):
    for body in fenced(page, "json"):
        assert all(isinstance(json.loads(line), dict) for line in body.splitlines())
    for body in fenced(page, "toml"):
        file = tmp_path / "jobctl.toml"
        file.write_text(body, "utf-8")
        known = Profiles([read_config(file)])
        assert known.from_files
        for name in known.from_files:
            assert known.get(name).warnings == ()


def test_every_key_of_a_profile_is_told():
    keys = {field.name for field in dataclasses.fields(Profile)} - {"name", "origin", "warnings"}
    keys = keys - {"words", "stream_shape"} | {"status"}
    _, _, after = text_of(EXAMPLES / "profiles.md").partition("## All keys\n\n")
    heads = " ".join(row[0] for row in cells(after.partition("\n\n")[0]))
    assert sorted(re.findall(r"`(\w+)`", heads)) == sorted(keys)


def main():
    for name, render in TABLES.items():
        marker = f"<!-- table: {name} -->"
        page = page_with(marker)
        head, _, rest = text_of(page).partition(f"{marker}\n")
        page.write_text(
            f"{head}{marker}\n{render()}\n<!-- end -->{rest.partition('<!-- end -->')[2]}", "utf-8"
        )


if __name__ == "__main__":
    sys.exit(main())
