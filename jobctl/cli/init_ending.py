"""How `jobctl init` ends: the draft is shown, asked about, written and tried."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jobctl.cli import output
from jobctl.cli.closing import problem
from jobctl.cli.init_ask import agrees, ask_words
from jobctl.cli.init_check import Checked, check
from jobctl.cli.init_show import findings_document, show_check, show_findings
from jobctl.cli.init_write import profile_of, write_profile
from jobctl.errors import JobctlError
from jobctl.exit_codes import ExitCode, code_of_error
from jobctl.openapi.draft import Draft
from jobctl.openapi.profile_text import profile_text
from jobctl.redact import redact_text
from jobctl.text import visible


class Ending:
    """A draft to its end: asked about, shown, written, checked."""

    def __init__(
        self, draft: Draft, others: list[str], out: Path | None, force: bool, asking: bool, as_json: bool
    ) -> None:
        self.draft, self._others, self._out, self._force = draft, others, out, force
        self._asking, self._as_json = asking, as_json

    def finish(self, check: str | None, *, insecure: bool) -> ExitCode:
        """Do all of it and return the exit code."""
        say = output.result if self._out is not None else output.note
        if not self._as_json:
            show_findings(self.draft, say)
        if self._asking:
            self.draft = ask_words(self.draft)
        text = profile_text(self.draft)
        is_written = self._write(text)
        checked: Checked | None = None
        code = ExitCode.COMPLETED if self.draft.is_complete else ExitCode.UNDECIDED
        trouble: JobctlError | None = None
        if check is not None and not self.draft.is_complete:
            output.tell("nothing was checked: a job cannot be read yet")
        elif check is not None:
            try:
                checked = self._check(text, check, insecure=insecure)
            except JobctlError as error:
                trouble, code = error, code_of_error(error)
                output.show_error(error)
            else:
                code = ExitCode.COMPLETED if checked.is_readable else ExitCode.UNDECIDED
        if self._as_json:
            output.close_json(self._document(text, is_written, checked, trouble, code))
        return code

    def _write(self, text: str) -> bool:
        draft = self.draft
        if not draft.is_complete:
            if not self._as_json:
                output.result(text)
            what = "read or status unknown"
            if draft.is_usable:
                what = f"{visible(', '.join(draft.unfilled), 200)} to fill in"
            output.tell(
                f"not written ({what}): mend what is marked ?, and put it into {self._out or 'a file'}"
            )
            return False
        profile = profile_of(draft, text)  # what cannot be read back is never written
        if self._out is None:
            if not self._as_json:
                output.result(text)
            return False
        shown = visible(str(self._out), 200)
        if self._asking and not agrees(f"Write profile {visible(draft.name, 60)} to {shown}?"):
            output.result(text)
            return False
        write_profile(self._out, draft.name, text, force=self._force)
        output.tell(f"profile {visible(draft.name, 60)} written to {shown}")
        if draft.base_url.value is None:
            output.tell("it has no base_url: write one, or give --base-url")
        needed = [name for _, name in profile.auth.variables if not os.environ.get(name)]
        if needed and not profile.auth.optional:
            output.tell(f"it takes the credentials from the environment: set {', '.join(needed)}")
        return True

    def _check(self, text: str, job: str, *, insecure: bool) -> Checked:
        checked = check(self.draft, profile_of(self.draft, text), job, insecure=insecure)
        if not self._as_json:
            show_check(checked, output.result if self._out is not None else output.note)
        return checked

    def _document(
        self,
        text: str,
        is_written: bool,
        checked: Checked | None,
        error: JobctlError | None,
        code: ExitCode,
    ) -> dict[str, Any]:
        draft = self.draft
        document = {
            "profile": draft.name,
            "source": redact_text(draft.source),
            "findings": findings_document(draft),
            "unfilled": list(draft.unfilled),
            "others": self._others,
            "toml": text,
            "written": str(self._out) if is_written else None,
            "check": checked.document() if checked is not None else None,
            "exit_code": int(code),
        }
        return document | ({"problem": problem(error)} if error is not None else {})
