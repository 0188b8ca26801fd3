#!/usr/bin/env bash
# A program with an event loop of its own waits in poll on dvm_fd: whatever comes, by shared
# memory or through the daemon, makes it readable, and it is seldom readable for nothing.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
for where in sim1 'sim[1-2]'; do
    within 60 dvm run -n 4 --where "$where" "$PROGRAMS/event_loop" >"$WORK/out"
    expect_count 1 "^rank 0 got all; .* few wakes in vain" "$WORK/out"
done
halt_machine
