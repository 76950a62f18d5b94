"""Which calls read, submit, cancel and list jobs, and which streams them: one family for each kind of job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.openapi.answers import answer_schema, arrays_in, streams_events
from jobctl.openapi.bodies import CANCELS, cancel_setting
from jobctl.openapi.found import Found, graded, missing
from jobctl.openapi.names import is_job_like, singular, snake, words_in
from jobctl.openapi.path_template import placeholders, query_id, stem_of, tail_of
from jobctl.openapi.schema_fields import Fields, find_fields
from jobctl.openapi.words import tells_a_life
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobctl.openapi.document import Call, Document

_STATUS_TAILS: Final = frozenset({"status", "state", "poll", "info", "details", "progress"})
_VERSIONS: Final = frozenset({"api", "rest", "public", "v1", "v2", "v3", "v4"})


class Choice(NamedTuple):
    """A call chosen for a purpose; `found` holds its label, not yet the profile's path."""

    found: Found
    call: Call | None = None
    id_name: str | None = None


class Family(NamedTuple):
    """One kind of job: how it is read, and what an answer carries. `points`: how sure that these are jobs."""

    read: Choice
    fields: Fields
    points: int
    stem: str

    @property
    def noun(self) -> str:
        """What these jobs are called, from the path."""
        parts = [part for part in self.stem.split("/") if part and "{" not in part]
        parts = [part for part in parts if part.lower() not in _VERSIONS | _STATUS_TAILS]
        return parts[-1] if parts else "api"


def find_families(document: Document, calls: Sequence[Call]) -> list[Family]:
    """Return the kinds of job in a document, the surest first; of two reads of one kind the better."""
    best: dict[str, Family] = {}
    by_stem: dict[str, list[Call]] = {}
    for call in calls:
        if call.method != "GET":
            by_stem.setdefault(stem_of(call.path), []).append(call)
    cancelled: dict[str, bool] = {}

    def has_cancel(stem: str, read: Call) -> bool:
        # The same for all reads of a stem, of which there may be thousands.
        if stem not in cancelled:
            scored = (_cancel_points(document, one, stem, read) for one in by_stem.get(stem, ()))
            cancelled[stem] = any(points > 8 for points in scored)
        return cancelled[stem]

    for call in calls:
        family = _family(document, call, has_cancel) if call.method == "GET" else None
        if family is not None and (family.stem not in best or family.points > best[family.stem].points):
            best[family.stem] = family
    return sorted(best.values(), key=lambda one: -one.points)


def _family(document: Document, call: Call, has_cancel: Callable[[str, Call], bool]) -> Family | None:
    id_name = placeholders(call.path)[-1] if placeholders(call.path) else query_id(call)
    schema = answer_schema(document, call)
    tail = tail_of(call.path) if placeholders(call.path) else ()
    if id_name is None or schema is None or len(tail) > 1:
        return None
    stem = stem_of(call.path) if placeholders(call.path) else call.path
    fields = find_fields(document, schema, _id_names(id_name, stem))
    is_life, is_job = tells_a_life(fields.words), is_job_like(f"{call.path} {call.spoken}")
    # Otherwise a shop's order and a pet, which have a status too.
    if not fields.points or not (is_life or (is_job and fields.points > 4)):
        return None
    is_status = bool(tail) and tail[0].lower() in _STATUS_TAILS
    points = fields.points + (4 if is_job else 0) - 3 * (len(placeholders(call.path)) - 1)
    points += 1 if is_status else -5 if tail else 2
    points += 3 if has_cancel(stem, call) else 0
    status = fields.found["status"].value or ""
    shown = "told by booleans" if "`" in status else status
    reasons = [f"GET with {{{id_name}}}", f"its answer has a status: {shown}"]
    if is_job:
        reasons.append("called like a job")
    found = Found(call.label, graded(points, 14, 9), tuple(visible(one, 120) for one in reasons))
    return Family(Choice(found, call, id_name), fields, points, stem)


