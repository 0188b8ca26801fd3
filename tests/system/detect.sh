#!/usr/bin/env bash
# A loss is noticed in time: of a process within 100 ms, of a daemon that is killed within 1 s, of
# one that is stopped, or whose packets are dropped, within the 3 s of silence, from
# the loss to the error of a task that waits for the lost one. A computer that is busy with other
# things may hold up any one try, but not all.
# ctest: PROCESSORS 2 COST 12
. "$(dirname "$0")/lib.sh"

if ! long; then skip "times are looked at with --long only: a computer with other work has others"; fi
if sanitized; then skip "a sanitizer has times of its own"; fi
tries=10

# in_time KIND BOUND: milliseconds
in_time() {
    local kind=$1 bound=$2 took best=-
    for ((i = 0; i < tries; i++)); do
        took=$(DVM_BUILD=$build timeout -k 5 $((200 * time_scale)) "$source_tree/bench/detect" --json --only "$kind" 1 2>>"$WORK/err" |
            jq -r '.kinds[0].samples_ms[0]') || took=
        [ -n "$took" ] || continue
        say "$kind: noticed after $took ms, of $bound"
        best=$took
        if awk -v t="$took" -v b="$bound" 'BEGIN { exit !(t <= b) }'; then return; fi
    done
    tail -n 5 "$WORK/err" >&2
    fail "$kind is noticed too late in each of $tries tries, after $best ms in the last"
}

in_time process 100
in_time process_between 100
in_time daemon 1000
in_time stop 3000
if unshare -n nft list ruleset >/dev/null 2>&1; then in_time blackhole 3000; fi
