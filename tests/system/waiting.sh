#!/usr/bin/env bash
# A task that waits uses no processor time: many blocked in a receive together less than 1 %
# of a core for 1,000; one that was started by hand is not even woken, and still sees the
# end of its daemon. With all cores busy, tasks sleep also when each is on a simulated host of
# its own.
. "$(dirname "$0")/lib.sh"

if sanitized; then skip "a sanitizer has threads of its own"; fi
start_machine 2
await 10 hosts_are 2

run_status=0
within 300 dvm run -n "$(pick 60 1000)" "$PROGRAMS/blocked" "$(pick 2 10)" >"$WORK/out" || run_status=$?
[ $run_status != 77 ] || skip "no schedstat here"
expect_count 1 ": well" "$WORK/out"

say "both cores busy"
cores=$(nproc)
dvm run -n 2 --where 'sim[1-2]' "$PROGRAMS/blocked" pingpong 200 >/dev/null # lanes are tried
for ((i = 0; i < cores; i++)); do
    (while :; do :; done) &
    at_end+=("kill $!")
done
within 60 dvm run -n 2 --where 'sim[1-2]' "$PROGRAMS/blocked" pingpong 3000 >"$WORK/out"
expect_count 2 "left its core often" "$WORK/out"
for command in "${at_end[@]}"; do $command; done
at_end=()

say "by hand"
"$PROGRAMS/blocked" alone 2>"$WORK/alone" &
alone=$!
# wakes FILE: how often the task has been woken so far
wakes() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$alone/status" >"$1"; }
# is_quiet: not woken within a second
is_quiet() {
    wakes "$WORK/before"
    ! wait_until 1 false || return 1
    wakes "$WORK/after"
    [ -s "$WORK/after" ] && cmp -s "$WORK/before" "$WORK/after"
}
await 20 is_quiet
halt_machine
alone_status=0
wait $alone || alone_status=$?
[ $alone_status != 0 ] || fail "a task without its daemon ended with 0"
expect_count 1 "daemon" "$WORK/alone"