def _id_names(parameter: str, stem: str) -> tuple[str, ...]:
    last = next((part for part in reversed(stem.split("/")) if part and "{" not in part), "")
    return tuple(dict.fromkeys([snake(parameter), "id", f"{singular(snake(last))}_id"]))


def choose_submit(document: Document, family: Family, calls: Sequence[Call]) -> Choice:
    """Choose the call that creates such a job."""
    scored = [(_submit_points(document, one, family), one) for one in calls if one.method in {"POST", "PUT"}]
    chosen = _best(scored, 9, 6, "a POST on the path of these jobs", "submit")
    if chosen.call is None and singular(family.noun.lower()) == "operation":
        return _elsewhere(document, family, calls) or chosen
    return chosen


def _elsewhere(document: Document, family: Family, calls: Sequence[Call]) -> Choice | None:
    """Operations are made by calls on other resources, which answer with the very same record."""
    read = family.read.call
    record = document.resolve(answer_schema(document, read)) if read is not None else None
    makers = [
        one
        for one in calls
        if one.method == "POST"
        and not _same(stem_of(one.path), family.stem)
        and record is not None
        and document.resolve(answer_schema(document, one)) is record
    ]
    if len(makers) == 1:
        why = "the one POST that answers with such a record"
        return Choice(Found(makers[0].label, graded(6, 9, 6), (why,)), makers[0])
    if not makers:
        return None
    names = ", ".join(visible(one.label, 80) for one in makers[:3])
    why = f"{len(makers)} calls answer with such a record ({names}{' …' if makers[3:] else ''})"
    return Choice(missing(why, "write the one that is meant: submit = 'POST /path'"))


def choose_cancel(document: Document, family: Family, calls: Sequence[Call]) -> Choice:
    """Choose the call that cancels such a job. A DELETE may erase the record: not by itself."""
    read = family.read.call
    if read is None:
        return Choice(missing("no read"))
    scored = [(_cancel_points(document, one, family.stem, read), one) for one in calls]
    chosen = _best(scored, 9, 7, "a call on one job that says so", "cancel", with_id=True)
    if chosen.call is None:
        other = next(
            (one for one in calls if one.method in {"DELETE", "PATCH"} and _same(one.path, read.path)), None
        )
        if other is not None:
            doubt = (
                "may erase the record"
                if other.method == "DELETE"
                else "needs a body in which no cancel can be told"
            )
            more = "" if other.method == "DELETE" else " and cancel_body = { … }"
            hint = f'if it cancels and nothing else, write cancel = "{other.method} …"{more}'
            return Choice(missing(f"{visible(other.label, 100)} {doubt}", hint))
    return chosen


def choose_list(document: Document, family: Family, calls: Sequence[Call]) -> Choice:
    """Choose the call that lists such jobs."""
    scored = [(_list_points(document, one, family), one) for one in calls if one.method in {"GET", "POST"}]
    chosen = _best(scored, 9, 6, "a GET or a search on the path of these jobs", "list")
    if chosen.call is None:
        return chosen
    what = "a GET" if chosen.call.method == "GET" else "a search"
    return chosen._replace(found=chosen.found._replace(reasons=(f"{what} on the path of these jobs",)))


def choose_stream(document: Document, family: Family, calls: Sequence[Call]) -> Choice:
    """Choose the call that streams one job's events; OpenAPI describes no WebSockets."""
    for one in calls:
        names = placeholders(one.path)
        if (
            one.method == "GET"
            and names
            and stem_of(one.path) == family.stem
            and streams_events(document, one)
        ):
            why = ("it answers with text/event-stream",)
            return Choice(Found(one.label, graded(9, 9, 6), why), one, names[-1])
    return Choice(
        missing("OpenAPI describes no WebSockets, and no call answers with events", "write stream by hand")
    )


