#!/usr/bin/env bash
# bind: tasks of a real host that fit get cores of their own, and no task leaves the cpus
# that its daemon may use; simulated hosts share their computer and bind nothing, and so
# do tasks that do not fit.
. "$(dirname "$0")/lib.sh"

all=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
cpus_of() { # cpus_of N: the cpus that each of N tasks may use, sorted
    expect 0 dvm run -n "$1" awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status
    sort "$WORK/out"
}

[ "$(nproc)" -ge 2 ] || skip "one core is too few"

say "two tasks on a host with free cores: nothing in common"
within 30 dvm start --name "$DVM_MACHINE"
cores=$(dvm hosts --json | jq '.hosts[0].cores')
if [ "$cores" -ge 2 ]; then
    cpus=$(cpus_of 2)
    expect_same 2 "$(sort -u <<<"$cpus" | wc -l)" "different sets of cpus"
    expect_same "" "$(grep -x -- "$all" <<<"$cpus" || :)" "tasks that are not bound"
    say "dvm ps tells of each which"
    expect 0 dvm spawn -n 2 tail -f /dev/null
    await 10 tasks_are 2
    expect_same 2 "$(dvm ps --json | jq '[.tasks[].cpus] | unique | length')" "sets of cpus in dvm ps --json"
    for pid in $(dvm ps --json | jq '.tasks[].pid'); do
        expect 0 dvm ps --binding
        expect_line "$WORK/out" " $pid .* $(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$pid/status")$"
    done
    expect 0 dvm kill -s KILL all
    await 10 tasks_are 0
fi

say "more tasks than cores are not bound"
expect 0 dvm spawn -n $((cores + 1)) tail -f /dev/null
await 10 tasks_are $((cores + 1))
expect_same null "$(dvm ps --json | jq '.tasks[].cpus' | sort -u)" "cpus in dvm ps --json"
expect 0 dvm ps -b
expect_count $((cores + 1)) " any$" "$WORK/out"
expect 0 dvm kill -s KILL all
await 10 tasks_are 0
expect_same "$all" "$(cpus_of $((cores + 1)) | sort -u)" "cpus of too many tasks"
expect 0 dvm halt

say "the daemon's own cpus are respected"
first=${all%%[,-]*}
within 30 taskset -c "$first" dvm start --name "$DVM_MACHINE"
expect_same 1 "$(dvm hosts --json | jq '.hosts[0].cores')" "cores of one cpu"
expect_same "$first" "$(cpus_of 2 | sort -u)" "cpus of two tasks on one"
expect 0 dvm halt

say "a simulated host binds nothing, a real one of such a name does"
start_machine 2
expect_same "$all" "$(cpus_of 4 | sort -u)" "cpus on simulated hosts"
expect 0 dvm halt
if [ "$cores" -ge 2 ]; then
    DVM_HOST=sim1 within 30 dvm start
    expect_same 2 "$(cpus_of 2 | sort -u | wc -l)" "sets of cpus on the real host sim1"
    expect 0 dvm halt
fi
