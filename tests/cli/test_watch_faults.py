"""`jobctl watch` on every fault: the server's own end, the right code, and never a step back."""

from __future__ import annotations

import pytest
from support.history import check_shown
from support.program import Starter

from jobctl.sandbox import Sandbox
from jobctl.sandbox.faults import FAULTS, Scope

LIFE = {"duration": 0.3, "steps": 4, "pending": 0.1}
WAYS = (("generation", "completed"), ("v1", "failed"))
SOCKET = [name for name, kind in FAULTS.items() if kind.scope is Scope.SOCKET]
READ = [name for name, kind in FAULTS.items() if kind.scope is Scope.READ]
# What leaves no readable read at its usual rate; the socket still brings the end.
READLESS = frozenset(
    ["garbage-json", "empty-body", "huge-body", "deep-json", "wrong-fields", "cut-body", "cut-chunked"]
)
SHORTER = {"slow-body": "slow-body=0.2s", "replica-lag": "replica-lag=0.3s"}
STARVED = ("--lost-after", "0.4s")


FRUITLESS = {
    "refused": ["ws-refuse"],
    "closed-at-once": ["ws-accept-close=1011"],
    "only-pongs": ["ws-accept-close=1000", "ws-pongs"],
    "garbage-then-cut": ["ws-garbage=100%", "ws-drop=100%"],
}


@pytest.fixture(scope="module", autouse=True)
def fruitless(tmp_path_factory):
    """Watches of sockets that bring nothing, begun before all others: they take ten seconds."""
    boxes, found = {}, {}
    try:
        for name, faults in FRUITLESS.items():
            boxes[name] = box = Sandbox(faults)
            box.start()
            job = box.submit(duration=900, pending=900)  # it is cancelled, however late its test comes
            starter = Starter(tmp_path_factory.mktemp(name), JOBCTL_BASE_URL=box.url)
            found[name] = box, job, starter.start("watch", job, "--json")
        yield found
    finally:
        for _, _, program in found.values():
            program.kill()
        for box in boxes.values():
            box.stop()


def begin(box, jobctl, job, *flags, place="server", profile="generation"):
    """Start a watch with --json; several run at the same time."""
    url = box.url if place == "server" else box.tunnel_url
    return jobctl.start("watch", job, "--json", "-p", profile, "-u", url, *flags)


def checked(box, job, program):
    """Wait for a watch and check what holds for every one."""
    done = program.finish()
    assert done.err == "", done
    assert done.result["exit_code"] == done.code
    check_shown(done.lines, box.history(job))
    return done


def follow(box, jobctl, job, *flags, **way):
    return checked(box, job, begin(box, jobctl, job, *flags, **way))


def ends_with_the_servers_end(box, job, program):
    """The watch ends as the server's own record does, and confirmed by a read where there is one."""
    done = checked(box, job, program)
    truth = box.history(job)[-1]["state"]
    (one,) = done.result["jobs"]
    assert (one["job"], one["ending"], one["status"]) == (job, "terminal", truth), done
    assert done.code == {"completed": 0, "failed": 3}[truth]
    return done


@pytest.mark.parametrize(
    ("fault", "place"), [(fault, place.value) for fault in SOCKET for place in sorted(FAULTS[fault].where)]
)
def test_every_socket_fault(box, jobctl, fault, place):
    box.set_faults(**{place: [fault]}, seed=7)
    jobs = [box.submit(profile, **LIFE, end=end) for profile, end in WAYS]
    programs = [begin(box, jobctl, job, place=place, profile=WAYS[n][0]) for n, job in enumerate(jobs)]
    for job, program in zip(jobs, programs, strict=True):
        done = ends_with_the_servers_end(box, job, program)
        assert done.result["jobs"][0]["confirmed"] is True
        # Retries are spaced out: a second has room for a few, never for a storm.
        assert box.requests(place)["jobs"][job].get("stream", 0) <= 5


@pytest.mark.parametrize("fault", [name for name in READ if name != "hang"])
def test_every_read_fault_with_and_without_a_socket(box, jobctl, fault):
    """With the socket the end is always seen; without it, whenever any read can be read."""
    box.set_faults([SHORTER.get(fault, fault)], seed=3)
    listening, polling = (box.submit(**LIFE, end=end) for end in ("completed", "failed"))
    socket = begin(box, jobctl, listening)
    reads = begin(box, jobctl, polling, "--no-stream", *(STARVED if fault in READLESS else ()))
    done = ends_with_the_servers_end(box, listening, socket)
    if fault in READLESS:
        assert {"read-failed", "wordless"} & set(done.codes())
        lost_contact(checked(box, polling, reads))
    else:
        assert ends_with_the_servers_end(box, polling, reads).result["jobs"][0]["confirmed"] is True


@pytest.mark.parametrize(
    "fault", [name for name in READ if "tunnel" in FAULTS[name].where and name not in READLESS | {"hang"}]
)
def test_every_read_fault_of_the_tunnel(box, jobctl, fault):
    box.set_faults(tunnel=[SHORTER.get(fault, fault)], seed=2)
    job = box.submit("v1", **LIFE)
    ends_with_the_servers_end(box, job, begin(box, jobctl, job, "--no-stream", place="tunnel", profile="v1"))


def lost_contact(done):
    (one,) = done.result["jobs"]
    assert (done.code, one["ending"], one["status"]) == (7, "lost-contact", None)
    assert one["message"].startswith("lost contact, no good read for ")


