#!/usr/bin/env bash
# ctest: COST 28
# A task of the machine itself that misbehaves (malformed frames, another's name, floods,
# nonsense in shared memory) is cut off in words, or bounded; tasks beside it go on, and
# so do the daemons.
. "$(dirname "$0")/lib.sh"

say "start a machine of 2 hosts"
within 60 dvm start --hosts 2 --silence 60 # one of them is stopped for a while, below
await 20 hosts_are 2
log=$(log_of sim1)
memory_most=$((300 * 1024)) # KiB: what may wait for a client, and for a host
pid=$(daemon_pid sim1)

: >"$WORK/go-on"
dvm run -n 2 --where sim1,sim2 "$PROGRAMS/steady" "$WORK/go-on" >"$WORK/steady" 2>&1 &
steady=$!
dvm run -n 2 --where sim1 "$PROGRAMS/steady" "$WORK/go-on" >"$WORK/steady2" 2>&1 &
steady2=$!
at_end+=("kill $steady $steady2 2>/dev/null")
await 20 tasks_are 4

# cut_off HOW WORDS: the task ends with an error, and the log says why
cut_off() {
    local status=0
    say "$1"
    timeout $((120 * time_scale)) dvm run -n 1 --where sim1 "$PROGRAMS/bad_task" "$1" >"$WORK/out" 2>"$WORK/err" || status=$?
    [ $status != 0 ] || fail "a task that sends $1 ended well"
    [ $status != 124 ] || fail "a task that sends $1 hangs"
    expect_line "$WORK/err" "$2"
    expect_line "$log" "refused: .*$2"
}
cut_off junk 'a packet of 8 bytes is no frame'
cut_off cut 'a packet of 74 bytes is no frame'
cut_off src 'task 0x[0-9a-f]+ sent a frame as if it were 0x[0-9a-f]+'
cut_off notice 'sent a notify message of its own making'

memory_kib() { awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"; }
# flood HOW...: it has no effect on the daemon but some memory
flood() {
    expect 0 dvm run -n 1 --where sim1 "$PROGRAMS/bad_task" "$@"
    say "$1: $(cat "$WORK/out"); the daemon took at most $(memory_kib) KiB"
    sanitized || [ "$(memory_kib)" -le $memory_most ] || fail "$(memory_kib) KiB of memory"
    alive "$pid" || fail "the daemon has ended"
}
flood flood
flood names
within 20 dvm groups >"$WORK/out" # the keeper of names still answers
flood far
say "to a host that takes nothing"
kill_daemon sim2 STOP
flood far 6
read -r requests _ <"$WORK/out"
kill -CONT "$(daemon_pid sim2)"
killed_hosts=()
# LOCAL_AWAY_MAX, what the socket holds, and some that wait already
[ "$requests" -le 1500 ] || fail "$requests requests were taken for a host that takes none"

say "ring"
expect 0 dvm run -n 2 --where sim1 "$PROGRAMS/bad_task" ring
expect_line "$WORK/out" '^the other: .*0x|^the other: .*rank 0'
cat "$WORK/out"

say "the others"
tasks_are 4 || fail "a task beside them has ended"
rm "$WORK/go-on"
wait $steady || { cat "$WORK/steady" >&2; fail "a task beside them failed"; }
wait $steady2 || { cat "$WORK/steady2" >&2; fail "a task beside them failed"; }
cat "$WORK/steady" "$WORK/steady2"
hosts_are 2 || fail "a host was lost"
expect 0 dvm run -n 2 "$PROGRAMS/meet"
halt_machine
