#!/usr/bin/env bash
# Standard streams: lines arrive whole and in each task's order, none is lost, also
# of a task that dies without a word; standard input goes to rank 0.
# ctest: COST 17
. "$(dirname "$0")/lib.sh"

start_machine 3
await 10 hosts_are 3

# whole_lines TASKS COUNT LENGTH: out and err together have each line of each task once,
# each task's in order
whole_lines() {
    local tasks=$1 count=$2 length=$3
    awk -v tasks="$tasks" -v count="$count" -v length_wanted="$length" '
        FNR == 1 { delete last; err = NR > 1 }
        length($0) != length_wanted || $1 >= tasks { print "broken: " $0; exit bad = 1 }
        ($2 % 10 == 9) != err { print "wrong stream: " $0; exit bad = 1 }
        $1 in last && $2 <= last[$1] { print "out of order: " $0; exit bad = 1 }
        { last[$1] = $2; seen++ }
        END { if (!bad && seen != tasks * count) { print seen + 0 " lines"; bad = 1 } exit bad }
    ' "$WORK/out" <(grep -E '^[0-9]+ [0-9]+ ' "$WORK/err")
}

say "lines of six tasks on three hosts are whole and in order"
expect 0 dvm run -n 6 "$PROGRAMS/lines" 2000 120
whole_lines 6 2000 120 || fail "see above"

say "long lines, too"
expect 0 dvm run -n 3 "$PROGRAMS/lines" 40 20000
whole_lines 3 40 20000 || fail "see above"

say "tasks that tasks have spawned are heard, whatever their ranks"
expect 0 dvm run "$PROGRAMS/children" 6
expect_count 6 '^child [0-5]$' "$WORK/out"
expect 0 dvm run --tag-output "$PROGRAMS/children" 6
expect_count 6 '^.*0x[0-9a-f]+\].* child [0-5]$' "$WORK/out"
expect 0 dvm run --output "$WORK/files" "$PROGRAMS/children" 6
expect_count 6 'child [0-5]$' "$WORK/out"
expect_count 1 '^parent$' "$WORK/files/0.out"
rm -r "$WORK/files"

say "also when they outlive who spawned them"
expect 0 dvm run "$PROGRAMS/children" 6 leave
expect_count 6 '^child [0-5]$' "$WORK/out"
dvm run "$PROGRAMS/children" 2 stay >"$WORK/out" 2>"$WORK/err" &
run=$!
await 20 grep -q "waiting for what they have spawned: tasks 0x[0-9a-f]*,0x[0-9a-f]*; ^C ends them" "$WORK/err"
kill -INT $run
status=0
wait $run || status=$?
expect_same 130 $status "the status after ^C"
await 10 tasks_are 0

say "and a run whose tasks somebody else has ended says so"
dvm run -n 3 sh -c 'echo up; exec tail -f /dev/null' >"$WORK/out" 2>"$WORK/err" &
run=$!
three_up() { [ "$(grep -c up "$WORK/out")" = 3 ]; }
await 20 three_up
expect 0 dvm kill all
wait $run || status=$?
expect_same 143 $status "the status after dvm kill"
expect_line "$WORK/err" "^dvm: rank 0 .*: dvm kill .*SIGTERM|^dvm: rank 0 .*sent it signal 15"

say "a line of stdout without its end is not continued by stderr"
within 30 dvm run -n 1 sh -c 'printf half; echo wrong >&2' >"$WORK/both" 2>&1
expect_count 1 '^wrong$' "$WORK/both"

say "a source is not run, but what to do is said"
echo 'int main(void) { return 0; }' >"$WORK/prog.c"
expect 126 dvm run ./prog.c
expect_line "$WORK/err" "prog.c is a source, .*: dvmcc -o prog prog.c && dvm run ./prog$"

many=$(pick 100000 1000000)
sanitized && many=20000
say "$many lines of one task, and none is lost before its death"
expect 137 dvm run -n 1 --where sim3 "$PROGRAMS/lines" "$many" 30 9
whole_lines 1 "$many" 30 || fail "see above"

say "tags tell who speaks, whole lines again"
expect 0 dvm run -n 4 --tag-output "$PROGRAMS/lines" 100 60
expect_count 360 '[0-3].* [0-3] [0-9]+ x+$' "$WORK/out"

say "a last line without its end arrives"
expect 0 dvm run -n 1 --where sim2 sh -c 'printf "no end of line"'
expect_same "no end of line" "$(cat "$WORK/out")" "output"

say "standard input goes to rank 0, all of it"
seq 50000 >"$WORK/numbers"
within 60 dvm run -n 3 "$PROGRAMS/echo_stdin" <"$WORK/numbers" >"$WORK/out"
expect_line "$WORK/out" "^0 read $(stat -c %s "$WORK/numbers") bytes$"
expect_line "$WORK/out" "^1 read 0 bytes$"
expect_line "$WORK/out" "^2 read 0 bytes$"
within 60 dvm run -n 1 --where sim3 cat <"$WORK/numbers" >"$WORK/out"
cmp "$WORK/numbers" "$WORK/out" || fail "cat on another host gave other bytes"

say "a reader that goes away ends the run, and nothing hangs"
set +o pipefail
within 30 dvm run -n 2 "$PROGRAMS/lines" 50000 60 2>"$WORK/err" | head -n 1 >"$WORK/out"
set -o pipefail
await 10 tasks_are 0
halt_machine
