"""Where the document is looked for, and what it takes along."""

from __future__ import annotations

import json
import tomllib

import pytest
from support.documents import LIFE, document, served
from support.program import check_message
from support.servers import reply

from jobctl.cli.init_source import USUAL_PLACES


def profiles(folder):
    return tomllib.loads((folder / "jobctl.toml").read_text("utf-8"))["profiles"]


def test_the_usual_places_are_tried(alone, serve):
    url = serve(served({"/openapi.json": "<html>all</html>", "/v3/api-docs": document()})).url
    assert alone.run("init", "-u", url).code == 0
    assert profiles(alone.cwd)["jobs"]["base_url"] == url
    nowhere = serve(served({"/openapi.json": "<html>"})).url
    done = alone.run("init", "-u", nowhere)
    check_message(done, 2, "no OpenAPI document at", "/openapi.json: ", "/v3/api-docs: HTTP 404", "--sample")


def test_of_an_address_with_a_path_that_comes_first_and_then_the_places_below(alone, serve):
    server = serve(served({"/api/v3/api-docs": document()}))
    assert alone.run("init", "--openapi", f"{server.url}/api").code == 0
    asked = [head.split(" ")[1] for head in server.heads]
    assert asked == ["/api", *(f"/api{place}" for place in USUAL_PLACES[:4])]


def test_a_refusal_ends_the_search(alone, serve):
    server = serve(served({"/openapi.json": 404, "/swagger.json": 403}))
    check_message(alone.run("init", "-u", server.url), 6, "/swagger.json: HTTP 403")
    assert len(server.heads) == 2


def test_swagger_2_is_named_and_another_place_may_have_a_document(alone, serve):
    old = {"swagger": "2.0", "paths": {"/jobs/{id}": {}}}
    server = serve(served({"/swagger.json": old}))
    done = alone.run("init", "-u", server.url)
    check_message(done, 2, "Swagger 2.0; OpenAPI 3.0 and 3.1 can be read")
    assert (
        alone.run("init", "-u", serve(served({"/swagger.json": old, "/v3/api-docs": document()})).url).code
        == 0
    )


@pytest.mark.parametrize(
    "url", ["http://", "http://u:hunter2@127.0.0.1:1/x", "http://[::1", "http://h:99999/x"]
)
def test_an_address_that_is_none_is_told_once(alone, url):
    done = alone.run("init", "--openapi", url)
    check_message(done, 2)
    assert "hunter2" not in done.err
    assert done.err.count("expected a URL") + done.err.count("credentials do not belong") == 1


THINGS = {"$ref": "gone.json#/Thing"}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (404, "gone.json: HTTP 404"),
        (500, "gone.json: HTTP 500"),
        ("<html>", "an HTML page where JSON or YAML belongs"),
        ("Location: /elsewhere.json", "redirected"),
        ("{", "not JSON"),
        ("x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
)
def test_a_part_that_cannot_be_read_costs_only_itself(alone, serve, page, said):
    whole = document()
    answer = {"200": {"content": {"application/json": {"schema": THINGS}}}}
    whole["paths"]["/things/{id}"] = {"get": {"responses": answer}}
    done = alone.run("init", "-u", serve(served({"/openapi.json": whole, "/gone.json": page})).url)
    check_message(done, 0, "one document that a $ref leads to: cannot be read", said, "profile jobs written")
    assert "lead nowhere" not in done.err


def test_documents_that_refer_to_each_other_in_a_circle(alone, serve):
    job = {"allOf": [{"$ref": "b.json#/Job"}, {"properties": {"id": {"type": "string"}, "status": LIFE}}]}
    pages = {
        "/openapi.json": document({"$ref": "a.json#/Job"}),
        "/a.json": {"Job": job, "Self": {"$ref": "#/Self"}},
        "/b.json": {"Job": {"allOf": [{"$ref": "a.json#/Job"}, {"$ref": "openapi.json#/paths"}]}},
    }
    server = serve(served(pages))
    check_message(alone.run("init", "-u", server.url), 0, "profile jobs written")
    assert sorted(head.split(" ")[1] for head in server.heads) == ["/a.json", "/b.json", "/openapi.json"]


def test_a_chain_of_documents_ends(alone, serve):
    def answer(head):
        path = head.split(" ")[1]
        if path == "/openapi.json":
            return reply(200, json.dumps(document({"$ref": "0.json"})).encode())
        number = int(path.strip("/").removesuffix(".json"))
        return reply(200, json.dumps({"allOf": [{"$ref": f"{number + 1}.json"}]}).encode())

    server = serve(answer)
    check_message(alone.run("init", "-u", server.url), 12, "not read", "/20.json")
    assert len(server.heads) == 21


def test_what_leads_nowhere_is_told(alone, serve):
    url = serve(served({"/openapi.json": document({"$ref": "#/components/schemas/\x1b[2J"})})).url
    check_message(alone.run("init", "-u", url), 12, "$refs that lead nowhere: 1", "\\x1b[2J")
