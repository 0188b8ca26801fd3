#!/usr/bin/env bash
# A task and those that it has spawned are one group, and two groups become one, in either
# order, over hosts; when the other group has ended all members are told, and none waits.
. "$(dirname "$0")/lib.sh"

start_machine 3
await 10 hosts_are 3
for n in $(pick "1 4" "1 2 3 5 8 13"); do
    say "$n tasks and $((n + 1)) more"
    expect 0 dvm run -n "$n" "$PROGRAMS/joint"
    expect_line "$WORK/out" "joint: ok"
done
say "the other group has ended"
expect 0 dvm run -n 3 "$PROGRAMS/joint" alone
expect_line "$WORK/out" "joint: told"
halt_machine
