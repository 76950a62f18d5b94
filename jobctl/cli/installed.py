"""What a wheel installs beside the package: the manual page and the shells' completions.

`share/` holds them, as `[tool.hatch.build.targets.wheel.shared-data]` names them. After a change of the
command line, `python -m jobctl.cli.installed` writes them anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("share")
_COMPLETIONS: Final = {"bash": "jobctl.bash", "zsh": "_jobctl", "fish": "jobctl.fish"}
_ZSH_AT_ONCE: Final = """

# Loaded from fpath this file is the function: complete now, and not only from the second time on.
if [ "$funcstack[1]" = "_jobctl" ]; then
  _jobctl_completion "$@"
fi
"""


def files() -> dict[str, str]:
    """Return each file's text by its name."""
    from jobctl.cli.manual import page

    return {"jobctl.1": page()} | {name: completion(shell) for shell, name in _COMPLETIONS.items()}


def completion(shell: str) -> str:
    """Return the script that asks jobctl itself, each time somebody presses Tab."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(prog_name="jobctl", complete_var="_JOBCTL_COMPLETE", shell=shell)
    return script.rstrip("\n") + (_ZSH_AT_ONCE if shell == "zsh" else "\n")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        FOLDER.joinpath(name).write_text(text, encoding="utf-8")
