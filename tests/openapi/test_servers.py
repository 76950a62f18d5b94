from __future__ import annotations

import pytest

from jobctl.openapi.document import Document
from jobctl.openapi.servers import find_base_url


def find(servers, address="http://h:1/docs/openapi.json", given=None):
    return find_base_url(
        Document({"openapi": "3.1.0", "paths": {"/x": {}}, "servers": servers}, address), given
    )


@pytest.mark.parametrize(
    ("servers", "address", "given", "url", "confidence"),
    [
        ([], "http://h:1/docs/openapi.json", None, "http://h:1", "medium"),
        ([{"url": "/api"}], "http://h:1/docs/openapi.json", None, "http://h:1/api", "high"),
        ([{"url": "https://x/v1/"}], "file:///a", None, "https://x/v1", "high"),
        ([{"url": "https://x/v1"}], "http://h:1/openapi.json", None, "https://x/v1", "medium"),
        ([{"url": "https://a"}, {"url": "https://b"}], "file:///a", None, "https://a", "medium"),
        (
            [{"url": "https://{r}.x", "variables": {"r": {"default": "eu"}}}],
            "file:///a",
            None,
            "https://eu.x",
            "high",
        ),
        ([{"url": "/api"}], "file:///a", "http://127.0.0.1:9", "http://127.0.0.1:9/api", "medium"),
        ([{"url": "/api"}], "file:///a", "http://127.0.0.1:9/own/", "http://127.0.0.1:9/own", "high"),
        ([{"url": "/"}], "file:///a", "http://127.0.0.1:9", "http://127.0.0.1:9", "high"),
        ([], "file:///a", None, None, "none"),
        ([{"url": "/api"}], "file:///a", None, None, "none"),
        ([{"url": "https://{r}.x"}], "file:///a", None, None, "none"),
        ([{"url": "ftp://x"}], "file:///a", None, None, "none"),
        ([{"url": "https://u:p@x"}], "file:///a", None, None, "none"),
        ([{"url": 7}], "file:///a", None, None, "none"),
        ("x", "http://h", None, "http://h", "medium"),
        ([{"url": "http://[::1"}], "file:///a", None, None, "none"),
        ([{"url": "http://[::1/api"}], "http://h/x", None, None, "none"),
        ([{"url": "http://[::1/api"}], "http://h/x", "http://127.0.0.1:9", "http://127.0.0.1:9", "high"),
    ],
)
def test_where_the_api_is(servers, address, given, url, confidence):
    found = find(servers, address, given)
    assert (found.value, found.confidence.value) == (url, confidence)
    if url is None:
        assert "--base-url" in found.by_hand


def test_a_call_may_have_a_server_of_its_own():
    item = {"servers": [{"url": "https://jobs.x/v9"}], "get": {}, "post": {"servers": [{"url": "/own"}]}}
    root = {
        "openapi": "3.1.0",
        "paths": {"/x": item, "/y": {"get": {}}},
        "servers": [{"url": "https://x/v1"}],
    }
    document = Document(root, "http://h/openapi.json")
    found = [find_base_url(document, None, call).value for call in document.calls()]
    assert found == ["https://jobs.x/v9", "http://h/own", "https://x/v1"]
