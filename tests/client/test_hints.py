from __future__ import annotations

import pytest

from jobctl.client.hints import hint_for


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 409, 410, 418, 422, 429, 500, 501, 503, 511, 599]
)
def test_a_refusal_says_what_to_do_next(status):
    assert hint_for(status)


def test_when_to_come_back_is_said_where_it_is_known():
    assert hint_for(429, 90.0).endswith("ask again in 90s")
    assert hint_for(503, 90.0).endswith("ask again in 90s")
    assert "--interval" not in hint_for(429)
    assert "90s" not in hint_for(404, 90.0)
    assert hint_for(402) is None
