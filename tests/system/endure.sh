#!/usr/bin/env bash
# A computation goes on when tasks and whole hosts are lost: examples/endure loses a task by
# kill -9, then a host by kill -9 of its daemon, and ends with the right result by those left.
# ctest: LIMIT 900
. "$(dirname "$0")/lib.sh"

said() { grep -Eq "$1" "$WORK/run"; }

start_machine 3
await 10 hosts_are 3
dvm run -n 7 --on-failure=ignore "$EXAMPLES/endure" --steps 1e9 --chunks 1e6 >"$WORK/run" 2>"$WORK/run.err" </dev/null &
run=$!
await 30 said "chunk 1 of" # before, a loss is one of a program that is starting
say "kill -9 of a task on sim2"
dvm ps --json | jq -r '[.tasks[] | select(.host == "sim2") | .pid][0]' | xargs kill -KILL
await 30 said "1 tasks were lost, 6 go on"
lost=$(tasks_on sim3 | wc -l)
kill_daemon sim3
await 30 said "$lost tasks were lost, $((6 - lost)) go on"
dvm kill -s KILL all
wait $run || :
within 30 dvm run -n 3 --where sim1 "$EXAMPLES/endure" --steps 1e6 --check >"$WORK/out"
expect_line "$WORK/out" "by the 3 tasks that are left"
expect_line "$WORK/out" "check: ok"

say "to the end, with a loss on the way"
: >"$WORK/run" # what the last one said is not this one's
dvm run -n 4 --where sim1,sim2 --on-failure=ignore "$EXAMPLES/endure" --steps 1e6 --chunks "$(pick 30000 300000)" \
    >"$WORK/run" 2>"$WORK/run.err" </dev/null &
run=$!
await 30 said "chunk 1 of"
lost=$(tasks_on sim2 | wc -l)
kill_daemon sim2
await 400 said "error [0-9.e-]*, by the"
wait $run || :
! said "were lost" || expect_line "$WORK/run" "by the $((4 - lost)) tasks that are left"
halt_machine
