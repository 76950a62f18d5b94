"""The manual page, drawn from the command tree and from the tables that `jobctl help TOPIC` shows.

roff as `man(7)` describes it. The same tree gives the same page: no date, no width, no file of the user.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ENVIRONMENT: Final = (
    ("JOBCTL_PROFILE, JOBCTL_BASE_URL, JOBCTL_CONFIG", "As `--profile`, `--base-url`, `--config`."),
    ("JOBCTL_TIMEOUT, JOBCTL_INTERVAL", "As `--timeout` and `--interval` of `watch`."),
    ("JOBCTL_TOKEN", "The bearer token, unless the profile names another variable."),
    ("JOBCTL_STATE_DIR", "The folder of what is remembered of jobs."),
    ("JOBCTL_MEMORY", "`off` remembers nothing."),
    ("JOBCTL_DEBUG", "`1` shows where a defect of jobctl itself is."),
    (
        "JOBCTL_EXIT_CODE, JOBCTL_JOBS, JOBCTL_JOB, JOBCTL_STATUS",
        "Set for the command of `watch --notify`.",
    ),
    ("HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY", "As usual; loopback never goes through a proxy."),
    ("NO_COLOR", "Anything in it: no colours."),
    ("GITHUB_STEP_SUMMARY", "`watch` and `diagnose` append their summary to this file."),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME, OTEL_SDK_DISABLED, ...",
        "Where and how `watch --otel` sends, as OpenTelemetry defines them; http/protobuf only.",
    ),
    ("TRACEPARENT, TRACESTATE", "The span that those of `watch --otel` are children of."),
)
_FILES: Final = (
    ("./jobctl.toml", "Settings and profiles of this folder; it beats the next one."),
    ("~/.config/jobctl/config.toml", "The user's settings and profiles ($XDG_CONFIG_HOME)."),
    ("~/.local/state/jobctl/memory.db", "What is remembered of jobs ($XDG_STATE_HOME)."),
)
_EXAMPLES: Final = (
    ("jobctl submit prompt='a red fox' --watch", "Create a job and follow it to its end."),
    ("jobctl watch 1193930 --timeout 10m --log story.jsonl", "Follow one, and keep every decision."),
    ("jobctl explain story.jsonl", "Who said what when, and which source lied."),
    ("jobctl diagnose 1193930 --proxy https://tunnel.example", "Does the way answer from memory?"),
)
_CHOICES: Final = re.compile(r"[\[{<]([^\[\]{}<>]*\|[^\[\]{}<>]*)[\]}>]")
_CODE: Final = re.compile(r"`([^`]+)`")


class Section(NamedTuple):
    """One section of the page: its heading, and roff."""

    name: str
    text: str


def page() -> str:
    """Return the whole page."""
    from jobctl._version import __version__

    head = f'.TH JOBCTL 1 "" "jobctl {__version__}" "User Commands"\n.nh\n.ad l\n'
    return head + "".join(f".SH {one.name}\n{one.text}" for one in sections())


def sections() -> Iterator[Section]:
    """Yield the sections in the order in which man(7) wants them."""
    from typer import Context
    from typer.main import get_command

    from jobctl.cli.app import app
    from jobctl.cli.topics import Topic

    tree: Any = get_command(app)
    root = Context(tree, info_name="jobctl")
    about = str(tree.help)
    yield Section(
        "NAME", f"jobctl \\- {_text('submit, watch and cancel jobs without showing a stale status')}\n"
    )
    yield Section("SYNOPSIS", _synopsis(tree))
    yield Section("DESCRIPTION", _prose(about) + _prose(_OUTPUT) + _options(_shown(tree, root)))
    yield Section("COMMANDS", "".join(_command(tree.commands[name], name, root) for name in _names(tree)))
    yield Section("EXIT STATUS", _topic(Topic.EXIT_CODES))
    yield Section("ENVIRONMENT", _tagged(_ENVIRONMENT))
    yield Section("FILES", _tagged(_FILES))
    for topic in (Topic.REASONS, Topic.CAUSES, Topic.VERDICTS, Topic.RULES, Topic.PROFILES):
        yield Section(topic.name.replace("_", " "), _topic(topic))
    yield Section("EXAMPLES", _tagged(_EXAMPLES))


_OUTPUT: Final = """\
Results are on stdout, everything else on stderr. `--json` gives one JSON document; of `watch`, one object a
line. A flag beats the environment, which beats a file. Durations are written `90s`, `10m`, `1h30m`. Each
command tells its options with `-h` or `--help`."""


def _names(tree: Any) -> list[str]:
    return [name for name, command in tree.commands.items() if not command.hidden]


def _synopsis(tree: Any) -> str:
    lines = (f".B jobctl {_text(name)}\n{_text(_usage(tree.commands[name]))}\n" for name in _names(tree))
    return ".br\n".join(lines)


def _usage(command: Any) -> str:
    given = (one for one in command.params if one.param_type_name == "argument" and not one.hidden)
    return " ".join(["[OPTIONS]", *(_term(one) if one.required else f"[{_term(one)}]" for one in given)])


def _command(command: Any, name: str, root: Any) -> str:
    from typer import Context

    from jobctl.cli.sandbox import fault_help

    text = f".SS {_text(f'jobctl {name} {_usage(command)}')}\n{_prose(command.help or '')}"
    text += _options(_shown(command, Context(command, info_name=name, parent=root)))
    # The app shows the faults only to whoever asks for them.
    return text + (_prose(fault_help()) if name == "sandbox" else "")


def _shown(command: Any, context: Any) -> list[tuple[str, str]]:
    """Each parameter that is not hidden as what stands for it and what it does, both roff."""
    rows = []
    for one in command.params:
        record = one.get_help_record(context)
        if one.hidden or record is None:
            continue
        choices = _CHOICES.search(record[0]) if one.metavar is None else None
        if one.param_type_name == "argument":
            words = f"\\fI{_text(_term(one))}\\fR"
        else:
            names = [f"\\fB{_text(name)}\\fR" for name in sorted(one.opts, key=len) + one.secondary_opts]
            value = "" if one.is_flag else choices[1] if choices else one.metavar or one.name.upper()
            words = ", ".join(names) + (f" \\fI{_text(value)}\\fR" if value else "")
        told = [str(one.help or "")]
        if choices and one.param_type_name == "argument":
            told.append(f"One of {choices[1].replace('|', ', ')}.")
        if _has_default(one):
            told.append(f"Default: {getattr(one.default, 'value', one.default)}.")
        rows.append((words, _text(" ".join(filter(None, told)))))
    return rows


def _has_default(one: Any) -> bool:
    if one.param_type_name == "argument" or one.is_flag or one.show_default is False:
        return False
    return one.default not in (None, "", (), []) and not callable(one.default)


def _term(argument: Any) -> str:
    """`JOB`, `JOB...`: what an argument is called, whether it must be given or not."""
    word = str(argument.metavar or argument.name.upper()).removesuffix("...").strip("[]")
    return f"{word}..." if argument.nargs == -1 and not word.endswith("\u2026") else word


def _options(rows: list[tuple[str, str]]) -> str:
    return "".join(f".TP\n{words}\n{told}\n" for words, told in rows)


def _topic(topic: Any) -> str:
    from jobctl.cli.topics import table_of

    _, rows = table_of(topic)
    return "".join(map(_row, rows))


def _row(row: Sequence[Any]) -> str:
    first, *between, last = map(str, row)
    beside = f" ({_text(', '.join(between))})" if between else ""
    return f".TP\n\\fB{_text(first)}\\fR{beside}\n{_text(last)}\n"


def _tagged(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(_row(row) for row in rows)


def _prose(markdown: str) -> str:
    """The little Markdown that help texts use: paragraphs, lists, `code`."""
    text = ""
    for paragraph in re.split(r"\n\s*\n", markdown.strip()):
        lines = paragraph.splitlines()
        if lines[0].lstrip().startswith("- "):
            text += "".join(f".IP \\(bu 2\n{_text(line.strip()[2:])}\n" for line in lines)
        else:
            text += f".PP\n{_text(' '.join(line.strip() for line in lines))}\n"
    return text


def _text(text: str) -> str:
    """Escape a line for roff; a dash stays one that a shell understands, `code` is bold."""
    line = " ".join(text.replace("\u2026", "...").split())  # a terminal in the C locale lacks it
    line = line.replace("\\", "\\e").replace("-", "\\-")
    line = _CODE.sub(r"\\fB\1\\fR", line)
    line = "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in line)
    return f"\\&{line}" if line.startswith((".", "'")) else line
