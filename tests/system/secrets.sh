#!/usr/bin/env bash
# Where secrets do not get: a daemon writes no core file, but its keeper and tasks keep their
# limits, and with --debug so does it; the text of a ticket is in nobody's memory once it
# has done its work.
. "$(dirname "$0")/lib.sh"

! sanitized || skip "a sanitizer forbids core files and keeps what was freed"
ulimit -Hc unlimited 2>/dev/null || :
ulimit -Sc 4096 2>/dev/null || skip "no core files are allowed here, so none can be seen to be left out"

# core_limit PID: the soft limit of a process, bytes
core_limit() { awk '/^Max core file size/ { print $5 }' "/proc/$1/limits"; }

# holds PID FILE: whether what a process can write to has the text that is in FILE
holds() {
    local range perms rest start
    while read -r range perms rest; do
        [[ $perms == rw* && $rest != *"[vvar"* ]] || continue
        start=$((0x${range%-*}))
        dd if="/proc/$1/mem" iflag=skip_bytes,count_bytes skip=$start \
            count=$((0x${range#*-} - start)) bs=64K status=none 2>/dev/null |
            LC_ALL=C grep -caFf "$2" >/dev/null && return 0 # -c reads to the end
    done <"/proc/$1/maps"
    return 1
}

say "no core file of a daemon"
allowed=$(core_limit self)
[ "$allowed" != 0 ] || fail "this shell itself may write none"
start_machine 1
pid=$(daemon_pid sim1)
expect_same 0 "$(core_limit "$pid")" "the daemon's core file"
keeper=$(pgrep -P "$pid" || :)
[ -n "$keeper" ] || fail "the keeper is not found"
expect_same "$allowed" "$(core_limit "$keeper")" "its keeper's"
# shellcheck disable=SC2016
expect_same "$allowed" "$(dvm run -n 1 awk '/^Max core file size/ { print $5 }' /proc/self/limits)" "a task's"

say "the text of a ticket"
dvm invite --quiet --uses 3 >"$WORK/ticket"
# a part of it, of which no piece stands in another form elsewhere
cut -c 20-80 "$WORK/ticket" >"$WORK/part"
within 30 dvmd --join "$WORK/ticket" --host one
within 30 dvmd --join - --host two --debug <"$WORK/ticket"
# the look finds what is there: in this shell
read -r here <"$WORK/ticket"
holds $$ "$WORK/part" || skip "what is in memory cannot be looked at here (${#here} bytes are)"
for host in one two; do
    pid=$(daemon_pid $host)
    for process in "$pid" $(pgrep -P "$pid"); do
        ! holds "$process" "$WORK/part" || fail "process $process of host $host still has the ticket"
    done
done
expect_same "$allowed" "$(core_limit "$(daemon_pid two)")" "the core file of a daemon with --debug"
pid=$(daemon_pid sim1)
! holds "$pid" "$WORK/part" || fail "the daemon that made the ticket still has its text"
halt_machine
