#!/usr/bin/env bash
# ctest: COST 15
# Many tasks of several hosts, all with all, at once: each has more connections than it polls,
# and they come up while messages go by the daemons. Nothing stays behind in a connection that
# is not looked at any more: every message comes, in every run. Also among tasks of which some are for
# many threads and some are not, on one host and on several.
. "$(dirname "$0")/lib.sh"

runs=$(pick 4 60)
tasks=$(pick 48 64)
start_machine 4
await 20 hosts_are 4
for run in $(seq "$runs"); do
    [ "$run" != 1 ] || say "$runs runs of $tasks tasks"
    within 200 dvm run -n "$tasks" "$PROGRAMS/all_to_all" 10 500 >"$WORK/out" 2>"$WORK/err"
    expect_line "$WORK/out" "^$tasks tasks, 10 rounds: good$"
done
say "tasks of both thread levels"
for where in sim1 'sim[1-4]'; do
    within 200 dvm run -n 12 --where "$where" "$PROGRAMS/all_to_all" 10 5000 mixed >"$WORK/out" 2>"$WORK/err"
    expect_line "$WORK/out" "^12 tasks, 10 rounds: good$"
done
halt_machine
