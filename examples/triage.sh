#!/usr/bin/env bash
# Triage of a job that does not end: what does it do, who says so, and does the way to it answer from memory?
#
#   ./triage.sh JOB                                look for two minutes; changes nothing
#   ./triage.sh JOB --for 10m --route loca.lt      longer, and judge the tunnel that people look through
#   ./triage.sh JOB --cancel                       and cancel the job if it still goes on then
#
# Needs jobctl and its usual settings (JOBCTL_PROFILE, JOBCTL_BASE_URL, JOBCTL_TOKEN, or ./jobctl.toml). The base URL
# is the API itself; the route is what stands before it: a route of the profile, a URL, a host, a tunnel's domain.
# What was found is on the screen, and for the incident channel in triage-JOB-TIME/ (--keep FOLDER: there):
# report.txt, decisions.jsonl, timeline.html, route.html, route.har. Credentials are redacted in them.
#
# Exit code, jobctl's own, the first of these that holds:
#   2 wrong usage   6 credentials refused   7 no contact   8 no such job   130 interrupted   1 a defect in jobctl
#  10 the route answers from memory, whatever the job does
#   3 the job failed   4 it was cancelled, by --cancel too   9 it ended before --cancel could, or refused
#  12 how it ended could not be told   5 it goes on
#  11 it completed, and the route may answer from memory
#   0 it completed, and nothing was found against the route
set -u

usage() {
    printf 'triage: %s\n\n' "$1" >&2
    sed -n '2,/^set/{s/^# \{0,1\}//p;}' "$0" >&2
    exit 2
}

job='' patience=2m route='' keep='' cancel=no
while [ $# -gt 0 ]; do
    case $1 in
        --for | --route | --keep) [ $# -gt 1 ] || usage "$1 needs a value" ;;
    esac
    case $1 in
        --for) patience=$2 && shift ;;
        --route) route=$2 && shift ;;
        --keep) keep=$2 && shift ;;
        --cancel) cancel=yes ;;
        -*) usage "no such option: $1" ;;
        *) [ -z "$job" ] || usage "one job at a time: $job, $1" && job=$1 ;;
    esac
    shift
done
[ -n "$job" ] || usage "which job?"
command -v jobctl > /dev/null || usage "jobctl is not on the PATH"
keep=${keep:-triage-${job//[^A-Za-z0-9._-]/_}-$(date -u +%Y%m%dT%H%M%SZ)}
mkdir -p -- "$keep" || usage "cannot keep anything in $keep"
log=$keep/decisions.jsonl

show() { tee -ia "$keep/report.txt"; } # -i: Ctrl-C ends jobctl, whose last words are still wanted

step() { # TITLE COMMAND…: run it, on the screen and into the report; returns its exit code
    printf '\n== %s: %s\n' "$1" "${*:2}" | show
    "${@:2}" 2>&1 | show
    return "${PIPESTATUS[0]}"
}

look_again() {
    step "and now" jobctl watch "$job" --quiet --timeout 3s --lost-after 2s --log "$log"
}

judged=none
step "now" jobctl status "$job" --log "$log"
now=$? found=$now
case $now in
    0 | 3 | 4 | 7 | 12) # 7 as well: a server may come back meanwhile
        step "for $patience" jobctl watch "$job" --timeout "$patience" --log "$log"
        found=$?
        ;;
esac
if [ $now = 7 ] && [ $found = 5 ]; then # nothing was read in all that time, or else the server came back
    look_again
    found=$?
fi
case $found in
    0 | 3 | 4 | 5 | 12)
        if [ -n "$route" ]; then
            step "the route" jobctl diagnose "$job" --proxy "$route" \
                --format html --output "$keep/route.html" --har "$keep/route.har"
            judged=$?
        fi
        ;;
esac
if [ $found = 5 ] && [ $cancel = yes ]; then
    step "cancel" jobctl cancel "$job" --log "$log"
    found=$?
    [ $found != 0 ] || found=4
elif [ $found = 5 ] && [ $judged != none ]; then # judging takes a while
    look_again
    found=$?
fi
[ ! -s "$log" ] || step "what was decided" jobctl explain "$log" --job "$job" --html "$keep/timeline.html"

case $found:$judged in
    [0-5]:10 | 9:10 | 12:10) code=10 ;;
    0:11) code=11 ;;
    *) code=$found ;;
esac
case $found in
    0) word="it completed: who still sees it go on looks at an old copy" ;;
    3) word="it failed; its error is above" ;;
    4) word="it is cancelled" ;;
    5) word="it goes on after $patience" && [ $cancel = yes ] && word+=", and the cancel has not taken effect" ;;
    6) word="the API refused the credentials; nothing is known of the job" ;;
    7) word="no contact with the API; nothing is known of the job" ;;
    8) word="there is no such job, or no longer" ;;
    9) word="it was not cancelled; how it ended is above" ;;
    130) word="interrupted; the job goes on" ;;
    *) word="it could not be told; see above" ;;
esac
case $judged in
    none) [ -z "$route" ] || word+="; $route was not judged" ;;
    0) word+="; $route was not seen answering from memory" ;;
    10) word+="; $route answers from memory, see $keep/route.html" ;;
    11) word+="; $route may answer from memory, see $keep/route.html" ;;
    *) word+="; $route could not be judged" ;;
esac
printf '\n== job %s: %s\n== exit %s, all of this is in %s\n' "$job" "$word" "$code" "$keep" | show
exit "$code"
