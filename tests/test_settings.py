from __future__ import annotations

import os
import subprocess
import sys
from typing import ClassVar

import pytest

from jobctl.errors import ConfigError
from jobctl.settings import resolve, user_config_path

HEAVY = (
    "tomllib platformdirs jmespath subprocess difflib httpx websockets asyncio typer rich sqlite3 "
    "random socket logging email.utils"
)
PROFILE = '[profiles.video]\nread = "GET /v/{id}"\nbase_url = "http://file"\n'


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder, a home, and a way to write both configuration files."""

    class Place:
        cwd = tmp_path / "work"
        home = tmp_path / "home"
        environ: ClassVar = {"HOME": str(home)}

        def local(self, text):
            path = self.cwd / "jobctl.toml"
            path.write_text(text)
            return str(path)

        def user(self, text):
            if sys.platform == "win32":
                pytest.skip("Windows asks the system for the folder, which a test cannot move")
            path = user_config_path(self.environ)
            assert path.is_relative_to(self.home)
            path.parent.mkdir(parents=True)
            path.write_text(text)
            return str(path)

        def resolve(self, environ=None, **flags):
            return resolve(flags, self.environ | (environ or {}), self.cwd)

    monkeypatch.setenv("HOME", str(Place.home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    place = Place()
    place.cwd.mkdir()
    place.home.mkdir()
    return place


def test_nothing_set_anywhere(place):
    settings = place.resolve()
    assert (settings.profile.name, settings.timeout, settings.interval) == ("generation", None, None)
    assert set(settings.where.values()) == {"built-in"}
    assert settings.files == ()


def test_no_home_is_no_error(place):
    assert resolve({}, {}, place.cwd).profile.name == "generation"


def test_each_level_overrides_the_next(place):
    user = place.user('profile = "v1"\ntimeout = "1m"\ninterval = 7\n')
    assert (place.resolve().profile.name, place.resolve().where["profile"]) == ("v1", user)
    local = place.local('profile = "video"\ninterval = "2s"\n' + PROFILE)
    settings = place.resolve()
    assert (settings.profile.name, settings.timeout, settings.interval) == ("video", 60.0, 2.0)
    assert (settings.where["profile"], settings.where["timeout"]) == (local, user)
    assert settings.files == (user, local)
    settings = place.resolve({"JOBCTL_PROFILE": "generation", "JOBCTL_INTERVAL": "3"})
    assert (settings.profile.name, settings.interval) == ("generation", 3.0)
    assert settings.where["interval"] == "environment JOBCTL_INTERVAL"
    settings = place.resolve({"JOBCTL_PROFILE": "generation"}, profile="v1", interval="500ms")
    assert (settings.profile.name, settings.interval) == ("v1", 0.5)
    assert settings.where["profile"] == "flag --profile"


@pytest.mark.parametrize(
    ("text", "environ", "flag", "expected"),
    [
        (PROFILE, {}, None, ("http://file", "jobctl.toml")),
        ('base_url = "http://top"\n' + PROFILE, {}, None, ("http://file", "jobctl.toml")),
        ('base_url = "http://top"\n', {}, None, ("http://top", "jobctl.toml")),
        (PROFILE, {"JOBCTL_BASE_URL": "http://env"}, None, ("http://env", "environment JOBCTL_BASE_URL")),
        (PROFILE, {"JOBCTL_BASE_URL": "http://env"}, "http://flag", ("http://flag", "flag --base-url")),
        ("", {"JOBCTL_BASE_URL": ""}, None, ("http://localhost:8001", "built-in")),
    ],
)
def test_base_url(place, text, environ, flag, expected):
    place.local(text)
    settings = place.resolve(environ, base_url=flag)
    assert (settings.profile.base_url, settings.where["base_url"].removeprefix(f"{place.cwd}/")) == expected


def test_the_only_profile_of_a_file_is_the_default(place):
    place.local(PROFILE)
    settings = place.resolve()
    assert settings.profile.name == "video"
    assert "only profile" in settings.where["profile"]
    place.local(PROFILE + PROFILE.replace("video", "audio"))
    assert place.resolve().profile.name == "generation"


def test_a_given_file_stands_alone(place, tmp_path):
    place.local("timeout = 1\n")
    (tmp_path / "other.toml").write_text("interval = 2\n")
    for environ, flags in (
        ({"JOBCTL_CONFIG": "../other.toml"}, {}),
        ({}, {"config": str(tmp_path / "other.toml")}),
    ):
        settings = place.resolve(environ, **flags)
        assert (settings.timeout, settings.interval) == (None, 2.0)
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read"):
        place.resolve(config="missing.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('timout = "1m"\n', "jobctl.toml: timout: unknown key; did you mean 'timeout'"),
        ('timeout = "soon"\n', "jobctl.toml: timeout: expected a duration"),
        ("timeout = -1\n", "jobctl.toml: timeout: expected a duration"),
        ("profile = 3\n", "jobctl.toml: profile: expected the name of a profile, got 3"),
        ('base_url = "x"\n', "jobctl.toml: base_url: expected a URL"),
        ("base_url = 3\n", "jobctl.toml: base_url: expected a URL"),
        ('profile = "nope"\n', "no profile is called 'nope'"),
        ("[profile.x]\n", "jobctl.toml: profile: expected the name"),
    ],
)
def test_a_bad_setting_in_a_file(place, text, expected):
    place.local(text)
    with pytest.raises(ConfigError) as caught:
        place.resolve()
    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("environ", "flags", "expected"),
    [
        ({"JOBCTL_TIMEOUT": "x"}, {}, "environment JOBCTL_TIMEOUT: expected a duration"),
        ({"JOBCTL_BASE_URL": "x"}, {}, "environment JOBCTL_BASE_URL: expected a URL"),
        ({}, {"interval": "1y"}, "flag --interval: expected a duration"),
        ({}, {"base_url": "http://u:hunter2@h"}, "flag --base-url: credentials do not belong"),
        ({"JOBCTL_PROFILE": "genaration"}, {}, "did you mean 'generation'"),
    ],
)
def test_a_bad_setting_elsewhere(place, environ, flags, expected):
    with pytest.raises(ConfigError) as caught:
        place.resolve(environ, **flags)
    assert expected in caught.value.message
    assert "hunter2" not in caught.value.message


def test_a_local_file_that_cannot_be_read_is_not_passed_over(place):
    (place.cwd / "jobctl.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        place.resolve()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself is asked")
@pytest.mark.parametrize("base", [None, "", "  ", "/somewhere/conf"])
def test_the_user_path_is_what_platformdirs_says(tmp_path, base):
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]} | (
        {} if base is None else {"XDG_CONFIG_HOME": base}
    )
    code = (
        "import platformdirs; print(platformdirs.user_config_path('jobctl', appauthor=False) / 'config.toml')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert str(user_config_path(environ)) == said.stdout.rstrip("\n")


@pytest.mark.parametrize("text", [None, 'profile = "v1"\n'])
def test_heavy_imports_wait_until_they_are_needed(place, text):
    if text:
        place.local(text)
    code = (
        "import sys, jobctl.settings, jobctl.evidence, jobctl.tunnel_pages, jobctl.redact\n"
        "jobctl.settings.resolve({}, {}, sys.argv[1])\n"
        f"heavy = {HEAVY!r}.split()\n"
        "print(*[name for name in heavy if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(place.cwd)], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == (["tomllib"] if text else [])


@pytest.mark.parametrize("digits", [400, 6000])
@pytest.mark.parametrize("key", ["timeout", "interval", "profile", "base_url"])
def test_a_number_no_setting_can_be(tmp_path, key, digits):
    (tmp_path / "c.toml").write_text(f"{key} = 0x{'f' * digits}")
    with pytest.raises(ConfigError, match=key):
        resolve({"config": "c.toml"}, {}, tmp_path)
