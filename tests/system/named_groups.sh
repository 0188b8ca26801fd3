#!/usr/bin/env bash
# Named groups live in the machine: all that tasks may do with them, over hosts, and
# while the daemon that keeps the names is killed by SIGKILL: who waits in a barrier
# then is not forgotten, and no barrier is doubled or lost. A member that ends, by itself
# or with its host, is named to each other member once.
. "$(dirname "$0")/lib.sh"

named="$PROGRAMS/named"

# The keeper is the oldest host that does not coordinate: sim2, sim3 behind it.
# with_keeper_killed WHERE WHAT: run WHAT without the keeper's host, and kill that
with_keeper_killed() {
    local run status=0
    rm -f "$WORK/go"
    dvm run -n 4 --where "$1" "$named" "$2" "$WORK/go" >"$WORK/run" 2>&1 &
    run=$!
    await 20 grep -q ready "$WORK/run"
    kill_daemon "$3" KILL
    await 20 not host_is_up "$3"
    touch "$WORK/go"
    wait $run || status=$?
    [ $status = 0 ] || { cat "$WORK/run" >&2; fail "$2 ended with $status"; }
    expect_line "$WORK/run" "named: ok"
}

host_is_up() { hosts_up | grep -x "$1" >/dev/null; }

say "one host, which keeps the names by itself"
start_machine
expect 0 dvm run -n 4 "$named" life
expect_line "$WORK/out" "named: ok"
halt_machine

start_machine 4
await 10 hosts_are 4
say "four hosts"
expect 0 dvm run -n 6 "$named" life
expect_line "$WORK/out" "named: ok"

say "a member ends"
expect 0 dvm run -n 3 "$named" dies sim3
expect_line "$WORK/out" "heard: .*signal 9"

say "the keeper is killed while tasks wait in a barrier"
with_keeper_killed sim1,sim3,sim4 wait sim2
expect 0 dvm run -n 3 --where sim1,sim4 "$named" life

say "the next keeper is killed while they meet again and again"
with_keeper_killed sim1,sim4 loop sim3
expect 0 dvm run -n 2 "$named" life

say "a host is lost with a member, and it kept the names"
dvm run -n 2 --where sim1 "$named" lost sim4 >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"
kill_daemon sim4 KILL
wait $run || { cat "$WORK/run" >&2; fail "the members did not go on"; }
expect_line "$WORK/run" "heard: .*sim4"
expect_line "$WORK/run" "named: ok"
halt_machine
