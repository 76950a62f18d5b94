from __future__ import annotations

import pytest

from jobctl.errors import ConfigError
from jobctl.profile.builtin import BUILTIN
from jobctl.profile.load import load_profiles, read_config

READ = 'read = "GET /x/{id}"\n'


@pytest.fixture
def write(tmp_path):
    def _write(text, name="jobctl.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


def test_the_built_ins_are_always_there():
    profiles = load_profiles()
    assert profiles.names[:2] == ["generation", "v1"]
    assert [p.name for p in profiles] == profiles.names == list(BUILTIN)
    assert profiles.get("v1") is profiles.get("v1")


def test_later_files_override(write):
    first = write('[profiles.a]\nbase_url="http://one"\n' + READ + "[profiles.b]\n" + READ, "1.toml")
    second = write('[profiles.a]\nbase_url="http://two"\n' + READ, "2.toml")
    profiles = load_profiles([first, second])
    assert profiles.get("a").base_url == "http://two"
    assert profiles.get("a").origin == str(second)
    assert profiles.get("b").origin == str(first)
    assert profiles.from_files == ("a", "b")


@pytest.mark.parametrize("name", ["generation", "mine"])
def test_extending_a_built_in_even_under_its_own_name(write, name):
    path = write(
        f'[profiles.{name}]\nextends = "generation"\nbase_url = "http://h"\nfields = {{ result = "url" }}\n'
    )
    profile = load_profiles([path]).get(name)
    assert profile.read_url("1") == "http://h/api/v1/generation-jobs/1"
    assert (profile.fields["result"], profile.fields["error"]) == ("url", "error_message")


def test_extending_across_files_and_in_any_order(write):
    one = write('[profiles.base]\ntls = { ca = "ca.pem" }\n' + READ, "1.toml")
    two = write(
        '[profiles.c]\nextends = "b"\n[profiles.b]\nextends = "base"\nbase_url = "http://b"\n', "2.toml"
    )
    profile = load_profiles([one, two]).get("c")
    assert profile.base_url == "http://b"
    assert profile.tls is not None
    assert profile.tls.ca == str(one.parent / "ca.pem")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[profiles.a\n", "not valid TOML: .*line 1"),
        ("a = " + "[" * 5000, "not valid TOML"),
        (b"name = '\xff'\n", "not UTF-8 .line 1"),
        (b"\n" + "ä = 1".encode("utf-16"), "not UTF-8 .line 2"),
        ("profiles = 3\n", "profiles: expected tables"),
        ("[profiles]\na = 3\n", "profiles.a: expected a table, got 3"),
        ('[profiles.a]\nextends = "genration"\n', "did you mean 'generation'"),
        ("[profiles.a]\nextends = 3\n", "profiles.a.extends: no profile is called 3"),
        ('[profiles.a]\nextends = "a"\n', "profiles.a.extends: no profile"),
        ('[profiles.a]\nextends = "b"\n[profiles.b]\nextends = "a"\n', "a circle"),
        ("# " + "x" * (1 << 20), "larger than 1 MB"),
    ],
)
def test_a_bad_file_is_a_config_error(write, text, expected):
    path = write(text)
    with pytest.raises(ConfigError, match=expected) as caught:
        load_profiles([path])
    assert all(line.startswith(str(path)) for line in caught.value.message.splitlines())


def test_all_profiles_of_a_file_are_reported_together(write):
    path = write("[profiles.a]\nread = 1\n[profiles.b]\nread = 2\n[profiles.c]\n" + READ)
    with pytest.raises(ConfigError) as caught:
        load_profiles([path])
    assert [line.split(": ")[1] for line in caught.value.message.splitlines()] == [
        "profiles.a.read",
        "profiles.b.read",
    ]


def test_a_bom_is_fine(write):
    assert read_config(write(b"\xef\xbb\xbfprofile = 'x'\n")).settings == {"profile": "x"}


@pytest.mark.parametrize("name", ["missing.toml", ".", "nul\0.toml"])
def test_an_unreadable_file(tmp_path, name):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(f"{tmp_path}/{name}")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigError, match="did you mean 'generation'") as caught:
        load_profiles().get("genertion")
    assert "generation, v1" in str(caught.value.hint)
