#!/usr/bin/env bash
# What is wrong in a call is told with a code and the line of the call, for each kind of argument;
# no wrong call does harm to those behind it; and who waited for a task that is gone is told in
# which call, and for how long.
. "$(dirname "$0")/lib.sh"

how=
command -v addr2line >/dev/null || command -v eu-addr2line >/dev/null || how=plain
if ! within 120 dvm run -n 2 --on-failure=ignore "$PROGRAMS/wrong_calls" $how \
        >"$WORK/out" 2>"$WORK/err" </dev/null; then
    cat "$WORK/out" "$WORK/err" >&2
    fail "a wrong call was not told as it should be"
fi
expect_line "$WORK/out" "rank 0: 0 were not as they should"
[ -n "$how" ] ||
    expect_line "$WORK/out" "rank 0 was told: .*\(dvm_recv at wrong_calls.c:[0-9]+ had waited [0-9.]+ s\)"
