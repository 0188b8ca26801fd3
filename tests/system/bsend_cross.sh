#!/usr/bin/env bash
# Two tasks that both dvm_bsend a large message and then receive do not deadlock, on
# one host and across two; every byte is right.
# ctest: PROCESSORS 2 RESOURCE_LOCK memory COST 14
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
mib=100
sanitized && mib=30
for where in sim1 'sim[1-2]'; do
    say "$mib MiB both ways on $where"
    within 250 dvm run -n 2 --where "$where" "$PROGRAMS/bsend_cross" $mib >"$WORK/out"
    expect_count 2 "^rank [01] got all $((mib * 1048576)) bytes" "$WORK/out"
done
halt_machine
