"""A small report made by hand: a proven cache, with whatever a server or a recording may have put into it."""

from __future__ import annotations

from jobctl.caching.findings import Diagnosis, Finding, Rule, Verdict
from jobctl.caching.reading import read_answer
from jobctl.caching.report import Report
from jobctl.client.messages import Response
from jobctl.exchange import Exchange, Path, Problem
from jobctl.observe import Reader
from jobctl.profile.load import Profiles

READER = Reader(Profiles(()).get("generation"))
SECRET = "s3cr3t-value-never-shown"
TOKEN = "tok_1234567890abcdef"


def exchange(
    number, path, body=b'{"id": "7", "status": "processing"}', *, url=None, asked=(), headers=(), **more
):
    """One answer. `asked` and `headers` are added to the usual ones."""
    url = url or ("http://origin" if path is Path.DIRECT else "http://proxied") + "/v1/jobs/7"
    answered = (("Content-Type", "application/json"), *headers)
    seen, problem = read_answer(Response(200, answered, body, url), READER, "7", 1_790_000_000.0 + number)
    made = Exchange(
        number, path, "GET", url, (("Accept", "application/json"), *asked), 200, answered, body,
        float(number), number + 0.1, 1_790_000_000.0 + number, f"nonce{number}", seen, problem,
    )  # fmt: skip
    return made._replace(**more)


def report(*exchanges, findings=None, verdict=Verdict.PROVEN_STALE, **more):
    """A report of these exchanges, of two where none are given; `more` are fields of the report."""
    shown = exchanges or (
        exchange(1, Path.DIRECT, b'{"id": "7", "status": "processing", "progress": 60}'),
        exchange(2, Path.PLAIN, b'{"id": "7", "status": "processing", "progress": 20}'),
    )
    held = (Finding(Rule.R4, (1, 2), "the same again", 3.0),) if findings is None else findings
    evidence = (1, 2) if len(shown) > 1 else None
    made = Report(
        "7", "generation", "proxied", "http://proxied", "http://origin",
        Diagnosis(verdict, tuple(held), staleness=3.0, evidence=evidence), tuple(shown), len(shown), 3.0,
    )  # fmt: skip
    return made._replace(**more)


def problem(message):
    """A report whose proxied side never gave the job."""
    failed = exchange(2, Path.PLAIN)._replace(seen=None, problem=Problem("server-error", message))
    return report(exchange(1, Path.DIRECT), failed, findings=(), verdict=Verdict.INCONCLUSIVE)
