"""One exchange taken into the state of its job. Tells in notes what no rule says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl

from jobctl.caching.fields import TARGETED
from jobctl.caching.findings import Rule
from jobctl.caching.listening.job import JobState, Word
from jobctl.caching.listening.replays import HostNames, credentials_of, short_hash
from jobctl.caching.listening.runs import Known, Run, Sample, Stale, Strength
from jobctl.caching.rfc9111 import exposure
from jobctl.caching.versions import compare
from jobctl.captures.job_urls import JobKey, Role, Sighting
from jobctl.evidence import parse_age, served_from_store
from jobctl.exchange import Path

if TYPE_CHECKING:
    from jobctl.exchange import Exchange
    from jobctl.model import Observation

UNCHANGED_POLLS: Final = 20
"""So many equal answers about a running job are worth a note (P6)."""
SAME_BUSTER: Final = 5
"""So many reads with the same cache-buster are worth a note (P9)."""
_MAX_ETAGS: Final = 4
_MAX_ARGUMENTS: Final = 4
_MAX_FORBIDDEN: Final = 4
_POLICY_FIELDS: Final = frozenset(
    {
        "cache-control",
        "expires",
        "etag",
        "last-modified",
        "vary",
        "surrogate-control",
        "x-accel-expires",
        *map(str.lower, TARGETED),
    }
)
_ANEW: Final = frozenset({"no-cache", "no-store", "max-age=0"})
_UNIQUE: Final = 0
"""The key under which all reads with a query never used before are followed."""
_BUSTERS: Final = frozenset(
    {"_", "_t", "t", "ts", "cb", "cachebuster", "cache_buster", "nocache", "bust", "rnd", "rand", "random"}
)


class Intake(NamedTuple):
    """What one exchange brought: notes for the person, and whether anything can have changed."""

    notes: tuple[str, ...] = ()
    is_news: bool = False


class Seen(NamedTuple):
    """One exchange as it was read."""

    exchange: Exchange
    sighting: Sighting
    key: JobKey
    said: Observation | None
    problem: str | None


def take(state: JobState, host: HostNames, got: Seen) -> Intake:
    """Take one exchange of a job."""
    exchange, said = got.exchange, got.said
    if exchange.path is Path.EVENT:
        return _take_truth(state, exchange, said, Strength.EVENT)
    if got.sighting.role is not Role.READ:
        if parse_age(exchange.headers):
            host.sends_age = True
        if (word := served_from_store(exchange.headers)) is not None and not word.startswith("Age:"):
            host.sends_words = True
        # Without a time, "cancelled" in the answer to a cancel is a wish.
        dated = said if said is not None and said.updated_at is not None else None
        return _take_truth(state, exchange, dated, Strength.WRITE)
    return _take_read(state, host, got)


def _take_truth(state: JobState, exchange: Exchange, said: Observation | None, strength: Strength) -> Intake:
    if said is None:
        return Intake()
    known = Known(said, exchange.received, exchange.number, strength)
    if not state.versions.learn(known):
        return Intake()
    # It may be told late: a saved flow brings the messages of a socket when the socket is closed.
    for run in state.versions.runs():
        for sample in run.samples:
            if sample.sent >= known.received:
                _blame(state, state.versions.stale(run.seen, sample))
        state.versions.judge(run)
    return Intake(is_news=True)


def _take_read(state: JobState, host: HostNames, got: Seen) -> Intake:
    exchange = got.exchange
    notes = _problem_notes(state, got.problem)
    busted, same = _follow_arguments(state, got.sighting.query)
    notes += _note(state, same)
    said = got.said or _confirmed(state, exchange)
    if said is None:
        return Intake(tuple(notes), is_news=bool(got.problem) and state.reads == 0)
    state.reads += 1
    versions = state.versions
    sample = Sample(exchange.sent, exchange.received, exchange.number)
    stale = versions.stale(said, sample)
    asks_anew = _asks_anew(exchange)
    target = short_hash(f"{'!' if asks_anew else ''}{got.sighting.target}")
    is_unique = busted and target not in state.targets
    if target not in state.targets:
        state.targets.append(target)
    followed = versions.key(_UNIQUE if is_unique else target)
    if versions.goes_back(followed, said, sample) and is_unique:
        versions.disordered = stale
    is_plain = not (is_unique or asks_anew)
    state.plain_reads += is_plain
    run = versions.follow(followed, said, sample, is_plain=is_plain)
    if stale is not None:
        stale = run.late(stale)
    is_news = _blame(state, stale)
    strength = Strength.OTHER_KEY if busted else Strength.PLAIN
    is_news |= versions.learn(Known(said, exchange.received, exchange.number, strength))
    is_news |= _judge_headers(state, host, got, run, stale)
    if stale is not None:
        versions.judge(run)
    _remember_etag(state, exchange, said)
    notes += _note(state, _unchanged(state, said, stale))
    return Intake(tuple(notes), is_news)


def _blame(state: JobState, stale: Stale | None) -> bool:
    """Keep the worst answer that was out of date."""
    if stale is None:
        return False
    worst = state.versions.worst
    if worst is None or stale.seconds > worst.seconds:
        state.versions.worst = stale
    return True


def _judge_headers(state: JobState, host: HostNames, got: Seen, run: Run, stale: Stale | None) -> bool:
    """P1, P4, P5 and P8: what the fields of an answer say."""
    exchange = got.exchange
    forbids = forbids_storing(exchange)
    run.forbidden |= forbids
    if exchange.status == 304:
        run.confirmed = Sample(exchange.sent, exchange.received, exchange.number)
        return False
    replay = state.replays.take(exchange, hash(got.key), host)
    if replay is not None and stale is not None:
        state.stale_replay = stale, replay
    declared = _words(state, host, exchange, stale)
    if forbids and (replay is not None or declared) and len(state.forbidden) < _MAX_FORBIDDEN:
        state.forbidden[exchange.number] = None if declared else replay
    return _judge_policy(state, exchange) or replay is not None or declared


def _judge_policy(state: JobState, exchange: Exchange) -> bool:
    """P5: for how long a shared cache may keep it. The same fields as last time need no second look."""
    authorized = credentials_of(exchange) != 0
    fields = hash(
        (
            exchange.status,
            authorized,
            *(pair for pair in exchange.headers if pair[0].lower() in _POLICY_FIELDS),
        )
    )
    if fields == state.policy:
        return False
    state.policy = fields
    allowed = exposure(
        exchange.method, exchange.status, exchange.headers, authorized=authorized, received=exchange.at
    )
    if allowed is None or (state.exposure is not None and allowed.seconds <= state.exposure[1].seconds):
        return False
    state.exposure = exchange.number, allowed
    return True


def _words(state: JobState, host: HostNames, exchange: Exchange, stale: Stale | None) -> bool:
    """Note `Age` and the vendors' words; tell whether there were any."""
    age = parse_age(exchange.headers)
    word = served_from_store(exchange.headers)
    if age and not host.sends_age:
        _count(state, Rule.R7, exchange, f"Age: {age}", float(age))
        # The answer says itself that it is old enough to explain what it shows.
        if stale is not None and age + 1 >= stale.seconds:
            state.stale_by_word = stale, Rule.R7, f"Age: {age}", float(age)
    if word is not None and not word.startswith("Age:"):
        _count(state, Rule.R8, exchange, word, None)
        # A host that says so of answers to writes too, which no cache stores, explains nothing by it.
        if stale is not None and not host.sends_words and state.stale_by_word is None:
            state.stale_by_word = stale, Rule.R8, word, None
    return word is not None and not (word.startswith("Age:") and host.sends_age)


