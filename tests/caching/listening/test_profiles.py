from __future__ import annotations

import pytest

from jobctl.caching.listening.profiles import chosen_profiles
from jobctl.errors import ConfigError

MINE = '[profiles.mine]\nread = "GET /things/{id}"\n'


def names(chosen, folder, **environ):
    return [one.name for one in chosen_profiles(chosen, environ, folder)]


def test_all_known_the_users_own_first(tmp_path):
    (tmp_path / "jobctl.toml").write_text(MINE)
    assert names("", tmp_path)[0] == "mine"
    assert {"generation", "v1"} <= set(names("", tmp_path))
    assert names("v1", tmp_path) == ["v1"]


def test_a_file_stands_alone(tmp_path):
    (tmp_path / "other.toml").write_text(MINE)
    assert names("other.toml", tmp_path) == ["mine"]
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(ConfigError, match="no profiles"):
        names("empty.toml", tmp_path)


def test_an_unknown_name(tmp_path):
    with pytest.raises(ConfigError, match="no profile is called"):
        names("nope", tmp_path)
