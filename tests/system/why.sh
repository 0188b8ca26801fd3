#!/usr/bin/env bash
# dvm why names exactly the tasks that can never go on, with the circle that proves it, and
# says of the others whom they wait for and what that one does.
. "$(dirname "$0")/lib.sh"

# Of the tasks that wait: ranks of those that are stuck, and how many circles there are.
judged() {
    dvm why --json >"$WORK/json" || [ $? = 1 ]
    jq -r '. as $o | ([.waiting[] | select(.tid as $t | $o.stuck | index($t)) | .rank] | sort | map(tostring) |
        join(" ")) + "/" + (.circles | length | tostring) + "/" + (.waiting | length | tostring)' "$WORK/json"
}
# proves: dvm why finds a deadlock, and says so. Not while a task of it got a signal to stop, or
# a host has not answered.
proves() {
    local status=0
    dvm why "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
    [ $status = 1 ]
}
judges() { [ "$(judged)" = "$1" ]; }
waits() { [ "$(dvm ps --json | jq '[.tasks[] | select(.waiting)] | length')" = "$1" ]; }

start_machine 2
await 10 hosts_are 2
expect 0 dvm why
expect_line "$WORK/err" "no task waits"

say "a circle, one that waits for it, and two that only wait"
expect 0 dvm spawn -n 7 "$PROGRAMS/dead"
await 30 waits 6
await 30 judges "0 1 2 3/1/6"
await 10 proves
expect_line "$WORK/out" "^deadlock: 3 tasks wait for each other"
expect_line "$WORK/out" "^  rank 0 \(0x[0-9a-f]+, sim[12]\): recv from rank 1, tag 7, "
expect_line "$WORK/out" "^and for them: 1 task waits only for tasks that cannot go on"
expect_line "$WORK/out" "^  rank 3 .*: recv from rank 0, tag 7, "
expect_line "$WORK/out" "^rank 4 .* is computing, and is waited for:"
expect_line "$WORK/out" "^  rank 5 .*: recv from rank 4, tag 7, "
expect_line "$WORK/out" "^rank 5 .* waits itself, and is waited for:"
expect 0 dvm kill -s KILL all
await 20 tasks_are 0

# four_stuck FORM JUDGED LINE: four tasks of dead in that form are all stuck; dvm why has the line
four_stuck() {
    expect 0 dvm spawn -n 4 "$PROGRAMS/dead" "$1"
    await 30 judges "$2"
    await 10 proves
    expect_line "$WORK/out" "$3"
    expect 0 dvm kill -s KILL all
    await 20 tasks_are 0
}

say "in a group of some: whoever is waited for has another rank there"
four_stuck group "0 1 2 3/2/4" "^  rank 0 .*: recv from 0x[0-9a-f]+ \(rank 2 of the world\), tag 7, "

say "all wait for anybody"
four_stuck any "0 1 2 3/0/4" "^deadlock: 4 tasks wait only for tasks that cannot go on"

say "no deadlock: somebody computes, and then sends"
expect 0 dvm spawn -n 2 "$PROGRAMS/dead" wait "$WORK/go"
await 30 judges "/0/1"
expect 0 dvm why
expect_line "$WORK/out" "^rank 0 .* is computing, and is waited for:"
touch "$WORK/go"
await 20 tasks_are 0
expect_same "why/1" "$(jq -r .schema "$WORK/json")" "schema"
for field in $(jq -r 'keys[], (.waiting[] | keys[])' "$WORK/json" | sort -u); do
    grep -q "\`$field\`" "$source_tree/docs/json.md" || fail "docs/json.md does not tell of $field"
done
halt_machine
