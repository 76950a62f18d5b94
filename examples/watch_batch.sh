#!/bin/sh
# Submit one job per line of a file of prompts, watch them all, stop at the first that fails:
#   BASE_URL=http://localhost:8001 ./watch_batch.sh prompts.txt
set -eu

ids=""
while IFS= read -r prompt; do
    ids="$ids $(jobctl submit --base-url "$BASE_URL" prompt="$prompt")"
done < "$1"

# shellcheck disable=SC2086 -- one word per id is what is wanted
jobctl watch $ids --base-url "$BASE_URL" --fail-fast --timeout 30m --log decisions.jsonl || {
    code=$?
    echo "batch ended with $code; what was decided, and why:" >&2
    jobctl explain decisions.jsonl >&2
    exit "$code"
}
