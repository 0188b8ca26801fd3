#!/usr/bin/env bash
# Far more tasks than cores are allowed, and said: 200 tasks start, meet and end; and a
# host carries 1,000 of them.
# ctest: PROCESSORS 2 COST 11
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

# expect_of_many STATUS COMMAND...: as expect, for what a busy computer needs minutes for
expect_of_many() { least=250 expect "$@"; }

# no_descriptor_kept PID: a daemon without tasks has few descriptors
no_descriptor_kept() { [ "$(find "/proc/$1/fd" -mindepth 1 | wc -l)" -lt 64 ]; }

n=1000
sanitized && n=150
say "$n tasks on one host, spawned by a program and each heard from"
(ulimit -Sn 256 && start_machine)
expect_of_many 0 dvm run -n 1 "$build/bench/spawn" $n
expect_line "$WORK/out" '^[0-9.]+ [0-9.]+$'
await 20 tasks_are 0
say "and as many of one run, which all meet and print"
expect_of_many 0 dvm run -n $n "$PROGRAMS/meet" say
expect_same $n "$(sort -u "$WORK/out" | wc -l)" "tasks that printed"
await 20 tasks_are 0
pid=$(daemon_pid "$(hosts_up)")
await 10 no_descriptor_kept "$pid"
halt_machine
