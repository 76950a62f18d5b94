from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.openapi.document import Document
from jobctl.openapi.path_template import fill_path, query_id, required_headers, stem_of, tail_of
from jobctl.profile.urls import Operation


def call(path, *parameters):
    root = {"openapi": "3.1.0", "paths": {path: {"get": {"parameters": list(parameters)}}}}
    document = Document(root, "x")
    (one,) = document.calls()
    return document, one


def parameter(name, place, **schema):
    return {"name": name, "in": place, "required": True, "schema": schema}


def test_stem_and_tail():
    assert (stem_of("/v1/jobs/{id}/cancel"), tail_of("/v1/jobs/{id}/cancel")) == ("/v1/jobs", ("cancel",))
    assert (stem_of("/v1/jobs"), stem_of("/a/{b}/c/{d}")) == ("/v1/jobs", "/a/{b}/c")


@pytest.mark.parametrize(
    ("path", "given", "filled", "unfilled"),
    [
        ("/jobs/{job_id}", {}, "/jobs/{id}", ()),
        ("/o/{owner}/runs/{job_id}", {}, "/o/OWNER/runs/{id}", ("owner",)),
        ("/o/{owner}/runs/{job_id}", {"owner": "a b/c"}, "/o/a%20b%2Fc/runs/{id}", ()),
        ("/v/{version}/runs/{job_id}", {}, "/v/2/runs/{id}", ()),
    ],
)
def test_paths_are_filled(path, given, filled, unfilled):
    found = fill_path(*call(path, parameter("version", "path", enum=["2"])), "job_id", given)
    # The parameter `version` of the last case alone stands in its path.
    assert (found.path, found.unfilled) == (filled, unfilled)


def test_required_query_and_the_id_in_it():
    document, one = call(
        "/result",
        parameter("task_id", "query", type="string"),
        parameter("api-version", "query", const="2024"),
    )
    assert query_id(one) == "task_id"
    assert fill_path(document, one, "task_id", {}).path == "/result?task_id={id}&api-version=2024"


@pytest.mark.parametrize("path", ["/a b/{id}", "/a#b/{id}", "/{a{b}/{id}", "/{id}/{id}", "/x\n/{id}"])
def test_paths_no_profile_can_hold(path):
    assert fill_path(*call(path), "id", {}) is None


def test_what_no_url_can_carry_is_no_path():
    odd = call("/x/{id}", parameter("tenant\ud800", "query", type="string"))
    assert fill_path(*odd, "id", {}) is None
    for value in ("\ud800", "\udcff"):  # as an argument that is no UTF-8 comes
        assert fill_path(*call("/{tenant}/{id}"), "id", {"tenant": value}) is None


def test_a_secret_of_the_document_is_left_to_fill():
    found = fill_path(*call("/x/{id}", parameter("api_key", "query", default="hunter2")), "id", {})
    assert (found.path, found.unfilled) == ("/x/{id}?api_key=API_KEY", ("api_key",))


def test_headers_whose_value_is_known_are_kept_and_credentials_are_not():
    document, one = call(
        "/x",
        parameter("X-Version", "header", default="2"),
        parameter("Authorization", "header", default="Bearer secret"),
        parameter("X-Tenant", "header", type="string"),
        parameter("X-Api-Key", "header", default="hunter2"),
        parameter("X-Odd", "header", const="a\r\nb"),
    )
    assert required_headers(document, one) == {"X-Version": "2"}


@given(st.text("/{}abc?#%&= \\\n", max_size=20))
def test_what_is_filled_is_an_operation_of_a_profile(tail):
    found = fill_path(*call(f"/{tail}/{{id}}"), "id", {})
    if found is not None:
        assert Operation.parse(f"GET {found.path}", needs_id=True).path == found.path
