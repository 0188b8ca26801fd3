#!/usr/bin/env bash
# Values under names live in the machine: what tasks may do with them, over hosts, and when
# the daemon that keeps them is killed: who waits for a value is not forgotten, and what is to
# be kept outlives its task and its keeper.
. "$(dirname "$0")/lib.sh"

values="$PROGRAMS/values"

start_machine 3
await 10 hosts_are 3
expect 0 dvm run -n 5 "$values" life
expect_line "$WORK/out" "values: ok"

say "the keeper is killed while a task waits"
victim=$(dvm groups --json | jq -r .keeper)
others=$(hosts_up | grep -vx "$victim" | paste -sd,)
dvm run -n 3 --where "$others" "$values" wait "$WORK/go" >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"
expect 0 dvm groups --values
expect_line "$WORK/out" "^kept +0 +200000 +0x[0-9a-f]+ +keep"
expect_same 1 "$(dvm groups --values --json | jq '.values | length')" "values"
kill_daemon "$victim" KILL
await 20 hosts_are 2
touch "$WORK/go"
wait $run || { cat "$WORK/run" >&2; fail "it did not go on"; }
expect_line "$WORK/run" "values: ok"
expect 0 dvm run -n 2 "$values" find
expect_line "$WORK/out" "values: ok"
halt_machine
