#!/usr/bin/env bash
# ctest: COST 11
# Whoever is on the network gets nothing at the lane port: not through, no more memory and
# descriptors than a bound, no effect on tasks and on who belongs there; and the log says who
# called and why he was refused, without being filled by it.
. "$(dirname "$0")/lib.sh"
. "$source_tree/tests/system/crowd.sh"

callers=512       # LANES_CALLERS
files_most=$((callers + 40)) # more than at rest
memory_most=16384 # KiB more than at rest
lines_most=400    # of the log, whatever is tried

start_machine 2
await 20 hosts_are 2
log=$(log_of sim1)
pid=$(daemon_pid sim1)
port=$(($(sed -n 's/.*listening on port \([0-9]*\).*/\1/p' "$log") + 1))

logged() { grep -Eq -- "the lane port was refused: $1" "$log"; }
hosts=2
at_rest
lanes_reached() { dvm doctor --json | jq -e '[.pairs[].lane.way] == ["direct"]' >/dev/null; }

# each has descriptors of its own
ulimit -Sn "$(ulimit -Hn)"
many=$(pick 2000 10000)
[ "$(ulimit -n)" -ge $((many + 100)) ] || many=$(($(ulimit -n) - 100))
await 20 lanes_reached
# of more callers than have room, who waits may be put out before his time is over
no_proof="(too many wait to prove themselves|it did not prove itself in time)"
crowd hold "$port" "$many" "$(pick 1 30)" logged "$no_proof"
all_logged() {
    local why
    for why; do logged "$why" || return 1; done
}
crowd lane "$port" "$(pick 200 1000)" "$(pick 1 30)" all_logged \
    "it was not announced, or not any more" "its hello is malformed" \
    "$(pick "it did not prove itself in time" "$no_proof")"
crowd noise "$port" "$(pick 100 500)" "$(pick 1 30)" logged "what it sent is not the protocol of this port"

say "afterwards"
await 20 lanes_reached
expect 0 dvm run -n 4 "$PROGRAMS/meet" say
await 15 grep -Eq '[0-9]+ more like this one, the last: a connection from 127\.0\.0\.1 to the lane port' "$log"
lines=$(wc -l <"$log")
[ "$lines" -le $lines_most ] || fail "the log of sim1 has $lines lines"
halt_machine
