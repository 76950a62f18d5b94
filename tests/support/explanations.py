"""Explanations made up for the page: the incident as it was recorded, and long ones."""

from __future__ import annotations

import datetime as dt
import json
import random

from jobctl.explain.explanation import Cause, Claim, Explanation, Moment, PageFlip, Shown
from jobctl.model import JobStatus, Source
from jobctl.reasons import Action, Reason

BEGIN = 1760047950.0
"""2025-10-09 22:12:30 UTC."""
EVIL = "</script><img src=x onerror=\"document.title='owned'\"><!-- \u202egnp.exe \x1b[2J\u2028 \"'&"
WORDS = {
    "pending": JobStatus.PENDING,
    "processing": JobStatus.RUNNING,
    "completed": JobStatus.COMPLETED,
}


class Tale:
    """Collects moments; the true and the naive line follow from what is told."""

    def __init__(self):
        self.moments = []
        self.true = self.naive = None

    def tell(self, entry, at, source, reason, said=None, progress=None, updated_at=None, **more):  # noqa: PLR0917
        shown = Shown(WORDS[said], progress) if said in WORDS else None
        action = more.pop("action", reason.actions[0])
        if action is Action.APPLY and shown:
            self.true = shown
        if shown:
            self.naive = shown
        sent = BEGIN + at - more.pop("waited", 0)
        payload = more.pop("payload", None) or json.dumps(
            {"id": 1193930, "status": said, "progress": progress, "updated_at": updated_at}
        )
        fields = {"payload": payload, "true": self.true, "naive": self.naive, **more}
        self.moments.append(
            Moment(entry, BEGIN + at, sent, source, action, reason, said, progress, updated_at, **fields)
        )


def incident():
    """Job 1193930: completed at 22:13:10, called pending at 22:13:25 by a frame; three old reads follow."""
    tale, poll, stream = Tale(), Source.POLL, Source.STREAM
    created = '{"id": 1193930, "status": "pending", "kind": "image"}'
    tale.tell(
        1, 0.4, Source.SUBMIT, Reason.FIRST_SEEN, "pending", 0, "2025-10-09 22:12:30.101", payload=created
    )
    tale.tell(2, 1.0, poll, Reason.DUPLICATE, "pending", 0, "2025-10-09 22:12:30.101", waited=0.2)
    frame = 0
    for second in range(2, 40):
        updated = (
            f"2025-10-09 22:12:{30 + second:02}.104233"
            if second < 30
            else f"2025-10-09 22:13:{second - 30:02}.104233"
        )
        percent = second * 2.5
        if second % 2:
            frame += 1
            reason = Reason.ADVANCED if frame == 1 else Reason.PROGRESSED
            tale.tell(3, second, stream, reason, "processing", percent, updated, connection=1, frame=frame)
        if second % 10 == 8:
            frame += 1
            pong = '{"type":"pong"}'
            tale.tell(3, second + 0.3, stream, Reason.KEEPALIVE, connection=1, frame=frame, payload=pong)
        if second % 5 == 4:
            tale.tell(
                second + 4, second + 0.5, poll, Reason.PROGRESSED, "processing", percent, updated, waited=0.3
            )
    done = "2025-10-09 22:13:10.609405"
    tale.tell(44, 40.9, poll, Reason.ADVANCED, "completed", 100, done, waited=0.25)
    tale.tell(
        45,
        42.0,
        Source.CANCEL,
        Reason.UNREADABLE,
        waited=0.1,
        payload=json.dumps({"detail": "Cannot cancel job with status 'completed'."}),
    )
    tale.tell(46, 42.2, Source.VERIFY, Reason.DUPLICATE, "completed", 100, done, waited=0.15)
    for number in range(1, 12):
        pong = '{"type":"pong"}'
        tale.tell(47, 42.5 + number / 10, stream, Reason.KEEPALIVE, connection=2, frame=number, payload=pong)
    tale.tell(47, 55.0, stream, Reason.TERMINAL_LOCK, "pending", connection=2, frame=12)
    for number, age in enumerate((4, 6, 9)):
        tale.tell(
            48 + number,
            56.5 + 2.5 * number,
            poll,
            Reason.OLDER_UPDATE,
            "processing",
            70.0,
            "2025-10-09 22:12:58.104233",
            cached_by=f"Age: {age}",
            waited=0.05,
        )
    tale.tell(51, 64.0, Source.VERIFY, Reason.DUPLICATE, "completed", 100, done, waited=0.2)
    return Explanation(
        "1193930",
        "generation",
        "har",
        "incident.har",
        (Cause.STREAM_STALE, Cause.CACHED_READS),
        (
            Claim(
                "The server never said 'pending' after 22:13:10, when a read said completed (entry 44)."
                " Frame 12 of the WebSocket opened at 22:13:12 said 'pending' without a timestamp at"
                " 22:13:25, entry 47; a client without a terminal lock would have gone back at that moment.",
                (44, 47),
            ),
            Claim(
                "Three reads after that were answered from a cache, 4 to 9 s old, and said 'processing'.",
                (48, 49, 50),
            ),
            Claim("The cancel was refused: the job had already ended.", (45,)),
            Claim("A read past every cache said 'completed' again at 22:13:34.", (51,)),
        ),
        tale.moments,
        len(tale.moments),
        (PageFlip(BEGIN + 55.4, 47, "the page reported 'pending'"),),
    )


