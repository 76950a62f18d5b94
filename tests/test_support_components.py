from __future__ import annotations

import json

import pytest
from support.components import require_module, require_program


def test_what_is_there_is_handed_out():
    assert require_module("json") is json
    assert require_program("sh").endswith("/sh")


@pytest.mark.parametrize("require", [require_module, require_program], ids=["module", "program"])
@pytest.mark.parametrize("ci", ["true", ""], ids=["in-ci", "elsewhere"])
def test_what_is_missing_skips_but_fails_in_ci(monkeypatch, require, ci):
    monkeypatch.setenv("CI", ci)
    outcome = pytest.fail.Exception if ci else pytest.skip.Exception
    with pytest.raises(outcome, match=r"needs the .* no_such_thing, which is not installed"):
        require("no_such_thing")


def test_a_package_that_is_broken_is_not_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        require_module("broken_package")