_SUBMITS: Final = frozenset(
    ["submit", "create", "run", "start", "enqueue", "queue", "trigger", "add", "post", "new"]
)
_NO_SUBMITS: Final = frozenset(
    ["sync", "runsync", "bulk", "search", "filter", "query", "count", "delete", "cancel", "retry", "rerun"]
)


def _cancel_points(document: Document, call: Call, stem: str, read: Call) -> int:
    if call.method == "GET" or not placeholders(call.path):
        return 0
    own, tail = stem_of(call.path), tail_of(call.path)
    if _same(own, stem):
        said = {word for part in tail for word in words_in(part)}
    elif not tail and _is_beside(own, stem_of(read.path)):
        said = set(words_in(own.rpartition("/")[2]))
    else:
        return 0
    verbs = [number for number, verb in enumerate(CANCELS) if verb in said]
    if verbs:
        return 16 - verbs[0] - (2 if len(said) > 1 else 0)
    spoken = set(words_in(call.spoken))
    says_so = not spoken.isdisjoint(CANCELS)
    if call.method != "DELETE" and len(tail) <= 1 and said <= _SETTING_TAILS:
        setting = cancel_setting(document, call)
        if setting is not None:
            return 9 if setting.is_all_there_is or says_so else 7
    if tail or not says_so:
        return 0
    return 6 if "delete" in spoken else 8


_SETTING_TAILS: Final = frozenset(["status", "state", "action", "actions", "command", "commands"])
"""Behind a record: where its status is set, or something is done to it, by a body."""


def _is_beside(stem: str, read_stem: str) -> bool:
    """`/cancel/{id}` beside `/status/{id}`: both end in a verb, and share what stands before it."""
    (mine, _, verb), (its, _, status) = stem.rpartition("/"), read_stem.rpartition("/")
    return mine == its and status.lower() in _STATUS_TAILS and not set(words_in(verb)).isdisjoint(CANCELS)


def _submit_points(document: Document, call: Call, family: Family) -> int:
    stem = family.stem
    home, _, last = stem.rpartition("/")
    ending = call.path.rstrip("/").rpartition("/")[2]
    said = set(words_in(call.spoken)) | set(words_in(ending))
    is_verb = not said.isdisjoint(_SUBMITS)
    if _same(call.path, stem):
        points = 9
    elif call.path.startswith(f"{stem}/") and placeholders(call.path) == placeholders(stem):
        points = 5 if is_verb else 0
    elif last.lower() in _STATUS_TAILS and call.path.rpartition("/")[0] == home and "{" not in ending:
        points = 6 if is_verb else 3
    elif _same(call.path, home):
        points = 3
    else:
        return 0
    schema = answer_schema(document, call)
    if schema is not None and find_fields(document, schema, _id_names("id", stem)).points:
        points += 2
    return points - (0 if said.isdisjoint(_NO_SUBMITS) else 4)


def _list_points(document: Document, call: Call, family: Family) -> int:
    schema = answer_schema(document, call)
    has_entries = schema is not None and bool(arrays_in(document, schema))
    if call.method == "POST":
        ending = call.path.removeprefix(family.stem).rstrip("/").lower()
        return 8 if has_entries and ending[:1] in {"/", ":"} and ending[1:] in _SEARCHES else 0
    if not _same(call.path, family.stem):
        return 0
    return 9 if has_entries else 5


_SEARCHES: Final = frozenset(["search", "filter", "query", "list", "find"])


def _same(path: str, other: str) -> bool:
    return path.rstrip("/") == other.rstrip("/")


def _best(
    scored: Sequence[tuple[int, Call]], high: int, medium: int, why: str, key: str, *, with_id: bool = False
) -> Choice:
    points, call = max(scored, key=lambda one: one[0], default=(0, None))
    if call is None or points < 4:
        return Choice(missing(f"there is not {why}", f"write {key} by hand where there is one"))
    names = placeholders(call.path)
    id_name = names[-1] if with_id and names else None
    return Choice(Found(call.label, graded(points, high, medium), (why,)), call, id_name)
