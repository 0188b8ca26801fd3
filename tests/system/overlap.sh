#!/usr/bin/env bash
# What a task has begun to send goes on while it computes: a large dvm_isend and buffered
# sends past the receiver's credit are all received before their sender makes its next
# call; on one host, by either way of copying, and between hosts.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
for where in sim1 'sim[1-2]'; do
    for copy in always never; do
        rm -f "$WORK/all"
        DVM_SINGLE_COPY=$copy within 400 dvm run -n 2 --where "$where" "$PROGRAMS/overlap" "$WORK" >"$WORK/out"
        expect_count 1 "^rank 0 computed meanwhile" "$WORK/out"
    done
done
halt_machine
