from __future__ import annotations

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.openapi.names import expression, is_job_like, singular, snake
from jobctl.profile.fields import compile_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dagRunId", "dag_run_id"),
        ("DAG-Run-ID", "dag_run_id"),
        ("updatedAt", "updated_at"),
        ("HTTPStatus", "http_status"),
        ("api-version", "api_version"),
        ("status", "status"),
        ("", ""),
    ],
)
def test_names_are_the_same_however_they_are_written(name, expected):
    assert snake(name) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("jobs", "job"),
        ("batches", "batch"),
        ("queries", "query"),
        ("process", "process"),
        ("status", "statu"),
    ],
)
def test_singular(word, expected):
    assert singular(word) == expected


def test_job_words():
    assert is_job_like("GET /v1/videoRenders/{id}")
    assert is_job_like("listBatches")
    assert not is_job_like("GET /pet/{petId} getPetById")


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=1, max_size=3
    )
)
def test_every_path_becomes_an_expression_that_finds_its_value(path):
    payload = 42
    for name in reversed(path):
        payload = {name: payload}
    text = expression(tuple(path))
    assert compile_path(text)(payload) == 42
    assert jmespath.search(text, payload) == 42
