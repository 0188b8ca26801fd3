#!/usr/bin/env bash
# The loss of a host is noticed, its tasks are declared lost, those who asked hear of
# it, and the machine goes on: for a daemon that is killed (its connections are reset)
# and for one that falls silent.
. "$(dirname "$0")/lib.sh"
DVM_SILENCE=6s # more than a busy computer keeps a daemon from a core

start_machine 3
await 10 hosts_are 3

# lose HOST HOW: a task there is watched by a task elsewhere while HOST is lost
lose() {
    local host=$1 how=$2 watcher
    say "lose $host: $how"
    dvm run -n 1 --where sim1 "$PROGRAMS/notify" host "$host" >"$WORK/watch" 2>&1 &
    watcher=$!
    await 20 grep -q "ready $host" "$WORK/watch"
    kill_daemon "$host" "$how"
    await 20 not grep_host_up "$host"
    wait $watcher || { cat "$WORK/watch" >&2; fail "the watcher did not hear of it"; }
    expect_line "$WORK/watch" "notify: ok"
}

grep_host_up() { hosts_up | grep -x "$1" >/dev/null; }

lose sim3 KILL
expect 0 dvm run -n 4 "$PROGRAMS/meet" say
expect_count 0 "sim3" "$WORK/out"

silent=$(daemon_pid sim2)
lose sim2 STOP
say "a daemon that was declared lost comes back by itself when it wakes, as a new member"
kill -CONT "$silent"
back() { [ "$(dvm hosts --json | jq '.hosts[] | select(.name == "sim2" and .state == "up") | .slot')" -gt 3 ]; }
await 20 back
expect 0 dvm run -n 2 --where sim2 "$PROGRAMS/meet" say
expect_count 2 "on sim2$" "$WORK/out"
DVM_HOST=sim2 expect 0 dvm run -n 4 "$PROGRAMS/meet" say

say "a run that loses a host ends, with a sentence that names it"
expect 0 dvm run -n 2 "$PROGRAMS/meet"
halt_machine
start_machine 2
await 10 hosts_are 2
dvm run -n 4 "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"
kill_daemon sim2
status=0
wait $run || status=$?
[ $status != 0 ] || fail "dvm run ended with 0"
expect_line "$WORK/run" "sim2.*lost|lost.*sim2"
await 10 tasks_are 0
halt_machine
