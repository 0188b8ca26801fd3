#!/usr/bin/env bash
# Named groups live in the machine: all that tasks may do with them, over hosts, and
# while the daemon that keeps the names is killed by SIGKILL: who waits in a barrier
# then is not forgotten, and no barrier is doubled or lost. A member that ends, by itself
# or with its host, is named to each other member once.
. "$(dirname "$0")/lib.sh"

named="$PROGRAMS/named"

keeper_is() { [ "$(keeper)" = "$1" ]; }
keeper() { dvm groups --json | jq -r .keeper; }

# with_keeper_killed WHAT: run WHAT without the keeper's host, and kill that
with_keeper_killed() {
    local run status=0 victim others
    victim=$(keeper)
    [ "$victim" != sim1 ] || fail "the coordinator keeps the names though there are others"
    others=$(hosts_up | grep -vx "$victim" | paste -sd,)
    rm -f "$WORK/go"
    : >"$WORK/run" # what the last one said is not this one's
    dvm run -n 4 --where "$others" "$named" "$1" "$WORK/go" >"$WORK/run" 2>&1 &
    run=$!
    await 20 grep -q ready "$WORK/run"
    kill_daemon "$victim" KILL
    await 20 not host_is_up "$victim"
    touch "$WORK/go"
    wait $run || status=$?
    [ $status = 0 ] || { cat "$WORK/run" >&2; fail "$1 ended with $status"; }
    expect_line "$WORK/run" "named: ok"
}

host_is_up() { hosts_up | grep -x "$1" >/dev/null; }

say "one host, which keeps the names by itself"
start_machine
expect 0 dvm run -n 4 "$named" life
expect_line "$WORK/out" "named: ok"

say "another host joins while tasks wait, and keeps the names from then on"
expect_same "$(hosts_up)" "$(keeper)" "keeper"
: >"$WORK/run"
dvm run -n 4 "$named" wait "$WORK/go" >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"
dvm invite | within 30 dvmd --join - --host second
await 10 hosts_are 2
await 10 keeper_is second
touch "$WORK/go"
wait $run || { cat "$WORK/run" >&2; fail "the tasks did not go on"; }
expect_line "$WORK/run" "named: ok"
halt_machine

start_machine 4
await 10 hosts_are 4
say "four hosts"
expect 0 dvm run -n 6 "$named" life
expect_line "$WORK/out" "named: ok"

say "a member ends"
expect 0 dvm run -n 3 "$named" dies sim3
expect_line "$WORK/out" "heard: .*signal 9"

say "dvm groups tells of them"
: >"$WORK/run"
dvm run -n 3 "$named" hold "$WORK/held" >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"
held() { dvm groups >"$WORK/out" && grep -Eq "^held +3 +open +0 0x" "$WORK/out"; }
await 10 held
expect_same "0 1 2" "$(dvm groups --json | jq -r '.groups[].members[].instance' | xargs)" "instances"
touch "$WORK/held"
wait $run
expect 0 dvm groups
expect_line "$WORK/err" "no named groups"

say "the keeper is killed while tasks wait in a barrier"
with_keeper_killed wait
expect 0 dvm run -n 3 "$named" life

say "the next keeper is killed while they meet again and again"
with_keeper_killed loop
expect 0 dvm run -n 2 "$named" life

say "a host is lost with a member, and it kept the names"
victim=$(keeper)
: >"$WORK/run"
dvm run -n 2 --where sim1 "$named" lost "$victim" >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"
kill_daemon "$victim" KILL
wait $run || { cat "$WORK/run" >&2; fail "the members did not go on"; }
expect_line "$WORK/run" "heard: .*$victim"
expect_line "$WORK/run" "named: ok"
await 10 keeper_is sim1 # the last host itself
halt_machine
