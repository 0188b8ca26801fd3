#!/usr/bin/env bash
# dvm top: what it shows of tasks is what they do: processor time with that of what they
# started, memory, messages and bytes by second, and their states.
. "$(dirname "$0")/lib.sh"

# task TID FILTER: a jq filter on one task of a sample
task() { dvm top --once --json --interval "${3:-0.3}" | jq -r --argjson tid $(($1)) ".tasks[] | select(.tid == \$tid) | $2"; }
is() { [ "$(task "$1" "$2")" = "$3" ]; }

start_machine 2
await 10 hosts_are 2

say "nothing runs"
expect 0 dvm top --once --interval 0.1
expect_line "$WORK/out" "^sim2 +up"
expect_line "$WORK/out" "no tasks run"

say "a task that works below a script, and stops"
expect 0 dvm spawn --where sim2 sh -c 'sh -c "while :; do :; done; true" & wait'
works=$(cat "$WORK/out")
await 10 is "$works" '.processes >= 2 and .state == "running" and .cpu > 1' true
await 10 is "$works" '.sent_messages == null and .sent_bytes_rate == null' true
expect 0 dvm signal STOP "$works"
await 10 is "$works" '.state' stopped
await 10 is "$works" '.cpu < 1' true

say "messages and bytes: as many as were sent"
expect 0 dvm spawn -n 2 --where sim1 "$PROGRAMS/traffic" 1000 100
mapfile -t tids <"$WORK/out"
counts='"\(.sent_messages) \(.sent_bytes) \(.received_messages) \(.received_bytes) \(.state)"'
await 20 is "${tids[0]}" "$counts" "1000 100000 1 0 waiting"
await 20 is "${tids[1]}" "$counts" "1 0 1000 100000 waiting"
for where in "sim[1-2]" sim1; do # in whatever way large messages go; the first on both hosts
    expect 0 dvm spawn -n 2 --where "$where" "$PROGRAMS/traffic" 10 1000000
    mapfile -t tids <"$WORK/out"
    await 20 is "${tids[0]}" "$counts" "10 10000000 1 0 waiting"
    await 20 is "${tids[1]}" "$counts" "1 0 10 10000000 waiting"
done

say "the table and the object"
expect 0 dvm top --once --interval 0.1 --sort tid
expect_line "$WORK/out" "^$works +0 +sim2 +stopped .* - +- +- +- "
expect_line "$WORK/out" "^${tids[0]} +0 +sim1 +waiting .* traffic"
expect 0 dvm top --once --json --interval 0.1 --sort tid
expect_same "top/1" "$(jq -r .schema "$WORK/out")" "schema"
for field in $(jq -r 'keys[], (.hosts[], .tasks[] | keys[])' "$WORK/out" | sort -u); do
    grep -q "\`${field%_rate}\`" "$source_tree/docs/json.md" || fail "docs/json.md does not tell of $field"
done
expect_same "$(jq '[.tasks[].tid] | sort' "$WORK/out")" "$(jq '[.tasks[].tid]' "$WORK/out")" "order"
jq -e '.hosts | length == 2 and all(.memory_total > .memory_free and .processors > 0 and .daemon_memory > 0)' \
    "$WORK/out" >/dev/null || fail "hosts make no sense"

say "again and again, until nobody reads it"
{ dvm top --json --interval 0.1 2>/dev/null || :; } | head -n 3 >"$WORK/out"
expect_same 3 "$(jq -s length "$WORK/out")" "samples"

say "on a terminal: drawn, in another order at a key, ended by q, and the terminal is as before"
if command -v script >/dev/null; then
    mkfifo "$WORK/keys"
    script -qec "stty rows 24 cols 120; stty -g; dvm top --interval 0.2; echo status \$?; stty -g" \
        "$WORK/screen" <"$WORK/keys" >/dev/null 2>&1 &
    terminal=$!
    exec 3>"$WORK/keys"
    await 20 grep -q "tasks by cpu" "$WORK/screen"
    printf m >&3
    await 20 grep -q "tasks by memory" "$WORK/screen"
    printf q >&3
    await 20 grep -q "status 0" "$WORK/screen"
    exec 3>&-
    wait $terminal || :
    expect_same 1 "$(tr -d '\r' <"$WORK/screen" | grep -aE '^([0-9a-f]+:){10,}' | sort -u | wc -l)" "settings of the terminal"
fi

expect 2 dvm top --sort fish
expect 0 dvm kill -s KILL all
halt_machine
