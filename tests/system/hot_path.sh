#!/usr/bin/env bash
# Between two tasks of one host that exchange small messages nothing is allocated, no
# lock taken, and no system call made but those of a task that waits.
# ctest: COST 11
. "$(dirname "$0")/lib.sh"

if sanitized; then skip "a sanitizer has allocations of its own"; fi
start_machine 1
# on a computer that gives a task no core for long the other does more than wait: then once more
for _ in $(seq 20); do
    printf '\0\0' >"$WORK/over"
    run_status=0
    within 60 dvm run -n 2 "$PROGRAMS/hot_path" "$WORK/over" >"$WORK/run" 2>&1 || run_status=$?
    [ "$run_status" = 75 ] || break
done
if [ "$run_status" = 77 ]; then
    halt_machine
    skip "no seccomp here: $(grep seccomp "$WORK/run" | head -n 1)"
fi
[ "$run_status" = 0 ] || { tail -n 20 "$WORK/run" >&2; fail "status $run_status (159: another system call than those of a task that waits)"; }
expect_count 2 "^rank [01]: [0-9]+ allocations, 0 locks" "$WORK/run"
halt_machine
