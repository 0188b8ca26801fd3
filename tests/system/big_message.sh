#!/usr/bin/env bash
# One message may be as large as memory allows: 256 MiB in the quick form; in the long one 1 GiB,
# or 4.25 GiB where there is room for it twice, so that no count is one of 32 bits. Inside one host
# and across two every word is right, and the daemons hold little of it at any time.
# ctest: LIMIT 900 PROCESSORS 2 RESOURCE_LOCK memory COST 14
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
mib=$(pick 256 1024)
free_mib=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
[ "$mib" -lt 1024 ] || [ "$free_mib" -lt 12288 ] || mib=4352
sanitized && mib=32
for where in sim1 'sim[1-2]'; do
    say "$mib MiB on $where"
    within 400 dvm run -n 2 --where "$where" "$PROGRAMS/big_message" "$mib" >"$WORK/out"
    say "  $(grep GB/s "$WORK/out")"
    expect_count 2 "^rank [01]: $((mib * 1048576)) bytes are right" "$WORK/out"
done
for host in sim1 sim2; do
    kib=$(awk '/^VmHWM:/ { print $2 }' "/proc/$(daemon_pid $host)/status")
    say "  daemon of $host: $kib KiB at most"
    [ "$kib" -lt $((200 * 1024)) ] || sanitized || fail "the daemon of $host held $kib KiB"
done
halt_machine
