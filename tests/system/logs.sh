#!/usr/bin/env bash
# dvm logs: the last that a task has written is kept by its daemon, also after its end,
# with a sink or without, within bounds whatever it writes; followers get every line once,
# and are told what they miss.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2

say "of tasks that have ended"
expect 0 dvm spawn -n 2 sh -c 'echo out $0; echo err >&2; echo more; printf end' x
mapfile -t tids <"$WORK/out"
expect 0 dvm wait "${tids[@]}"
expect 0 dvm logs "${tids[0]}"
expect_same "end err more out x" "$(sort "$WORK/out" | xargs)" "output"
expect 0 dvm logs --stream err "${tids[1]}"
expect_same "err" "$(cat "$WORK/out")" "stderr"
expect 0 dvm logs -n 2 --stream out "${tids[0]}"
expect_same "more end" "$(xargs <"$WORK/out")" "last two lines"
expect 0 dvm logs "${tids[0]}:0-1"
expect_count 2 "^\[${tids[1]} rank 1\] (out x|more)$" "$WORK/out"
expect 0 dvm logs --json "${tids[0]}"
expect_same "log/1" "$(jq -r .schema "$WORK/out" | sort -u)" "schema"
expect_same "end" "$(jq -r 'select(.whole | not) | .text' "$WORK/out")" "unfinished line"
for field in $(jq -r 'keys[]' "$WORK/out" | sort -u); do
    grep -q "\`$field\`" "$source_tree/docs/json.md" || fail "docs/json.md does not tell of $field"
done
expect_count 0 "out x" "$(log_of sim1)"

say "with a console that shows it"
expect 0 dvm run -n 1 sh -c 'echo seen'
tid=$(dvm events --json | jq -r 'select(.kind == "task_ended") | .tid' | tail -n 1)
expect 0 dvm logs "$tid"
expect_same "seen" "$(cat "$WORK/out")" "output"

say "follow to the end, from the begin, every line once"
mkfifo "$WORK/go"
expect 0 dvm spawn --where sim2 sh -c "seq 1 2000; read -r x <'$WORK/go'; seq 2001 4000; exit 3"
tid=$(cat "$WORK/out")
dvm logs -f "$tid" >"$WORK/followed" 2>"$WORK/followed.err" &
follower=$!
has_lines() { [ "$(wc -l <"$WORK/followed")" = "$1" ]; }
await 10 has_lines 2000
echo >"$WORK/go"
wait $follower || fail "the follower ended with $?"
seq 1 4000 | cmp - "$WORK/followed" || fail "not every line once"
expect_line "$WORK/followed.err" "exited with status 3"

say "a flood: the last 64 KiB are kept, and the rest is named"
expect 0 dvm spawn --where sim2 sh -c 'seq 1 300000'
tid=$(cat "$WORK/out")
expect 0 dvm wait "$tid"
expect 0 dvm logs "$tid"
expect_line "$WORK/err" "the first [0-9]+ bytes that task $tid has written are not kept"
expect_same 300000 "$(tail -n 1 "$WORK/out")" "last line"
bytes=$(wc -c <"$WORK/out")
if [ "$bytes" -lt 40000 ] || [ "$bytes" -gt 65536 ]; then fail "$bytes bytes were kept"; fi
[ "$(grep -Eo '[0-9]+ bytes' "$WORK/err" | cut -d' ' -f1)" = $(($(seq 1 300000 | wc -c) - bytes)) ] ||
    fail "what is missing is not what is said"

say "a follower that stands still misses the oldest, and is told"
expect 0 dvm spawn --where sim2 sh -c "echo before; read -r x <'$WORK/go'; seq 1 300000"
tid=$(cat "$WORK/out")
dvm logs -f "$tid" >"$WORK/followed" 2>"$WORK/followed.err" &
follower=$!
await 10 grep -q before "$WORK/followed"
kill -STOP $follower
await 10 grep -q '^State:[[:space:]]*T' "/proc/$follower/status"
echo >"$WORK/go"
expect 0 dvm wait "$tid"
kill -CONT $follower
wait $follower || fail "the follower ended with $?"
expect_line "$WORK/followed.err" "[0-9]+ bytes that task $tid has written are (missing here|not kept)"
expect_same 300000 "$(tail -n 1 "$WORK/followed")" "last line"

say "the log of a daemon"
expect 0 dvm logs -n 2 sim2
expect_same 2 "$(wc -l <"$WORK/out")" "lines"
dvm logs -f sim1 >"$WORK/followed" 2>&1 &
follower=$!
await 10 grep -q "is ready" "$WORK/followed"
expect 0 dvm rm sim2
await 10 grep -q "sim2.* has left" "$WORK/followed"
await 10 cmp "$WORK/followed" "$(log_of sim1)" # all of it, and nothing else

say "what is wrong is said"
expect 1 dvm logs 0x43333
expect_line "$WORK/err" "no task 0x43333"
expect 1 dvm logs 0x40001
expect_line "$WORK/err" "is a console"
expect 2 dvm logs --stream all "$tid"
expect 1 dvm logs "$tid"
halt_machine
wait $follower || :
