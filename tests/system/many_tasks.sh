#!/usr/bin/env bash
# Far more tasks than cores are allowed, and said: 200 tasks start, meet and end.
# ctest: LIMIT 240 PROCESSORS 2
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
n=200
sanitized && n=60
expect 0 dvm run -n $n "$PROGRAMS/meet" say
expect_count $n " of $n on sim[12]$" "$WORK/out"
expect_line "$WORK/err" "$n tasks on [0-9]+ cores"
expect_same $n "$(cut -d' ' -f1 "$WORK/out" | sort -n | uniq | wc -l)" "different ranks"
await 10 tasks_are 0
halt_machine
