#!/usr/bin/env bash
# A whole batch: submit one job per line of a file of prompts, watch all of them at once, tell how they ended.
#
#   ./watch_batch.sh prompts.txt             # watching begins with the first id, while others are being submitted
#   ./watch_batch.sh batch-…/again.txt       # later: those that failed or were not submitted, once more
#
# Needs jobctl and its usual settings (JOBCTL_PROFILE, JOBCTL_BASE_URL, JOBCTL_TOKEN, or ./jobctl.toml), python3.
# DEADLINE is how long to watch (30m). To be told at the end, add --notify to the watch below (see notify_webhook.py).
# Leaves batch-TIME/ (or OUT): ids.tsv (id, prompt), watched.jsonl (what watch --json said), failed.txt (ids),
# again.txt (their prompts, and those that were not submitted).
#
# Exit code: jobctl's own, the worst of all jobs (0 when all completed); a submit that fails ends the submitting, and
# its code is the script's where the jobs before it completed.
set -euo pipefail

if [ $# -ne 1 ] || [ ! -r "$1" ]; then
    echo "usage: $0 FILE, with one prompt a line" >&2
    exit 2
fi
out=${OUT:-batch-$(date -u +%Y%m%dT%H%M%SZ)}
mkdir -p "$out"
for name in ids.tsv failed.txt again.txt; do : > "$out/$name"; done

submit_all() { # prompts on stdin, ids on stdout
    local prompt id code n=0
    while IFS= read -r prompt || [ -n "$prompt" ]; do
        n=$((n + 1))
        id=$(jobctl submit prompt="$prompt" --idempotency-key "$(hostname)-$$-$n-$(date +%s)") || {
            code=$?
            { printf '%s\n' "$prompt" && cat; } >> "$out/again.txt"
            return "$code"
        }
        printf '%s\t%s\n' "$id" "$prompt" >> "$out/ids.tsv"
        printf '%s\n' "$id"
    done
}

summary() { # the result line of watch on stdin
    python3 -c '
import collections, json, sys

jobs = json.load(sys.stdin)["jobs"]
for words, count in collections.Counter(job.get("status") or job["ending"] for job in jobs).most_common():
    print(f"{count:6} {words}", file=sys.stderr)
for job in jobs:
    if job.get("status") in {"failed", "cancelled"}:
        print(job["job"])
'
}

set +e # from here on codes are looked at
submit_all < "$1" | jobctl watch - --json --timeout "${DEADLINE:-30m}" > "$out/watched.jsonl"
codes=("${PIPESTATUS[@]}")
tail -n 1 "$out/watched.jsonl" | summary > "$out/failed.txt"
awk -F '\t' 'NR == FNR {failed[$1]; next} $1 in failed {sub(/^[^\t]*\t/, ""); print}' \
    "$out/failed.txt" "$out/ids.tsv" >> "$out/again.txt"

[ ! -s "$out/again.txt" ] || echo "to submit again: $(grep -c '' "$out/again.txt") prompts in $out/again.txt" >&2
[ "${codes[1]}" -ne 5 ] || echo "pick it up again with: cut -f 1 $out/ids.tsv | jobctl watch -" >&2
[ "${codes[1]}" -eq 0 ] || exit "${codes[1]}"
exit "${codes[0]}"
