#!/usr/bin/env bash
# A flood of small messages to a task that does not receive makes the sender wait and
# stays under the limit on both sides and in the daemons; then all arrive, in order.
# ctest: PROCESSORS 2 RESOURCE_LOCK memory COST 14
. "$(dirname "$0")/lib.sh"

count=$(pick 1000000 10000000)
sanitized && count=400000
limit_kib=$((200 * 1024))
sanitized && limit_kib=$((600 * 1024))

# peak PID: most memory that a process ever had, KiB
peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$1/status"; }

# flood WHERE: rank 0 receives, rank 1 floods, rank 2 looks on
flood() {
    say "$count messages: $1"
    within 500 dvm run -n 3 "${@:2}" "$PROGRAMS/flood" "$count" >"$WORK/out"
    expect_line "$WORK/out" "^all $count messages came in order"
    expect_line "$WORK/out" "^sender stood still after"
    stood=$(sed -n 's/^sender stood still after \([0-9]*\) .*/\1/p' "$WORK/out")
    for who in sender receiver; do
        kib=$(sed -n "s/^$who: \([0-9]*\) KiB.*/\1/p" "$WORK/out")
        say "  $who: $kib KiB at most, stood still after $stood"
        [ "$kib" -lt "$limit_kib" ] || fail "the $who held $kib KiB"
    done
}

start_machine 3
await 10 hosts_are 3
flood "within one host" --where sim1
flood "from host to host"
for host in sim1 sim2 sim3; do
    kib=$(peak "$(daemon_pid $host)")
    say "  daemon of $host: $kib KiB at most"
    [ "$kib" -lt $limit_kib ] || fail "the daemon of $host held $kib KiB"
done
halt_machine
