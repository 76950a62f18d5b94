#!/usr/bin/env bash
# Submit one job from a CI build and wait for its end; the build ends as the job does.
#
#   ./submit_and_wait.sh job.json                  or fields, as for jobctl submit: prompt="a lighthouse" steps:=30
#
# Needs jobctl, JOBCTL_BASE_URL (JOBCTL_PROFILE, JOBCTL_TOKEN), and what GitHub sets: GITHUB_RUN_ID and the like; in
# another CI set these three by hand. DEADLINE is how long to wait (30m); keep it below the CI's own limit, which
# kills without a word. Leaves decisions.jsonl; the step's summary shows how the job ended.
#
# Exit code: jobctl's own. 0 completed, 3 failed, 4 cancelled, 5 deadline (the job goes on), 7 no contact …
set -euo pipefail

# A retry of the request finds the same job; "Re-run jobs" in the browser is a new attempt, and a new job.
key="$GITHUB_REPOSITORY/$GITHUB_RUN_ID/$GITHUB_RUN_ATTEMPT"
id=$(jobctl submit "$@" --idempotency-key "$key")
echo "submitted $id" >&2
echo "job=$id" >> "${GITHUB_OUTPUT:-/dev/null}"

jobctl watch "$id" --timeout "${DEADLINE:-30m}" --log decisions.jsonl || {
    code=$?
    jobctl explain decisions.jsonl >&2 || true
    exit "$code"
}
