#!/usr/bin/env bash
# spread: a run is placed by what runs at this moment, not by what the last heartbeats
# said: of two idle hosts each gets one of two tasks right after others have ended, for
# whom a long run was known to everybody; wherever it is asked for.
. "$(dirname "$0")/lib.sh"

say "start two hosts of one core each"
within 60 dvm start --hosts 2 --cores 1
mkfifo "$WORK/gate"
exec 9<>"$WORK/gate" # a line waits in it for who comes late

# tasks_known A,B: how many tasks run on each host, as the host that is asked knows
tasks_known() { [ "$(dvm hosts --json | jq -c '[.hosts[].tasks]')" = "[$1]" ]; }

# round HOST: a long run that HOST knows of, then at once another one
round() {
    local run
    export DVM_HOST=$1
    await 10 tasks_known 0,0 # runs that others asked for are known by heartbeats
    dvm run -n 2 sh -c "read x <'$WORK/gate'; true" </dev/null &
    run=$!
    await 10 tasks_known 1,1
    printf '\n\n' >&9
    wait $run || fail "the long run failed"
    expect 0 dvm run -n 2 printenv DVM_HOST
    expect_same "sim1 sim2" "$(sort "$WORK/out" | xargs)" "where a run went that $1 was asked for"
}

for ((n = 0; n < $(pick 3 20); n++)); do
    round sim1
    round sim2
done
unset DVM_HOST

expect 0 dvm halt
