#!/usr/bin/env bash
# Tasks are spawned by the hundreds (10,000 at full size) while hosts join, are removed and are
# killed: each spawn is answered, each place of it has a tid or a code, the end of each task
# that was started is told once, and nothing is left of any.
# ctest: LIMIT 900
. "$(dirname "$0")/lib.sh"

count=$(pick 200 10000)
turns_least=$(pick 6 60)

start_machine 2
await 10 hosts_are 2
dvm invite --uses 4000 --for 1h >"$WORK/ticket"

dvm run -n 1 --where sim1 "$PROGRAMS/churn" "$count" true "$WORK/enough" >"$WORK/run" 2>&1 &
run=$!
turns=0
while alive $run; do
    turns=$((turns + 1))
    [ $turns -le "$turns_least" ] || : >"$WORK/enough"
    host=guest$turns
    # on a computer that has no time for it one may not come, or not go at once
    within 30 dvmd --join - --host $host --simulated <"$WORK/ticket" || continue
    if [ $((turns % 2)) = 0 ]; then
        dvm rm $host >/dev/null || :
    else
        kill_daemon $host
    fi
    await 30 hosts_are 2 # else spawns would go to dead hosts only
done
status=0
wait $run || status=$?
[ $status = 0 ] || { cat "$WORK/run" >&2; fail "the program ended with $status"; }
say "$(tail -n 1 "$WORK/run"), while $turns hosts came and went"
[ "$(sed -n 's/^churn: \([0-9]*\) started.*/\1/p' "$WORK/run")" -ge $((count / 4)) ] || fail "too few tasks were started"
# who came all the same, or is away yet
only_two() {
    hosts_up | sed -n '/^guest/p' | xargs -r dvm rm || :
    hosts_are 2
}
await 30 only_two
await 10 tasks_are 0
halt_machine
