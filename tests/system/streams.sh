#!/usr/bin/env bash
# The console's and the tasks' streams when they are not what one expects: closed,
# full, without an end of line. Nothing hangs, nothing is lost without a word.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2

say "closed standard streams are no reason to hang"
within 30 dvm run hostname >&- || fail "closed stdout"
within 30 dvm run hostname <&- >"$WORK/out" || fail "closed stdin"
expect_count 1 . "$WORK/out"
within 30 dvm run hostname 2>&- >"$WORK/out" || fail "closed stderr"
expect_count 1 . "$WORK/out"
within 30 dvm hosts <&- >&- 2>&- || fail "all closed"

say "data that cannot be written are an error, as JSON too"
for command in "dvm hosts" "dvm hosts --json" "dvm invite" "dvm run hostname"; do
    status=0
    $command >/dev/full 2>"$WORK/err" || status=$?
    expect_same 1 $status "status of $command with a full disk"
    expect_line "$WORK/err" "cannot be written"
done

say "an empty list says that it is empty, on stderr"
expect 0 dvm ps
expect_count 0 . "$WORK/out"
expect_line "$WORK/err" "no tasks run in machine $DVM_MACHINE"

say "a question without end of line is there before its answer"
mkfifo "$WORK/answers"
# shellcheck disable=SC2016
dvm run sh -c 'printf "name? "; read name; echo "hello $name"' \
    <"$WORK/answers" >"$WORK/out" &
run=$!
exec 5>"$WORK/answers"
await 20 grep -q "name? " "$WORK/out"
echo Ann >&5
exec 5>&-
wait $run
expect_same "name? hello Ann" "$(cat "$WORK/out")" "output"
halt_machine