def hostile():
    """The incident with a server that writes markup, controls and bidi marks wherever it can."""
    tale = incident()
    moments = [
        one._replace(said=EVIL, updated_at=EVIL, cached_by=EVIL, payload=json.dumps({EVIL: EVIL}))
        for one in tale.moments
    ]
    return tale._replace(
        job=EVIL,
        profile=EVIL,
        origin=EVIL,
        claims=tuple(Claim(EVIL, (47,)) for _ in range(3)),
        moments=moments,
        flips=(PageFlip(moments[-1].at, 3, EVIL),),
    )


def bursts(hours=6):
    """Some seconds of traffic each hour, nothing in between."""
    tale = Tale()
    for hour in range(hours):
        for number in range(30):
            at = hour * 3600 + number / 4
            updated = _updated_at(at)
            percent = 100 * (30 * hour + number) / (30 * hours)
            reason = Reason.ADVANCED if not tale.moments else Reason.PROGRESSED
            tale.tell(30 * hour + number + 1, at, Source.POLL, reason, "processing", percent, updated)
    return _explanation("bursts", tale)


def long(count, seed=7):
    """`count` decisions of one job: reads, verified reads, four connections, old answers among them."""
    tale, chance = Tale(), random.Random(seed)
    at = 0.0
    for number in range(1, count + 1):
        at += chance.expovariate(4)
        percent = round(100 * number / count, 1)
        newest = {"said": "processing", "progress": percent, "updated_at": _updated_at(at)}
        socket = {"connection": 1 + number % 4, "frame": number}
        old = newest | {"progress": max(0, percent - 9), "cached_by": "Age: 7"}
        draw = chance.random()
        if draw < 0.12:
            tale.tell(number, at, Source.POLL, Reason.OLDER_UPDATE, **old)
        elif draw < 0.2:
            tale.tell(number, at, Source.STREAM, Reason.KEEPALIVE, payload='{"type":"pong"}', **socket)
        elif draw < 0.22:
            tale.tell(number, at, Source.STREAM, Reason.UNVERSIONED_REGRESSION, said="pending", **socket)
        elif draw < 0.3:
            tale.tell(number, at, Source.VERIFY, Reason.PROGRESSED, waited=0.1, **newest)
        elif draw < 0.6:
            tale.tell(number, at, Source.POLL, Reason.PROGRESSED, waited=0.1, **newest)
        else:
            tale.tell(number, at, Source.STREAM, Reason.PROGRESSED, **newest, **socket)
    return _explanation("long", tale)


def _updated_at(at):
    return dt.datetime.fromtimestamp(BEGIN + at, dt.UTC).isoformat(" ", "milliseconds")


def _explanation(job, tale):
    count = len(tale.moments)
    claim = Claim(f"{count:,} decisions, made up.", (1,))
    return Explanation(job, "generation", "log", "made.jsonl", (), (claim,), tale.moments, count)
