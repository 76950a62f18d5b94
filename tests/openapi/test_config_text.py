from __future__ import annotations

import tomllib

import pytest

from jobctl.errors import ConfigError
from jobctl.openapi.config_text import with_profile

BLOCK = '[profiles.new]\nread = "GET /x/{id}"\n\n[profiles.new.fields]\nid = "id"\n'
FILE = """\
# mine
profile = "old"   # kept

[profiles.old]
read = "GET /old/{id}"

[profiles.new]  # the one to replace
read = "GET /before/{id}"
text = '''
not the [end]
'''

[profiles.new.status]
failed = ["x"]
# about the third
[profiles."third one"]
read = "GET /third/{id}"
"""


def test_an_empty_file_becomes_the_block():
    assert with_profile("", "new", BLOCK, replace=False) == BLOCK


def test_what_is_there_is_kept_to_the_letter():
    before = FILE.replace("new", "other")
    after = with_profile(before, "new", BLOCK, replace=False)
    assert after == f"{before}\n{BLOCK}"


def test_the_same_name_is_refused_without_force():
    with pytest.raises(ConfigError, match="'new' is there already") as refused:
        with_profile(FILE, "new", BLOCK, replace=False)
    assert "--force" in refused.value.hint


def test_with_force_only_that_profile_goes():
    after = with_profile(FILE, "new", BLOCK, replace=True)
    expected = tomllib.loads(FILE)
    expected["profiles"]["new"] = tomllib.loads(BLOCK)["profiles"]["new"]
    assert tomllib.loads(after) == expected
    assert "# mine" in after
    assert '# about the third\n[profiles."third one"]' in after
    assert "before" not in after


def test_force_twice_is_force_once():
    once = with_profile(FILE, "new", BLOCK, replace=True)
    assert tomllib.loads(with_profile(once, "new", BLOCK, replace=True)) == tomllib.loads(once)


@pytest.mark.parametrize(
    "text",
    [
        'profiles = { new = { read = "GET /x/{id}" } }',
        '[profiles]\nnew.read = "GET /x/{id}"',
        '[profiles]\nold = { read = "GET /x/{id}" }\nnew = { read = "GET /x/{id}" }',
        "profiles = 7",
    ],
)
def test_what_cannot_be_replaced_alone_is_refused(text):
    with pytest.raises(ConfigError) as refused:
        with_profile(text, "new", BLOCK, replace=True)
    assert "--out FILE" in refused.value.hint


def test_a_text_that_looks_like_tables_is_not_cut():
    lines = [
        "[profiles.old]",
        'note = """',
        "[profiles.new]",
        "b = 1",
        "[profiles.x]",
        '"""',
        "[profiles.new]",
        "a = 1",
    ]
    with pytest.raises(ConfigError, match="without touching"):
        with_profile("\n".join(lines), "new", BLOCK, replace=True)


def test_a_broken_file_is_left_alone():
    with pytest.raises(ConfigError, match="not valid TOML"):
        with_profile("[profiles", "new", BLOCK, replace=True)


def test_crlf_and_bom_are_kept():
    before = '\ufeffprofile = "a"\r\n\r\n[profiles.a]\r\nread = "GET /a/{id}"\r\n'
    assert with_profile(before, "new", BLOCK, replace=False).startswith(before.rstrip("\r\n"))