@pytest.mark.parametrize("fault", ["http-5xx=100%", "http-drop@100", "rate-limit=1s@100"])
def test_errors_without_end_are_lost_contact(box, jobctl, fault):
    box.set_faults([fault])
    job = box.submit(**LIFE)
    lost_contact(follow(box, jobctl, job, "--no-stream", *STARVED))


@pytest.mark.parametrize("place", ["server", "tunnel"])
def test_a_server_that_never_answers(box, jobctl, place):
    box.set_faults(**{place: ["hang"]})
    job = box.submit(**LIFE)
    done = follow(box, jobctl, job, "--timeout", "0.5s", place=place)
    assert (done.code, done.result["jobs"][0]["ending"]) == (5, "deadline")


@pytest.mark.parametrize("place", ["server", "tunnel"])
def test_a_tunnels_page_is_no_status(box, jobctl, place):
    box.set_faults(**{place: ["html-page"]})
    job = box.submit(**LIFE)
    done = follow(box, jobctl, job, *STARVED, place=place)
    (one,) = done.result["jobs"]
    assert (done.code, one["ending"], one["status"]) == (7, "lost-contact", None)
    assert "HTML page" in one["message"]
    assert "tunnel" in one["hint"]


@pytest.mark.parametrize(
    ("fault", "token", "code"),
    [
        ("auth=s3cret", None, 6),
        ("auth=s3cret", "wrong", 6),
        ("auth=s3cret", "s3cret", 0),
        ("forbidden", "x", 6),
    ],
)
def test_credentials(box, jobctl, fault, token, code):
    box.set_faults([fault])
    job = box.submit(**LIFE)
    jobctl.environ |= {"JOBCTL_TOKEN": token} if token else {}
    done = follow(box, jobctl, job)
    assert done.code == code
    assert done.result["jobs"][0]["ending"] == ("terminal" if code == 0 else "auth")
    assert "s3cret" not in done.out


@pytest.mark.parametrize(
    ("faults", "tunnel"),
    [
        (["no-updated-at"], []),
        (["no-updated-at", "ws-pending", "ws-reorder"], []),
        (["no-updated-at"], ["ws-refuse"]),
        (["ansi"], []),
        (["unknown-status"], []),
        (["ws-pending", "ws-drop=60%"], ["http-5xx=30%"]),
        (["ws-pending-old", "replica-lag=0.3s", "ws-unversioned"], []),
        (["ws-duplicate=100%", "ws-delay=0.2s", "ws-pongs=100"], ["ws-reorder=80%"]),
        (["ws-garbage=80%", "nan-json"], ["slow-body=0.2s"]),
        ([], ["cache=0.5s"]),
        (["ws-pending"], ["cache=0.7s", "cache-ignore-no-store", "cache-drop-query"]),
        (["ws-accept-close"], ["cache=0.7s", "cache-ignore-no-store", "cache-drop-query", "cache-honest"]),
        (["ws-accept-close=1008", "replica-lag=0.4s"], ["http-drop@30", "rate-limit=1s@20"]),
    ],
)
def test_faults_of_the_data_and_all_of_them_together(box, jobctl, faults, tunnel):
    box.set_faults(faults, tunnel, seed=11)
    jobs = [box.submit(profile, **LIFE, end=end) for profile, end in WAYS]
    programs = [begin(box, jobctl, job, place="tunnel", profile=WAYS[n][0]) for n, job in enumerate(jobs)]
    for job, program in zip(jobs, programs, strict=True):
        ends_with_the_servers_end(box, job, program)


@pytest.mark.parametrize("faults", [[], ["ws-pending"], ["no-updated-at"], ["ws-refuse"]])
def test_a_job_that_is_put_back(box, jobctl, faults):
    box.set_faults(faults)
    job = box.submit(duration=0.8, steps=4, pending=0.2, requeue_at=0.45)
    ends_with_the_servers_end(box, job, begin(box, jobctl, job))


def test_a_status_word_nobody_knows_stalls(box, jobctl):
    box.set_faults(["unknown-status=frobnicating"])
    job = box.submit(duration=60, pending=0, steps=1)
    done = follow(box, jobctl, job, "--stall-after", "0.5s")
    (one,) = done.result["jobs"]
    assert (done.code, one["ending"], one["raw_status"]) == (12, "stalled", "frobnicating")
    assert "status" in one["hint"]


def test_a_job_that_is_forgotten_after_it_was_seen(box, jobctl):
    box.set_faults(["forget", "ws-silent"])
    job = box.submit(duration=0.7, steps=2, pending=0)
    done = follow(box, jobctl, job)
    (one,) = done.result["jobs"]
    assert (done.code, one["ending"], one["status"]) == (8, "gone", "running")


def test_a_job_that_was_never_there(box, jobctl):
    done = jobctl.run("watch", "404404", "--json")
    assert (done.code, done.result["jobs"][0]["ending"]) == (8, "gone")


@pytest.mark.parametrize("kind", FRUITLESS)
def test_five_fruitless_sessions_then_polling_only(fruitless, kind):
    box, job, program = fruitless[kind]
    program.until("polling-only")
    box.cancel(job)
    done = checked(box, job, program)
    assert done.codes().count("polling-only") == 1
    assert box.requests()["jobs"][job]["stream"] == 5
    assert done.code == 4


def test_a_silent_socket_is_seen_through(box, jobctl):
    box.set_faults(["ws-silent", "ws-pongs=20"])
    job = box.submit(duration=6, steps=12, pending=0)
    program = jobctl.start("watch", job, "--json")
    program.until("stream-silent")
    box.cancel(job)
    assert program.finish().code == 4
