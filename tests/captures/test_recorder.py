"""Records that may leave the process: no secret in them, and each decided again as it stands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.captures.recorder import Recorder
from jobctl.model import Http, Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile
from jobctl.stored import stored_payload
from jobctl.story import Story, decision_record, job_record, observation_of

READER = Reader(Profiles().get("generation"))
SECRET = "hunter2hunter2"


def seen(payload, source=Source.POLL, job="7", **more):
    return READER.observe(payload, source, job, 1_760_000_000.0, **more)


def body(status="running", time=1, **more):
    return {"id": "7", "status": status, "updated_at": f"2026-01-01T00:00:{time:02d}Z"} | more


def signed(number):
    """A result that is the same but for its signature."""
    return {"content_id": f"https://files.test/7.png?token={SECRET}{number}"}


def recorded(observations, *, follow_restarts=False):
    """What the watch decided, and the records of it as they come back from a file."""
    recorder, stories = Recorder(READER, follow_restarts=follow_restarts), {}
    decisions, records = [], []
    for one in observations:
        story = stories.setdefault(one.job, Story(one.job, follow_restarts=follow_restarts))
        if one.basis is not None:  # "fresh" means: as it stands when the answer comes
            known = 0 if story.job is None else story.job.revision
            one = one._replace(basis=known if one.basis else known - 1)  # noqa: PLW2901
        decisions.append(story.record(one))
        records.append(json.loads(json.dumps(recorder.record(decisions[-1]))))
    return decisions, records


def replayed(records):
    """The same records, decided again from what stands in them alone."""
    jobs = {}
    for record in records:
        follow = record.get("follow_restarts", False)
        decision = reconcile(jobs.get(record["job"]), observation_of(record, READER), follow_restarts=follow)
        jobs[record["job"]] = decision.after
        again = decision_record(
            decision, seq=record["seq"], profile=record["profile"], follow_restarts=follow
        )
        yield json.loads(json.dumps(again))


def plain(record):
    return {key: value for key, value in record.items() if key not in {"run", "decided"}}


def test_a_story_without_secrets_is_recorded_as_it_was():
    decisions, records = recorded(
        [seen(body("pending")), seen(body("running", 2, progress=10)), seen(body("pending"), Source.STREAM)]
    )
    assert [(record["action"], record["reason"]) for record in records] == [
        (decision.action, decision.reason) for decision in decisions
    ]
    assert [record["payload"] for record in records] == [one.observation.payload for one in decisions]
    assert not any("decided" in record for record in records)
    assert [record["seq"] for record in records] == [1, 2, 3]


def test_no_secret_leaves_the_process():
    http = Http(200, (("Set-Cookie", f"session={SECRET}"), ("Age", "4")))
    _, records = recorded(
        [
            seen(
                body(api_key=SECRET, error_message=f"Bearer {SECRET}", nested=[{"password": SECRET}]),
                http=http,
            ),
            seen(body("completed", 2, **signed(1))),
            seen(f"token={SECRET}", Source.STREAM),
        ]
    )
    assert SECRET not in json.dumps(records)
    assert ["Age", "4"] in records[0]["http"]["headers"]
    assert "files.test/7.png" in json.dumps(records[1]["after"])


def test_the_observation_itself_is_left_alone():
    one = seen(body(api_key=SECRET))
    recorded([one])
    assert one.payload["api_key"] == SECRET


def test_where_a_secret_made_the_difference_the_record_says_what_was_done():
    decisions, records = recorded([seen(body(**signed(number))) for number in range(3)])
    assert [decision.reason for decision in decisions] == [
        Reason.FIRST_SEEN,
        Reason.PROGRESSED,
        Reason.PROGRESSED,
    ]
    assert [record["reason"] for record in records] == ["first-seen", "duplicate", "duplicate"]
    assert [record.get("decided") for record in records] == [
        None,
        {"action": "apply", "reason": "progressed"},
        {"action": "apply", "reason": "progressed"},
    ]


@pytest.mark.parametrize(("fresh", "action"), [(1, Action.APPLY), (0, Action.VERIFY)])
def test_a_verified_read_is_as_fresh_in_the_record_as_it_was(fresh, action):
    frame, read = {"id": "7", "status": "running"}, {"id": "7", "status": "pending"}
    decisions, records = recorded([seen(frame, Source.STREAM), seen(read, Source.VERIFY, basis=fresh)])
    assert decisions[-1].action is action
    assert records[-1]["action"] == action
    assert "decided" not in records[-1]
    assert list(replayed(records)) == [plain(record) for record in records]


def test_fresh_means_fresh_although_the_two_stories_count_differently():
    """Three signatures are three applied decisions for the watch, and one for the record."""
    frames = [seen({"id": "7", "status": "running"} | signed(number), Source.STREAM) for number in range(3)]
    decisions, records = recorded([*frames, seen({"id": "7", "status": "pending"}, Source.VERIFY, basis=1)])
    assert decisions[-1].before.revision == 3
    assert records[-1]["basis"] == records[-1]["before"]["revision"] == 1
    assert decisions[-1].reason is Reason.CORRECTED
    assert records[-1]["reason"] == "corrected"


def test_a_read_sent_before_anything_was_known_is_never_fresh():
    _, (record,) = recorded([seen(body(), Source.VERIFY, basis=1)])
    assert record["basis"] < 0


def test_jobs_do_not_mix():
    ended = {"id": "8", "status": "completed", "updated_at": "2026-01-01T00:00:09Z"}
    _, records = recorded([seen(ended, job="8"), seen(body(), job="7"), seen(ended, job="8")])
    assert [(record["job"], record["reason"]) for record in records] == [
        ("8", "first-seen"),
        ("7", "first-seen"),
        ("8", "duplicate"),
    ]
    assert [record["seq"] for record in records] == [1, 2, 3]


def test_a_restart_is_recorded_as_it_was_followed():
    words = [seen(body("completed")), seen(body("running", 2))]
    for follow, action in ((False, "ignore"), (True, "apply")):
        _, records = recorded(words, follow_restarts=follow)
        assert (records[-1]["reason"], records[-1]["action"]) == ("reopened", action)
        assert records[-1].get("follow_restarts", False) is follow
        assert list(replayed(records)) == [plain(record) for record in records]


def test_records_of_one_run_can_be_told_from_those_of_another():
    _, one = recorded([seen(body()), seen(body("completed", 2))])
    assert len({record["run"] for record in one}) == 1
    _, other = recorded([seen(body())])
    assert one[0]["run"] != other[0]["run"]


PAYLOADS = st.fixed_dictionaries(
    {"id": st.sampled_from(["7", "7", "7", "8"])},
    optional={
        "status": st.sampled_from(["pending", "running", "completed", "failed", "cancelled", "odd", None, 3]),
        "updated_at": st.sampled_from(
            [f"2026-01-01T00:00:0{n}{part}Z" for n in range(3) for part in ("", ".5")]
        ),
        "progress": st.sampled_from([0, 10, 50, 100]),
        "attempt": st.integers(1, 2),
        "content_id": st.integers(0, 3).map(lambda n: signed(n)["content_id"]),
        "error_message": st.sampled_from(["", "no", f"Bearer {SECRET}"]),
        "token": st.just(SECRET),
        "type": st.sampled_from(["pong", "status"]),
    },
)
HTTP = st.sampled_from(
    [None, Http(200, (("Age", "4"),), cached_by="Age: 4"), Http(200, (("Cookie", f"s={SECRET}"),))]
)
WORDS = st.builds(
    lambda payload, source, http, fresh: seen(
        payload, source, http=http, basis=fresh if source is Source.VERIFY else None
    ),
    PAYLOADS,
    st.sampled_from(list(Source)),
    HTTP,
    st.integers(0, 1),
)


@given(st.lists(WORDS, max_size=12), st.booleans())
def test_whatever_was_heard_its_records_replay_to_themselves_without_a_secret(words, follow):
    decisions, records = recorded(words, follow_restarts=follow)
    assert list(replayed(records)) == [plain(record) for record in records]
    assert SECRET not in json.dumps(records)
    for decision, record in zip(decisions, records, strict=True):
        done = record.get("decided", {"action": record["action"], "reason": record["reason"]})
        assert done == {"action": decision.action, "reason": decision.reason}


def test_what_the_store_said_is_recorded_without_secrets_and_decided_again():
    job = reconcile(None, seen(body("completed", 2, content_id=f"https://x.test/a?token={SECRET}"))).after
    record = job_record(job) | {"as_of": "2026-01-01T00:00:00.000000Z", "source": "poll"}
    _, records = recorded([seen(stored_payload(record), Source.STORE), seen(body("completed", 2))])
    assert SECRET not in json.dumps(records)
    assert [one["reason"] for one in records] == ["first-seen", "confirmed"]
    assert [one["after"].get("verified", True) for one in records] == [False, True]
    assert list(replayed(records)) == [plain(one) for one in records]


def test_a_decision_handed_in_again_is_the_same_record():
    recorder = Recorder(READER)
    one, other = (reconcile(None, seen(body(time=time))) for time in (1, 2))
    assert recorder.record(one) is recorder.record(one)
    assert recorder.record(other)["seq"] == 2
