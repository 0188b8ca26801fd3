#!/usr/bin/env bash
# `dvm run` ends with the program's status as a shell would expect it, says in words
# how a task ended and which, and starts nothing when the program is not on all hosts.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
endings=$PROGRAMS/endings

say "status of the program"
expect 0 dvm run -n 3 "$endings" exit 1 0
expect_count 3 "^rank [0-2] is here" "$WORK/out"
expect 7 dvm run -n 3 "$endings" exit 1 7
expect_line "$WORK/err" "rank 1"
expect 5 dvm run -n 1 sh -c 'exit 5'

say "a task that ends early ends the others, and the sentence names it"
expect 3 dvm run -n 4 "$endings" early 2 3
expect_line "$WORK/err" "rank 2.*status 3"
await 10 tasks_are 0

say "signals: 128 + n, in words"
expect 139 dvm run -n 3 "$endings" signal 1 11
expect_line "$WORK/err" "rank 1.*(SIGSEGV|signal 11|[Ss]egmentation)"
expect 137 dvm run -n 3 "$endings" signal 0 9
await 10 tasks_are 0

say "dvm_abort gives its status"
expect 4 dvm run -n 3 "$endings" abort 1 4
await 10 tasks_are 0

say "a time limit ends the tasks: status 124"
expect 124 dvm run -n 3 --timeout 1 "$endings" wait 0 0
expect_line "$WORK/err" "1 s|time|limit"
await 10 tasks_are 0

say "a program that is nowhere names each host, and nothing was started"
expect 127 dvm run -n 4 dvm-no-such-program
expect_line "$WORK/err" "sim1"
expect_line "$WORK/err" "sim2"
: >"$WORK/not-executable"
expect 126 dvm run -n 2 "$WORK/not-executable"
for run in run spawn; do
    printf 'exit 0\n' >"$WORK/no-script" && chmod +x "$WORK/no-script"
    expect 126 dvm "$run" -n 2 "$WORK/no-script"
    expect_line "$WORK/err" "no-script.*neither a program for this system nor a script"
    printf '#!/no/such/interpreter\n' >"$WORK/no-interpreter" && chmod +x "$WORK/no-interpreter"
    expect 126 dvm "$run" -n 2 "$WORK/no-interpreter"
    expect_line "$WORK/err" "no-interpreter.*the interpreter behind #!"
done

say "no advice that does not help"
cd "$WORK"
cp "$endings" here
expect 127 dvm run here
expect_line "$WORK/err" "did you mean ./here"
expect_count 0 "push" "$WORK/err"
expect 127 dvm run .
expect_count 0 "did you mean|push" "$WORK/err"
cd "$OLDPWD"
await 10 tasks_are 0
say "a folder that is not there is named, once"
mkdir "$WORK/gone"
(cd "$WORK/gone" && rmdir "$WORK/gone" && ! dvm run -n 4 true 2>"$WORK/err") || fail "it ran"
expect_count 1 "working directory" "$WORK/err"
if [ "$(id -u)" = 0 ]; then
    # a folder that the console's namespace has and the daemons' has not
    unshare --mount sh -c "mount -t tmpfs none '$WORK' && mkdir '$WORK/mine' && cd '$WORK/mine' &&
        dvm run -n 4 hostname" >"$WORK/out" 2>"$WORK/err" || status=$?
    expect_count 2 "in $WORK/mine: the working directory cannot be entered" "$WORK/err"
fi
await 5 tasks_are 0

say "usage errors: status 2"
expect 2 dvm run -n 0 true
expect 2 dvm run -n many true
expect 2 dvm run
expect 2 dvm no-such-command
halt_machine
