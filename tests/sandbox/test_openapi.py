from __future__ import annotations

import re

import pytest

from jobctl.sandbox.openapi import document

KINDS = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "null": type(None),
}  # fmt: skip


def matches(value, schema):
    """A small JSON Schema check: as much as the document uses."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        return matches(value, document()["components"]["schemas"][name])
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, KINDS[kind]) for kind in kinds):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value):
        return False
    if isinstance(value, list):
        return all(matches(item, schema["items"]) for item in value)
    if not isinstance(value, dict) or "properties" not in schema:
        return True
    # Stricter than JSON Schema: a field the description does not know is a lie too.
    properties = schema["properties"]
    return set(schema.get("required", ())) <= set(value) <= set(properties) and all(
        matches(item, properties[name]) for name, item in value.items()
    )


def described(path, method, status):
    responses = document()["paths"][path][method]["responses"]
    return responses[str(status)]["content"]["application/json"]["schema"]


def test_served_as_written(way):
    assert way.http.get("/openapi.json").json() == document()


@pytest.mark.parametrize("base", ["/api/v1/generation-jobs", "/v1/jobs"])
def test_every_answer_is_as_described(direct, box, base):
    def ask(method, path, template, **options):
        answer = direct.http.request(method, path, **options)
        schema = described(template, method.lower(), answer.status_code)
        assert matches(answer.json(), schema), (path, answer.text)
        seen.add((template, method.lower(), str(answer.status_code)))
        return answer.json()

    seen = set()
    key = {"Idempotency-Key": f"openapi-{base}"}
    for end in ("completed", "failed", "cancelled"):
        body = {"prompt": "p", "sandbox": {"duration": 0, "pending": 0, "end": end}}
        made = ask("POST", base, base, json=body)
        job = (made.get("job") or made)["id"]
        ask("GET", f"{base}/{job}", base + "/{id}")
        ask("POST", f"{base}/{job}/cancel", base + "/{id}/cancel")
    ask("POST", base, base, json={}, headers=key)
    ask("POST", base, base, json={"prompt": "other"}, headers=key)
    ask("POST", base, base, content=b"{")
    made = ask("POST", base, base)
    ask("POST", f"{base}/{(made.get('job') or made)['id']}/cancel", base + "/{id}/cancel")
    ask("POST", f"{base}/0/cancel", base + "/{id}/cancel")
    ask("GET", f"{base}/0", base + "/{id}")
    ask("GET", base, base)
    ask("GET", f"{base}?limit=0", base)
    promised = {
        (path, method, status)
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        for status in operation["responses"]
        if path.startswith(base)
    }
    assert seen == promised


def test_the_check_can_fail(direct, box):
    job = direct.read(box.submit()).json()
    schema = described("/api/v1/generation-jobs/{id}", "get", 200)
    assert matches(job, schema)
    assert not matches(job | {"id": "7"}, schema)
    assert not matches(job | {"extra": 1}, schema)
    assert not matches({name: value for name, value in job.items() if name != "status"}, schema)
