#!/usr/bin/env python3
"""Tell a chat how a watch ended: jobctl watch JOB --notify ./notify_webhook.py.

When: nobody wants to sit beside a job of two hours. Needs Python alone, and WEBHOOK_URL, the address of an
incoming webhook that takes {"text": …} (Slack, Mattermost, Rocket.Chat) and answers within ten seconds.

Exits 0 when the chat took it, else 1: jobctl tells so on stderr, and still exits as the watch did.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

MOST = 20


def text_of(result: dict) -> str:
    """Return the message: one line a job, those that did not complete first."""
    jobs = sorted(result["jobs"], key=lambda job: job["exit_code"] == 0)
    lines = [f"jobctl watch ended with {result['exit_code']}: {len(jobs)} jobs"]
    lines += [
        f"{job['job']} {job.get('status') or job['ending']} {job.get('error') or ''}".rstrip()
        for job in jobs[:MOST]
    ]
    if len(jobs) > MOST:
        lines.append(f"… and {len(jobs) - MOST} more")
    return "\n".join(lines)


def main() -> int:
    body = json.dumps({"text": text_of(json.load(sys.stdin))}).encode()
    request = urllib.request.Request(  # noqa: S310 -- your own webhook
        os.environ["WEBHOOK_URL"], body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return 0
    except OSError as error:
        # The address is the secret of a webhook: not in a message.
        print(f"the webhook did not take it: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