def _count(state: JobState, rule: Rule, exchange: Exchange, text: str, seconds: float | None) -> None:
    old = state.words.get(rule)
    if old is None:
        state.words[rule] = Word(exchange.number, text, seconds)
    else:
        longer = seconds is not None and seconds > (old.seconds or 0)
        kept = old._replace(number=exchange.number, text=text, seconds=seconds) if longer else old
        state.words[rule] = kept._replace(times=old.times + 1)


def _confirmed(state: JobState, exchange: Exchange) -> Observation | None:
    """Return the version whose strong ETag a 304 confirms (RFC 9110 section 13.1.2)."""
    if exchange.status != 304:
        return None
    return state.etags.get((exchange.asked("if-none-match") or "").strip())


def _remember_etag(state: JobState, exchange: Exchange, said: Observation) -> None:
    tag = (exchange.header("etag") or "").strip()
    if exchange.status != 200 or not tag.startswith('"') or len(tag) > 128:
        return
    old = state.etags.pop(tag, None)
    # A tag that stays while the job moves on stands for the newest state it came with.
    state.etags[tag] = said if old is None or compare(said, old) >= 0 else old
    if len(state.etags) > _MAX_ETAGS:
        del state.etags[next(iter(state.etags))]


def _follow_arguments(state: JobState, query: str) -> tuple[bool, str | None]:
    """Tell whether a query has an argument that keeps changing; and a note on a buster that does not."""
    busted, note = False, None
    for name, value in parse_qsl(query[:2048], keep_blank_values=True) if query else ():
        last, changes, same = state.arguments.get(name, (0, 0, 0))
        now = short_hash(value)
        changed = last not in {0, now}
        if name in state.arguments or len(state.arguments) < _MAX_ARGUMENTS:
            state.arguments[name] = now, changes + changed, 0 if changed else same + 1
        busted |= changed
        if name.lower() in _BUSTERS and changes == 0 and not changed and same + 1 == SAME_BUSTER:
            note = f"the cache-buster {name} never changes: it busts nothing"
    return busted, note


def _asks_anew(exchange: Exchange) -> bool:
    """Tell whether a request wants no stored answer as it is (RFC 9111 sections 5.2.1 and 5.4)."""
    asked = (exchange.asked("cache-control") or "", exchange.asked("pragma") or "")
    words = {word.strip().lower() for line in asked for word in line.split(",")}
    return not words.isdisjoint(_ANEW)


def forbids_storing(exchange: Exchange) -> bool:
    """Tell whether an answer carries `no-store`, or `private` without field names."""
    words = {part.strip().lower() for line in exchange.values("cache-control") for part in line.split(",")}
    return bool(words & {"no-store", "private"})


def _unchanged(state: JobState, said: Observation, stale: Stale | None) -> str | None:
    same = state.status is not None and compare(said, state.status) == 0
    state.status = said
    state.unchanged = state.unchanged + 1 if same else 0
    is_running = said.status is not None and not said.status.terminal
    if is_running and stale is None and state.unchanged == UNCHANGED_POLLS:
        return (
            f"the job is unchanged over {UNCHANGED_POLLS} reads: standing still or cached, this cannot tell; "
            "run `jobctl diagnose`"
        )
    return None


def _problem_notes(state: JobState, problem: str | None) -> list[str]:
    if problem is None:
        return []
    state.problem = problem
    return _note(state, "a tunnel's own page came instead of the job" if problem == "tunnel-page" else None)


def _note(state: JobState, text: str | None) -> list[str]:
    """Say a note once per job."""
    if text is None or text in state.notes:
        return []
    state.notes.add(text)
    return [text]
