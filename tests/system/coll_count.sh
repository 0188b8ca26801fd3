#!/usr/bin/env bash
# A barrier and an allreduce of many more tasks than cores, over simulated hosts, come to
# their end, and take just as many messages between hosts as their algorithms are bound to:
# counted in each task, reckoned from where the tasks are. At full size 1,024 tasks on 16
# hosts.
# ctest: LIMIT 900
. "$(dirname "$0")/lib.sh"

hosts=$(pick 4 16)
tasks=$(pick 32 1024)
sanitized && tasks=$(pick 32 256) # each has many times the memory
start_machine "$hosts"
await 60 hosts_are "$hosts"

# count_as BARRIER ALLREDUCE ...: with these algorithms; what the program is told follows
count_as() {
    local forced=barrier=$1,allreduce=$2
    shift 2
    DVM_COLL=$forced within 400 dvm run -n "$tasks" --where "sim[1-$hosts]" "$build/tests/tool_coll_count" "$@" >"$WORK/out"
}

# counted BARRIER ALLREDUCE
counted() {
    count_as "$1" "$2" "$1" "$2"
    cat "$WORK/out"
    expect_line "$WORK/out" "^barrier $1: ([0-9]+)\.0 messages between hosts, bound \1;"
    expect_line "$WORK/out" "^allreduce $2: ([0-9]+)\.0 messages between hosts, bound \1;"
    await 60 tasks_are 0
}

say "$tasks tasks on $hosts hosts"
counted star star
expect_line "$WORK/out" "bound $((2 * (tasks - tasks / hosts)));"
counted dissemination doubling

say "another number than the bound is told"
! count_as star star dissemination doubling 2>"$WORK/err" || fail "a star counts as much as others"

say "what is chosen crosses once a host and round"
within 400 dvm run -n "$tasks" --where "sim[1-$hosts]" "$build/tests/tool_coll_count" hosts hosts >"$WORK/out"
cat "$WORK/out"
rounds=0
while [ $((1 << rounds)) -lt "$hosts" ]; do rounds=$((rounds + 1)); done
expect_line "$WORK/out" "^barrier hosts: $((hosts * rounds))\.0 messages between hosts, bound $((hosts * rounds));"
expect_line "$WORK/out" "^allreduce hosts: $((hosts * rounds))\.0 messages between hosts, bound $((hosts * rounds));"
await 60 tasks_are 0
halt_machine
