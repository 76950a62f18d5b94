from __future__ import annotations

from jobctl.cli.profiles import describe
from jobctl.profile.load import Profiles
from jobctl.redact import REDACTED


def test_what_a_call_sends_is_shown_and_a_secret_in_it_is_not(jobctl):
    (jobctl.cwd / "jobctl.toml").write_text(
        '[profiles.video]\nread = "GET /jobs/{id}"\nbase_url = "http://127.0.0.1:9"\n'
        'cancel = "PATCH /jobs/{id}"\ncancel_body = { status = "cancelled", api_key = "geheim" }\n'
        'list = "POST /jobs/search"\nlist_body = { limit = "{limit}" }\n'
    )
    done = jobctl.run("profiles", "video")
    assert "cancel_body  status = cancelled; api_key = " in done.out
    assert "geheim" not in done.out
    document = jobctl.run("profiles", "video", "--json").document
    assert REDACTED in str(document)
    assert "{limit}" in str(document)


def test_every_built_in_profile_can_be_described():
    profiles = Profiles()
    for name in ("generation", "v1", "flower", "ray", "replicate", "openai-batch", "anthropic-batch"):
        told = describe(profiles.get(name))
        assert told["name"] == name
        assert told["read"].startswith("GET ")
