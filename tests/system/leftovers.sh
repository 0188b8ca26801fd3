#!/usr/bin/env bash
# What a machine leaves: nothing in the file systems, after a clean end, after a run
# that was interrupted, and after a SIGTERM to its daemons; what kill -9 leaves does not
# disturb anybody, and links in its place are refused.
. "$(dirname "$0")/lib.sh"

files() { find /tmp /dev/shm /run -xdev -newer "$WORK/started" -name "*$DVM_MACHINE*" 2>/dev/null; }

say "interrupt a run: its tasks end, the machine goes on"
start_machine 2
await 10 hosts_are 2
dvm run -n 4 "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"
kill -INT $run
status=0
wait $run || status=$?
expect_same 130 $status "status of the interrupted run"
await 10 tasks_are 0
hosts_are 2 || fail "the machine did not go on"
halt_machine
expect_same "" "$(files)" "files after halt"

say "SIGTERM ends a daemon in good order"
start_machine 2
await 10 hosts_are 2
kill_daemon sim2 TERM
await 10 hosts_are 1
kill_daemon sim1 TERM
await 10 no_process_left
expect_same "" "$(files)" "files after SIGTERM"

say "halt takes along what kill -9 left"
start_machine 3
await 10 hosts_are 3
kill_daemon sim3
await 10 hosts_are 2
await 10 no_process_of sim3
[ -e "$(log_of sim3)" ] || fail "expected the log of the killed daemon to be there"
halt_machine
expect_same "" "$(files)" "files after kill -9 and halt"

say "the next start takes along what kill -9 left"
start_machine 2
await 10 hosts_are 2
kill_daemon sim2
kill_daemon sim1
await 10 no_process_left
start_machine
for host in sim1 sim2; do
    [ ! -e "$(log_of $host)" ] || fail "the folder of the killed daemon of $host is left"
done
halt_machine
expect_same "" "$(files)" "files after kill -9 and another machine"

say "what kill -9 leaves is taken over"
start_machine
pid=$(daemon_pid "$(hosts_up)")
kill -KILL "$pid"
await 10 no_process_left
[ -n "$(files)" ] || fail "expected the folder of the killed daemon to be there"
expect 4 dvm hosts
start_machine
halt_machine
expect_same "" "$(files)" "files after the second halt"

say "a link in the place of the folder is refused, and what it points to not touched"
mkdir "$WORK/target"
[ -d "$RUNTIME" ] || mkdir -m 700 "$RUNTIME"
ln -s "$WORK/target" "$RUNTIME/$DVM_MACHINE"
status=0
timeout 30 dvm start >"$WORK/out" 2>"$WORK/err" || status=$?
[ $status != 0 ] || fail "a link was followed"
expect_same "" "$(ls -A "$WORK/target")" "what is in the link's target"
rm "$RUNTIME/$DVM_MACHINE"
