#!/usr/bin/env bash
# The failure of a task: who, where, after how long, its last words; and what it means
# for the others, as --on-failure says.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
who='rank 1 \(host sim[12], pid [0-9]+\)'

say "dvm_abort says what it is, alone and among others"
expect 4 dvm run -n 3 "$PROGRAMS/endings" abort 1 4
expect_line "$WORK/err" "^dvm: $who aborted with status 4 after [0-9.]+ s: it called dvm_abort\(DVM_WORLD, 4\)(; ending .*)?$"
expect 4 dvm run -n 1 "$PROGRAMS/endings" abort 0 4
expect_line "$WORK/err" "aborted with status 4 .*dvm_abort\(DVM_WORLD, 4\)$"

say "the last line of stderr is quoted where it does not stand above"
mkfifo "$WORK/rank-a" "$WORK/rank-b"
cat >"$WORK/speak.sh" <<'EOF'
if mkdir "$1/a" 2>/dev/null; then
    echo "no such input" >&2
    read -r line <"$1/rank-a"
    exit 3
fi
read -r line <"$1/rank-b"
echo "all is well" >&2
exec tail -f /dev/null
EOF
dvm -q run -n 2 --tag-output sh "$WORK/speak.sh" "$WORK" >"$WORK/out" 2>"$WORK/err" &
run=$!
await 20 grep -q "no such input" "$WORK/err"
echo >"$WORK/rank-b"
await 20 grep -q "all is well" "$WORK/err"
echo >"$WORK/rank-a"
status=0
wait $run || status=$?
expect_same 3 $status "status"
expect_line "$WORK/err" "^dvm: rank [01] .*exited with status 3 after .*; ending the other task$"
expect_line "$WORK/err" "^dvm: the last line of its stderr: no such input$"
expect 3 dvm -q run sh -c 'echo "right above" >&2; exit 3'
expect_count 1 "right above" "$WORK/err"
# the same words of another task are as good; and the console's own may stand between
# shellcheck disable=SC2016
expect 3 dvm -q run -n 2 sh -c 'echo "not here" >&2; exit 3'
expect_count 0 "last line of its stderr" "$WORK/err"
expect 3 dvm run -n 3 sh -c 'echo "right above" >&2; exit 3'
expect_count 0 "last line of its stderr" "$WORK/err"
expect 3 dvm -q run --output "$WORK/files" sh -c 'echo "in a file" >&2; exit 3'
expect_line "$WORK/err" "^dvm: the last line of its stderr: in a file$"

# one of three fails, once, and the others end well when that was noticed
cat >"$WORK/one.sh" <<'EOF'
if mkdir "$1/$2" 2>/dev/null; then exit 9; fi
read -r line <"$1/wait"
exit 0
EOF
mkfifo "$WORK/wait"
exec 5<>"$WORK/wait"

say "notify: the others go on, and the end says how many failed"
dvm run -n 3 --on-failure notify sh "$WORK/one.sh" "$WORK" notify >"$WORK/out" 2>"$WORK/err" &
run=$!
await 20 grep -q "exited with status 9 .*; the other 2 tasks go on$" "$WORK/err"
await 20 tasks_are 2 # a task may have failed before the last one has begun
printf 'a\nb\n' >&5
status=0
wait $run || status=$?
expect_same 9 $status "status"
expect_line "$WORK/err" "^dvm: 1 of 3 tasks failed: rank [0-2]$"

say "ignore: nothing is said, and the status is that of the failure"
dvm -q run -n 3 --on-failure ignore sh "$WORK/one.sh" "$WORK" ignore >"$WORK/out" 2>"$WORK/err" &
run=$!
await 20 tasks_are 2
printf 'a\nb\n' >&5
status=0
wait $run || status=$?
expect_same 9 $status "status"
expect_count 0 . "$WORK/err"

say "a host that is lost is a failure of all its tasks"
# shellcheck disable=SC2016
dvm run -n 4 --on-failure notify --json sh -c 'read -r line <"$0"; exit 0' "$WORK/wait" \
    >"$WORK/out" 2>"$WORK/err" &
run=$!
await 20 tasks_are 4
lost=$(tasks_on sim2 | wc -l)
mapfile -t gone < <(dvm ps --json | jq '.tasks[] | select(.host == "sim2") | .pid')
kill_daemon sim2
await 20 grep -q "host sim2 .*lost, and ranks" "$WORK/err"
for pid in "${gone[@]}"; do await 10 dead "$pid"; done # and take no line from the others
for ((i = 0; i < 4 - lost; i++)); do echo >&5; done
status=0
wait $run || status=$?
expect_same 1 $status "status"
expect_line "$WORK/err" "^dvm: $lost of 4 tasks failed: ranks"
expect_same "$lost" "$(tail -n 1 "$WORK/err" | jq '[.tasks[] | select(.lost)] | length')" "lost tasks"

say "the time limit names the ranks that still ran"
expect 124 dvm run -n 3 --timeout 1 "$PROGRAMS/endings" wait 0 0
expect_line "$WORK/err" "^dvm: the time limit of 1 s is over; ending 3 tasks: ranks 0-2$"
exec 5>&-
say "and says what they waited for"
for seconds in 2 10 60; do # until both have come so far by then
    expect 124 dvm run -n 2 --timeout $seconds "$PROGRAMS/blocked" alone
    ! grep -Eq "^dvm: +rank 0 .*: recv from " "$WORK/err" || break
done
expect_line "$WORK/err" "^dvm: +rank 0 .*: recv from "
# shellcheck disable=SC2016
expect 124 dvm run -n 1 --timeout 1 sh -c 'read -r line <"$0"' "$WORK/wait"
expect_line "$WORK/err" "^dvm: the time limit of 1 s is over; ending 1 task: rank 0$"
halt_machine
