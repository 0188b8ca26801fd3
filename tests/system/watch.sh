#!/usr/bin/env bash
# A run that can never go on says so by itself, once: who waits for whom, and where. It says
# nothing of one that merely waits, of others' deadlocks, with -q, --json or --watch 0.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2

say "several runs, of which most can never go on"
names=(told quiet json off variable threads waits)
begin() {
    local name=$1
    shift
    "$@" >"$WORK/$name.out" 2>"$WORK/$name.err" </dev/null &
    runs[$name]=$!
}
declare -A runs
begin quiet dvm -q run -n 2 --watch 0.1 "$PROGRAMS/dead" any
begin json dvm run --json -n 2 --watch 0.1 "$PROGRAMS/dead" any
begin off dvm run -n 2 --watch 0 "$PROGRAMS/dead" any
begin variable env DVM_WATCH=0 dvm run -n 2 "$PROGRAMS/dead" any
begin threads dvm run -n 2 --watch 0.1 "$PROGRAMS/dead" threads
begin waits dvm run -n 2 --watch 0.1 "$PROGRAMS/dead" wait "$WORK/go"
await 30 tasks_are 12
begin told env DVM_WATCH=0.2 dvm run -n 7 "$PROGRAMS/dead"
await 60 grep -q "^dvm: that will not end by itself; \^C ends the run$" "$WORK/told.err"
expect_line "$WORK/told.err" "^dvm: deadlock: 3 tasks wait for each other, so none can go on:$"
expect_line "$WORK/told.err" "^dvm:   rank 0 \(0x[0-9a-f]+, sim[12]\): recv from rank 1, tag 7, "
expect_line "$WORK/told.err" "^dvm: and for them: 1 task waits only for tasks that cannot go on"
expect_line "$WORK/told.err" "^dvm:   rank 3 .*: recv from rank 0, tag 7, "
expect_count 0 "computing|rank 5" "$WORK/told.err"

say "dvm why of one run, and only what is stuck"
# proves TID: dvm why finds what is stuck; not while a host has not answered
proves() {
    local status=0
    dvm why --stuck "$1" >"$WORK/out" 2>"$WORK/err" || status=$?
    [ $status = 1 ]
}
tid=$(dvm ps --json | jq '[.tasks[] | select(.program | endswith("/dead")) | select(.size == 7)][0].tid')
await 10 proves "$tid"
expect_count 1 "^deadlock: 3 tasks" "$WORK/out"
expect_count 0 "deadlock: 2 tasks|computing" "$WORK/out"
# of the small runs one task computes, when all have come so far
computing() { dvm ps --json | jq '.tasks[] | select(.waiting | not) | select(.size == 2) | .tid'; }
one_computes() { [ "$(computing | wc -l)" = 1 ]; }
await 20 one_computes
tid=$(computing)
expect 0 dvm why --stuck "$tid"
expect_count 0 . "$WORK/out"
expect 2 dvm why rank
expect_line "$WORK/err" "\"rank\" is no tid"
expect 1 dvm why 0x3fc0001
expect_line "$WORK/err" "no task 0x3fc0001"

say "the others have said nothing"
touch "$WORK/go"
wait "${runs[waits]}" || fail "the run that only waited has failed"
for name in quiet json off variable threads waits; do
    expect_count 0 "deadlock|wait for|by itself" "$WORK/$name.err"
done
expect_count 1 "by itself" "$WORK/told.err"
dvm kill -s KILL all
for name in "${names[@]}"; do
    [ "$name" = waits ] || wait "${runs[$name]}" || :
done
expect 2 env DVM_WATCH=soon dvm run true
expect_line "$WORK/err" "DVM_WATCH is \"soon\", which is no time"
halt_machine
