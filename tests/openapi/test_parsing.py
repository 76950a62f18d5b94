from __future__ import annotations

import json

import pytest

from jobctl.errors import ConfigError
from jobctl.openapi.parsing import LARGEST, parse_document


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!DOCTYPE html><html></html>", "an HTML page"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b"\xff\xfe\x00", "no UTF-8"),
        (b'{"openapi": ', "not JSON"),
        (b"a: [1, 2", "neither JSON nor YAML"),
        (b"a: b: c", "neither JSON nor YAML"),
        (b"[" * 100_000, "nested"),
        (b"a: *nowhere", "nowhere"),
        (b"x" * (LARGEST + 1), "larger than 10 MB"),
    ],
)
def test_what_is_no_document_is_refused_politely(raw, said):
    with pytest.raises(ConfigError) as refused:
        parse_document(raw, "spec\x1b.yaml")
    assert said in refused.value.message
    assert refused.value.message.startswith("spec\\x1b.yaml: ")
    assert "\n" not in refused.value.message


def test_json_and_yaml_say_the_same():
    data = {"openapi": "3.1.0", "paths": {"/x": {"get": {"responses": {"200": {"n": [1, 2.5, None, True]}}}}}}
    as_json = json.dumps(data).encode()
    as_yaml = b"openapi: 3.1.0\npaths:\n  /x: {get: {responses: {200: {n: [1, 2.5, null, true]}}}}\n"
    assert parse_document(as_json, "x") == parse_document(b"\xef\xbb\xbf" + as_yaml, "x") == data


def test_yaml_that_begins_like_json():
    assert parse_document(b"{openapi: 3.1.0, paths: {}}", "x") == {"openapi": "3.1.0", "paths": {}}


def test_nan_is_no_value():
    assert parse_document(b'{"maximum": NaN}', "x") == {"maximum": None}
