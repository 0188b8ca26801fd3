#!/usr/bin/env bash
# dvm run --gdb: gdb on the chosen ranks, whichever host they run on: with lines from a
# file, with a terminal, and where there is none.
. "$(dirname "$0")/lib.sh"

command -v gdb >/dev/null || skip "gdb is not installed"

start_machine 3
await 10 hosts_are 3
# of the tasks: leaks cannot be looked for under ptrace
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
cat >"$WORK/commands" <<'EOF'
set pagination off
tbreak dvm_finalize
run
backtrace
print me
continue
EOF

say "one rank on another host, the others as always; the status is the program's"
status=0
within 60 dvm run -n 3 --gdb 2 "$PROGRAMS/endings" exit 2 7 <"$WORK/commands" \
    >"$WORK/out" 2>"$WORK/err" || status=$?
expect_same 7 $status "status"
expect_line "$WORK/out" '^\[2 sim[123]\] Temporary breakpoint 1(\.[0-9]+)?, dvm_finalize'
expect_line "$WORK/out" '^\[2 sim[123]\] .* main '
expect_line "$WORK/out" '^\[2 sim[123]\] \[Inferior 1 .* exited with code 07\]'
expect_count 3 'rank [012] is here' "$WORK/out"
expect_count 0 '^\[[01] .*reakpoint' "$WORK/out"
expect_line "$WORK/err" 'rank 2 .*exited with status 7'

say "all ranks get each line, and equal answers are one"
status=0
within 60 dvm run -n 3 --gdb all --collapse "$PROGRAMS/endings" exit 0 0 <"$WORK/commands" \
    >"$WORK/out" 2>"$WORK/err" || status=$?
expect_same 0 $status "status"
for rank in 0 1 2; do
    expect_line "$WORK/out" "rank $rank is here"
done
expect_count 3 "Inferior 1 .*exited normally" "$WORK/out"
await 10 tasks_are 0

say "lines are for those that are chosen"
cat >"$WORK/chosen" <<'EOF'
print 1000+1
@0,2
print 2000+2
@1
print 3000+3
@5
print 4000+4
@all
print 5000+5
EOF
within 60 dvm run -n 3 --gdb all "$PROGRAMS/endings" exit 0 0 <"$WORK/chosen" \
    >"$WORK/out" 2>"$WORK/err" || :
for wanted in "0 1001,2002,5005" "1 1001,3003,4004,5005" "2 1001,2002,5005"; do
    expect_same "${wanted#* }" "$(sed -n "s/^\[${wanted% *} .* = //p" "$WORK/out" | paste -sd,)" \
        "what rank ${wanted% *} printed"
done
expect_line "$WORK/err" "^dvm: there is no rank 5: .*; nothing has changed$"
await 10 tasks_are 0

say "a crash shows where"
printf 'run\nbacktrace\n' >"$WORK/crash"
status=0
within 60 dvm run -n 2 --gdb 1 "$PROGRAMS/endings" signal 1 11 <"$WORK/crash" \
    >"$WORK/out" 2>"$WORK/err" || status=$?
not test $status = 0 || fail "a crash is no success"
expect_line "$WORK/out" '^\[1 sim[123]\] .*received signal SIGSEGV'
expect_line "$WORK/out" 'end_early'
await 10 tasks_are 0

say "no input at all is the end of gdb, not a hang"
status=0
within 60 dvm run -n 2 --gdb 0 "$PROGRAMS/endings" exit 0 0 </dev/null >"$WORK/out" 2>&1 || status=$?
expect_same 255 $status "status"
await 10 tasks_are 0

say "^C interrupts the program under gdb, and the run goes on"
mkfifo "$WORK/keys"
dvm run -n 2 --gdb 1 "$PROGRAMS/endings" wait 1 0 <"$WORK/keys" >"$WORK/out" 2>"$WORK/err" &
run=$!
exec 5>"$WORK/keys"
echo run >&5
await 30 grep -q ready "$WORK/out"
kill -INT $run
await 30 grep -q "received signal SIGINT" "$WORK/out"
await 10 grep -q "^dvm: SIGINT sent to rank 1 under gdb; " "$WORK/err"
printf 'kill\nquit\n' >&5
exec 5>&-
wait $run || :
await 20 tasks_are 0

if command -v script >/dev/null; then
    say "with a terminal gdb has one, too, of the same size"
    mkfifo "$WORK/typed"
    script -qfec "stty rows 33 cols 77; dvm run -n 2 --gdb 1 '$PROGRAMS/endings' wait 1 0" \
        "$WORK/screen" <"$WORK/typed" >/dev/null 2>&1 &
    run=$!
    exec 5>"$WORK/typed"
    await 30 grep -q '(gdb)' "$WORK/screen"
    echo 'shell stty size; tty' >&5
    await 30 grep -q '33 77' "$WORK/screen"
    await 10 grep -q '/dev/pts/' "$WORK/screen"
    echo run >&5
    await 30 grep -q ready "$WORK/screen"
    printf '\003' >&5
    await 30 grep -q "received signal SIGINT" "$WORK/screen"
    printf '\035' >&5 # ^]
    await 20 grep -q 'SIGINT sent to 2 tasks; ^] again sends SIGTERM' "$WORK/screen"
    await 20 tasks_are 1
    printf '\035' >&5
    await 20 grep -q 'SIGTERM sent to 1 task; ' "$WORK/screen"
    await 20 tasks_are 0
    exec 5>&-
    wait $run || :
fi

say "a host without gdb is named, and nothing is started"
mkdir "$WORK/path"
for tool in sh touch; do ln -s "$(command -v $tool)" "$WORK/path/$tool"; done
status=0
dvm=$(command -v dvm)
PATH=$WORK/path "$dvm" run -n 3 --gdb 1 touch "$WORK/was-run" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
expect_same 127 $status "status"
expect_line "$WORK/err" "gdb"
expect_line "$WORK/err" "sim[123]"
[ ! -e "$WORK/was-run" ] || fail "tasks were started"

say "wrong ranks: status 2"
expect 2 dvm run -n 3 --gdb 3 true
expect 2 dvm run -n 3 --gdb one true
expect 2 dvm run -n 3 --gdb 1 --stdin 1 true
halt_machine
