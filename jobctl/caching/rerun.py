"""An experiment read back from its own HAR, judged again by today's rules. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from jobctl.caching.judging.experiment import Experiment
from jobctl.caching.reading import read_answer
from jobctl.caching.report import Report
from jobctl.caching.rules import judge
from jobctl.captures.job_urls import JobUrls
from jobctl.client.messages import Response
from jobctl.exchange import Exchange, Path
from jobctl.observe import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobctl.profile.model import Profile

_MOST: Final = 10_000


def rerun(exchanges: Iterable[Exchange], profile: Profile) -> list[Report]:
    """Return a report for each job of the experiments in a recording, in the order they were met."""
    urls, reader = JobUrls((profile,)), Reader(profile)
    by_job: dict[str, list[Exchange]] = {}
    for number, one in enumerate(exchanges, 1):
        sighting = urls.find(one.method, one.url)
        if sighting is not None and sighting.job and number <= _MOST:
            by_job.setdefault(sighting.job, []).append(_read(one, reader, sighting.job))
    return [_report(job, tuple(found), profile) for job, found in by_job.items()]


def _read(exchange: Exchange, reader: Reader, job: str) -> Exchange:
    if not exchange.completed:
        return exchange
    response = Response(exchange.status, exchange.headers, exchange.body, exchange.url)
    seen, problem = read_answer(response, reader, job, exchange.at)
    return exchange._replace(seen=seen, problem=problem)


def _report(job: str, exchanges: tuple[Exchange, ...], profile: Profile) -> Report:
    has_direct = any(one.path is Path.DIRECT and one.completed for one in exchanges)
    experiment = Experiment(exchanges, has_direct=has_direct)
    proxied = next((one.url for one in exchanges if one.path is Path.PLAIN), exchanges[0].url)
    direct = next((one.url for one in exchanges if one.path is Path.DIRECT), None)
    return Report(
        job=job,
        profile=profile.name,
        route=urlsplit(proxied).netloc,
        proxied_url=_base(proxied),
        direct_url=_base(direct) if direct is not None and has_direct else None,
        diagnosis=judge(experiment),
        exchanges=exchanges,
        requests=len(exchanges),
        seconds=exchanges[-1].received - exchanges[0].sent,
        notes=("an experiment read back from its recording, judged again",),
    )


def _base(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
