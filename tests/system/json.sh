#!/usr/bin/env bash
# --json gives one object with the documented schema and fields (docs/json.md), and
# nothing else on standard output.
. "$(dirname "$0")/lib.sh"

# object FILE SCHEMA: the file is one JSON object of this schema
object() {
    jq -es 'length == 1' "$1" >"$WORK/jq" || { cat "$1" >&2; fail "not one JSON value"; }
    expect_same "$2" "$(jq -r .schema "$1")" "schema"
}

# documented SCHEMA LIST: each field that occurs in the list is named in docs/json.md
documented() {
    local field
    grep -q "$1" "$source_tree/docs/json.md" || fail "docs/json.md does not know $1"
    for field in $(jq -r ".$2[] | keys[]" "$WORK/out" | sort -u); do
        grep -q "\`$field\`" "$source_tree/docs/json.md" || fail "docs/json.md does not tell of $field"
    done
}

start_machine 2
await 10 hosts_are 2
expect 0 dvm hosts --json
object "$WORK/out" hosts/1
expect_same 2 "$(jq '.hosts | length' "$WORK/out")" "hosts"
expect_same "sim1 sim2" "$(jq -r '.hosts[].name' "$WORK/out" | sort | xargs)" "names"
expect_same "up" "$(jq -r '.hosts[].state' "$WORK/out" | sort -u)" "states"
documented hosts/1 hosts

expect 0 dvm ps --json
object "$WORK/out" ps/1
expect_same 0 "$(jq '.tasks | length' "$WORK/out")" "tasks of an idle machine"

expect 0 dvm spawn -n 3 "$PROGRAMS/endings" wait 0 0
await 20 tasks_are 3
expect 0 dvm ps --json
object "$WORK/out" ps/1
expect_same "0 1 2" "$(jq -r '.tasks[].rank' "$WORK/out" | sort | xargs)" "ranks"
documented ps/1 tasks

expect 0 dvm help --json
object "$WORK/out" help/1
documented help/1 topics
expect 0 dvm run --help --json
object "$WORK/out" help/1
expect_same "N" "$(jq -r '.command.options[] | select(.letter == "n") | .value' "$WORK/out")" "option -n"
documented help/1 command.options
expect 0 dvm help environment --json
documented help/1 topic.rows

expect 0 dvm version --json
object "$WORK/out" version/1

say "what cannot be written is told, with the reason"
for words in "hosts --json" "hosts" "ps --json" "config --json" "spawn --json true" "why --json" "top --json --once"; do
    status=0
    # shellcheck disable=SC2086
    dvm $words >/dev/full 2>"$WORK/err" </dev/null || status=$?
    expect_same 1 $status "the status of dvm $words"
    expect_line "$WORK/err" "^dvm: the output cannot be written: No space left on device$"
done
halt_machine
