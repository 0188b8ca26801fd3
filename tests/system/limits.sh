#!/usr/bin/env bash
# limits: a daemon with few descriptors or a log that cannot grow says so, naming host and
# remedy, starts what it can, still answers consoles, and lives.
# ctest: LIMIT 120
. "$(dirname "$0")/lib.sh"

say "a daemon that may have 64 files"
(ulimit -n 64 && within 30 dvm start)
host=$(dvm hosts --json | jq -r '.hosts[0].name')
expect 0 dvm run -n 8 true
status=0
dvm run -n 60 tail -f /dev/null >"$WORK/out" 2>"$WORK/err" || status=$?
[ $status != 0 ] || fail "60 tasks were started with 64 files"
expect_line "$WORK/err" "host $host cannot .*64 open files.*ulimit"

say "as many tasks as it takes, one by one: then consoles still get in"
started=0
while dvm spawn -n 1 tail -f /dev/null >"$WORK/out" 2>"$WORK/err"; do
    started=$((started + 1))
    [ $started -lt 60 ] || fail "it took all of them"
done
[ $started -gt 5 ] || fail "it took $started tasks only"
expect_line "$WORK/err" "host $host cannot .*64 open files.*ulimit"
expect_same $started "$(dvm ps --json | jq '.tasks | length')" "tasks that run"
expect 0 dvm hosts
expect 0 dvm halt

say "a log that cannot grow"
(ulimit -f 0 && within 30 dvm start >/dev/null 2>&1)
for ((i = 0; i < 3; i++)); do
    expect 3 dvm run -n 2 sh -c 'exit 3'
done
expect 0 dvm hosts
expect 0 dvm halt
