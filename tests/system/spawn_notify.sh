#!/usr/bin/env bash
# A program spawns tasks on all hosts and hears of each one's end, once, with what
# became of it; hears of a host that joins; and tasks without a program are refused.
. "$(dirname "$0")/lib.sh"

start_machine 3
await 10 hosts_are 3
say "news of tasks"
expect 0 dvm run -n 1 "$PROGRAMS/notify" tasks
expect_line "$WORK/out" "^notify: ok"
expect_count 4 "^news of 0x" "$WORK/out"

say "news of a host that joins"
dvm run -n 1 "$PROGRAMS/notify" new >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q "ready new" "$WORK/run"
dvm invite >"$WORK/ticket"
within 30 dvmd --join "$WORK/ticket" --host late
wait $run || { cat "$WORK/run" >&2; fail "no news of the host"; }
expect_line "$WORK/run" "a host joined in slot 4"
await 10 hosts_are 4

say "dvm spawn, dvm ps, dvm kill"
expect 0 dvm spawn -n 4 "$PROGRAMS/endings" wait 0 0
first=$(head -n 1 "$WORK/out")
await 20 tasks_are 4
await 20 beyond_barrier "$first" 4
mapfile -t tids < <(dvm ps --json | jq -r ".tasks[].tid")
expect 0 dvm kill "${tids[0]}"
await 10 tasks_are 3
expect 0 dvm kill --signal KILL "${tids[@]:1}"
await 10 tasks_are 0
expect 1 dvm kill "${tids[0]}"
expect_line "$WORK/err" "any more"
halt_machine
