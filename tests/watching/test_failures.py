from __future__ import annotations

import pytest

from jobctl.errors import ApiError, ConfigError, JobctlError, ProtocolError, TransportError
from jobctl.watching.events import FailureKind
from jobctl.watching.failures import failure_of


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((ApiError("x", status=status), FailureKind.AUTH) for status in (401, 403)),
        *((ApiError("x", status=status), FailureKind.NOT_FOUND) for status in (404, 410)),
        *((ApiError("x", status=status), FailureKind.TRANSIENT) for status in (408, 425, 429, 500, 502, 599)),
        *((ApiError("x", status=status), FailureKind.REFUSED) for status in (400, 405, 409, 418, 422, 451)),
        (ProtocolError("x", kind="tunnel-page"), FailureKind.TUNNEL_PAGE),
        *(
            (ProtocolError("x", kind=kind), FailureKind.NOT_JSON)
            for kind in ("not-json", "empty", "too-large")
        ),
        *((TransportError("x", kind=kind), FailureKind.FATAL) for kind in ("tls", "dns")),
        *(
            (TransportError("x", kind=kind), FailureKind.TRANSIENT)
            for kind in ("refused", "timeout", "cut", "proxy")
        ),
        (ConfigError("x"), FailureKind.FATAL),
        (JobctlError("x"), FailureKind.TRANSIENT),
    ],
)
def test_what_may_pass_by_itself_and_what_will_not(error, kind):
    assert failure_of(error).kind is kind


def test_nothing_that_a_person_needs_is_lost():
    failure = failure_of(ApiError("said no", status=429, detail="slow", retry_after=3.0, hint="wait"))
    assert failure == (FailureKind.TRANSIENT, "said no", "wait", 429, "slow", 3.0)
    page = ProtocolError("page", kind="tunnel-page", status=503, retry_after=30.0, transient=True)
    assert failure_of(page) == (FailureKind.TUNNEL_PAGE, "page", None, 503, None, 30.0)
    assert failure_of(ProtocolError("page", kind="empty", status=200, hint="h"))[1:4] == ("page", "h", 200)
