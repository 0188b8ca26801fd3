#!/usr/bin/env bash
# Signals to dvm run reach its tasks on all hosts, harder each time, and each step is
# announced; ^Z stops the tasks, and a killed console leaves none behind.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
catch=$PROGRAMS/catch

# begin OPTION...: run, in the background, and wait until its tasks are there
begin() {
    : >"$WORK/out"
    dvm run -n 3 "$@" >"$WORK/out" 2>"$WORK/err" </dev/null &
    run=$!
    await 20 count_is 3 "is ready"
}
count_is() { [ "$(grep -c "$2" "$WORK/out")" = "$1" ]; }
said() { grep -q -- "$1" "$WORK/err"; }
# ends STATUS: the run ends with it, and no task is left
ends() {
    local status=0
    wait_until 120 dead $run || fail "the run goes on"
    wait $run || status=$?
    expect_same "$1" $status "status of the run"
    await 10 tasks_are 0
}

say "the first ^C is for the tasks to clean up, and their status counts"
begin "$catch" INT 5
kill -INT $run
ends 5
expect_count 3 "got INT" "$WORK/out"
expect_line "$WORK/err" "^dvm: SIGINT sent to 3 tasks; \^C again sends SIGTERM$"
not grep -q "exited with status" "$WORK/err" || fail "what ^C asked for is no failure"

say "what tasks then say of each other's end is told once, and all else that they say"
# shellcheck disable=SC2016
begin bash -c 'gone="dvm: rank 1 (tid 0x40001, host a): DVM_ERR_TASK_GONE: it has ended"
    trap "echo before >&2; echo \"\$gone\" >&2; echo behind >&2; exit 3" INT
    tail -f /dev/null & echo "is ready"; wait'
kill -INT $run
ends 3
expect_count 3 "^before$" "$WORK/err"
expect_count 3 "^behind$" "$WORK/err"
expect_count 1 "DVM_ERR_TASK_GONE" "$WORK/err"
expect_line "$WORK/err" "^dvm: 2 more tasks said that others of the run had ended$"

say "the second is SIGTERM, with the time that is left; the third SIGKILL"
begin --grace 100 "$catch"
kill -INT $run
await 10 count_is 3 "got INT"
kill -INT $run
await 10 count_is 3 "got TERM"
await 10 said "^dvm: SIGTERM sent to 3 tasks; SIGKILL follows in 100 s, or at the next ^C$"
kill -INT $run
ends 137
expect_line "$WORK/err" "^dvm: SIGKILL sent to 3 tasks; \^C again leaves them"

say "patience ends after --grace"
for grace in 0.2 5 60; do # until all say so in time
    begin --grace $grace "$catch"
    kill -TERM $run
    ends 137
    expect_line "$WORK/err" "^dvm: SIGTERM came; 3 tasks get SIGTERM, and SIGKILL in $grace s$"
    expect_line "$WORK/err" "^dvm: 3 tasks did not end within $grace s and get SIGKILL: ranks 0-2$"
    ! count_is 3 "got TERM" || break
done
expect_count 3 "got TERM" "$WORK/out"

say "a second SIGTERM does not wait; a terminal that is closed is like SIGTERM"
begin --grace 100 "$catch"
kill -TERM $run
await 10 count_is 3 "got TERM"
kill -TERM $run
ends 137
begin --grace 100 "$catch" TERM 6
kill -HUP $run
ends 6

say "^Z stops the tasks and then the console; both go on"
begin --timeout 100 "$catch" INT 0
pids=$(dvm ps --json | jq '.tasks[].pid')
in_state() { # in_state LETTER PID...
    local letter=$1 pid
    shift
    for pid in "$@"; do grep -q "^State:[[:space:]]*$letter" "/proc/$pid/status" || return 1; done
}
kill -TSTP $run
# shellcheck disable=SC2086
await 10 in_state T $run $pids
kill -CONT $run
# shellcheck disable=SC2086
await 10 in_state S $run $pids
await 10 count_is 3 "got CONT"
kill -INT $run
ends 0

say "a console that is killed leaves no task, stopped ones included"
begin "$catch"
kill -KILL $run
ends 137
begin "$catch"
pids=$(dvm ps --json | jq '.tasks[].pid')
kill -TSTP $run
# shellcheck disable=SC2086
await 10 in_state T $run $pids
kill -KILL $run
ends 137

say "a private machine does the same"
halt_machine
unset DVM_MACHINE
begin "$catch" INT 7
kill -INT $run
wait_until 120 dead $run || fail "the run goes on"
status=0
wait $run || status=$?
expect_same 7 $status "status of the run"
export DVM_MACHINE=t-$test_name-$$
