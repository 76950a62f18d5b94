"""examples/prometheus: the names in the rules are those of a real scrape."""

from __future__ import annotations

import re
import signal
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML
from support.program import Starter

from jobctl.reasons import Reason

SELECTOR = re.compile(r"(jobctl_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|=)"([^"]*)"')
TARGET = {"instance"}


def document(folder, name):
    return YAML(typ="safe").load((folder / "prometheus" / name).read_text("utf-8"))


@pytest.fixture
def rules(examples):
    """The alerts by name."""
    (group,) = document(examples, "alerts.yml")["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


@pytest.fixture
def scraped(box, tmp_path, rules):
    """Samples (name, labels) of a watch that has met what the alerts speak of."""
    box.set_faults(["ws-pending-old"])
    job = box.submit(duration=600, steps=600)
    program = Starter(tmp_path, JOBCTL_BASE_URL=box.url).start("watch", job, "--metrics", "0", "--json")
    try:
        program.until("/metrics")
        url = re.search(r"http://\S+/metrics", program.said())[0]
        deadline = time.monotonic() + 30
        while True:
            text = httpx.get(url, trust_env=False).text
            samples = [
                (sample.name, sample.labels, sample.value)
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            ]
            if all(matching(samples, rule["expr"]) for rule in rules.values()):
                return job, samples
            assert time.monotonic() < deadline, text
            box.drop_sockets()
            time.sleep(0.1)
    finally:
        program.signal(signal.SIGINT)
        program.finish()


def matching(samples, expression):
    """Samples that the one selector of an expression takes."""
    ((name, matchers),) = SELECTOR.findall(expression)
    tests = [
        (label, re.compile(value if sign == "=~" else re.escape(value)))
        for label, sign, value in MATCHER.findall(matchers)
    ]
    return [
        sample
        for sample in samples
        if sample[0] == name and all(test.fullmatch(sample[1].get(label, "")) for label, test in tests)
    ]


def test_each_alert_takes_samples_that_there_are(scraped, rules):
    job, samples = scraped
    assert set(rules) == {"JobStatusStale", "JobStatusGoesBack"}
    (stale,) = matching(samples, rules["JobStatusStale"]["expr"])
    assert stale[1] == {"job_id": job}
    assert stale[2] >= 0
    # `job` and `instance` are Prometheus' own names of what it scrapes: ours would arrive as `exported_job`.
    assert not any({"job", "instance"} & labels.keys() for _, labels, _ in samples)
    back = matching(samples, rules["JobStatusGoesBack"]["expr"])
    assert {labels["source"] for _, labels, _ in back} == {"stream"}


def test_labels_that_are_summed_by_or_shown_are_there(scraped, rules):
    _, samples = scraped
    for rule in rules.values():
        named = re.search(r"by \(([^)]*)\)", rule["expr"])[1].split(", ")
        (_, labels, _), *_ = matching(samples, rule["expr"])
        assert set(named) <= set(labels) | TARGET
        shown = re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values()))
        assert set(shown) <= set(named)


def test_reasons_are_reasons(rules):
    values = re.search(r'reason=~"([^"]*)"', rules["JobStatusGoesBack"]["expr"])[1].split("|")
    assert set(values) <= {reason.value for reason in Reason}


def test_the_port_of_the_text_is_the_port_of_the_target(examples):
    text = (examples / "prometheus" / "scrape.yml").read_text("utf-8")
    assert re.search(r"--metrics (\d+)", text)[1] == re.search(r'targets: \["127\.0\.0\.1:(\d+)"', text)[1]
