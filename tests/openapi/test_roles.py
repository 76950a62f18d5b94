from __future__ import annotations

from jobctl.openapi import roles
from jobctl.openapi.names import snake


def test_names_are_spelled_as_they_are_looked_up():
    tables = (
        roles.STATUS,
        roles.IDS,
        roles.PROGRESS,
        roles.UPDATED,
        roles.ERRORS,
        roles.RESULTS,
        roles.ATTEMPTS,
    )
    for table in tables:
        for name, points in table.items():
            assert snake(name) == name
            assert 0 < points <= 8


def test_no_name_is_a_time_of_birth_or_of_an_end():
    assert not {"created_at", "started_at", "completed_at", "finished_at", "ended_at"} & set(roles.UPDATED)
