"""What was found, as a table that no terminal obeys."""

from __future__ import annotations

import json

from support.documents import LIFE, document, served
from support.drafts import make_draft
from support.program import check_message

from jobctl.cli.init_check import Checked, Line
from jobctl.cli.init_show import findings_document, show_check, show_findings
from jobctl.openapi.found import Confidence, Found


def test_secrets_and_control_characters_of_the_server_are_not_shown(alone, serve):
    schema = {"properties": {"id": {}, "status": {"enum": [*LIFE["enum"], "odd\x1b[31m"]}, "result": {}}}
    secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlc2lnbmF0dXJl"
    job = {"id": "7", "status": "done\x1b]0;x\x07", "result": f"https://x/y?token={secret}"}
    url = serve(served({"/openapi.json": document(schema), "/jobs/7": job})).url
    done = alone.run("init", "-u", url, "--check", "7")
    check_message(done, 0)
    assert secret not in done.out + done.err
    assert "odd\\x1b[31m" in done.out


def shown(draft):
    lines = []
    show_findings(draft, lines.append)
    (table,) = lines
    return table


def test_each_finding_is_a_row_and_nothing_is_left_out():
    draft = make_draft(bodies={"cancel_body": Found('{"a": 1}', Confidence.MEDIUM, ("b",))})
    table = shown(draft)
    for name, found in draft.rows():
        assert name in table
        assert found.confidence.value in table
    rows = [line.split()[0] for line in table.splitlines()]
    assert rows.index("cancel_body") == rows.index("cancel") + 1
    documents = findings_document(draft)
    assert [one["field"] for one in documents] == [name for name, _ in draft.rows()]
    json.dumps(documents)


def test_a_long_word_of_the_server_does_not_widen_the_table():
    why = "w" * 5000 + " \x1b]0;owned\x07\r\u202e"
    draft = make_draft(base_url=Found("http://h/" + "x" * 900, Confidence.LOW, (why,)))
    table = shown(draft)
    assert max(map(len, table.splitlines())) < 160
    assert all(char.isprintable() or char == "\n" for char in table)


def test_a_secret_in_what_was_found_is_not_shown():
    draft = make_draft(base_url=Found("http://h/?api_key=hunter2hunter2", Confidence.HIGH, ("a",)))
    assert "hunter2" not in shown(draft)


def test_what_was_sent_stands_beside_what_was_read():
    lines = [
        Line("status", "state", "done", "completed", ""),
        Line("progress", "", "", "", "odd"),
    ]
    written = []
    show_check(Checked("7", lines, is_readable=True), written.append)
    assert "as read" in written[0]
    rows = [line.split() for line in written[0].splitlines()]
    assert ["status", "state", "done", "completed"] in rows
    assert rows[-1][:4] == ["progress", "-", "-", "-"]
