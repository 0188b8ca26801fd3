#!/usr/bin/env bash
# ctest: LIMIT 120
# Whoever is on the network gets nothing at the lane port: not through, no more memory and
# descriptors than a bound, no effect on tasks and on who belongs there; and the log says who
# called and why he was refused, without being filled by it.
. "$(dirname "$0")/lib.sh"

callers=512       # LANES_CALLERS
memory_most=16384 # KiB more than at rest
lines_most=400    # of the log, whatever is tried

start_machine 2
await 20 hosts_are 2
log=$(log_of sim1)
pid=$(daemon_pid sim1)
port=$(($(sed -n 's/.*listening on port \([0-9]*\).*/\1/p' "$log") + 1))

files() { find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l; }
memory_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
logged() { grep -Eq -- "the lane port was refused: $1" "$log"; }
files_at_rest=$(files)
memory_at_rest=$(memory_kib)
settled() { [ "$(files)" -le $((files_at_rest + 8)) ]; }
lanes_reached() { dvm doctor --json | jq -e '[.pairs[].lane.way] == ["direct"]' >/dev/null; }

# sample PID: note the most descriptors and memory until the process has ended
sample() {
    local now
    now=$(files)
    [ "$now" -le "$most_files" ] || most_files=$now
    now=$(memory_kib)
    [ "$now" -le "$most_memory" ] || most_memory=$now
    dead "$1"
}

# crowd MANNER N SECONDS: strangers call while two tasks on two hosts talk
crowd() {
    local rounds worst strangers steady
    most_files=0 most_memory=0
    say "$2 connections that $1, for $3 s"
    "$PROGRAMS/stranger" "$1" "$port" "$2" "$3" >"$WORK/stranger" &
    strangers=$!
    within 60 dvm run -n 2 --where sim1,sim2 "$PROGRAMS/steady" "$3" >"$WORK/steady" &
    steady=$!
    await 60 sample $strangers
    wait $strangers || fail "the strangers failed"
    wait $steady || fail "the tasks failed while strangers called"
    read -r rounds _ _ worst _ <"$WORK/steady"
    say "$(cat "$WORK/stranger"); tasks: $rounds rounds, worst $worst ms; at most" \
        "$most_files descriptors, $most_memory KiB ($memory_at_rest at rest)"
    [ "$rounds" -gt 5 ] || fail "the tasks made $rounds rounds only"
    [ "$most_files" -le $((files_at_rest + callers + 40)) ] || fail "$most_files descriptors"
    sanitized || [ "$most_memory" -le $((memory_at_rest + memory_most)) ] ||
        fail "$most_memory KiB of memory, $memory_at_rest at rest"
    await 20 settled
    hosts_are 2 || fail "a host was lost"
}

# each has descriptors of its own
ulimit -Sn "$(ulimit -Hn)"
many=$(pick 2000 10000)
[ "$(ulimit -n)" -ge $((many + 100)) ] || many=$(($(ulimit -n) - 100))
await 20 lanes_reached
crowd hold "$many" "$(pick 1 30)"
logged "(too many wait to prove themselves|it did not prove itself in time)" || fail "no word of those who waited"
crowd lane "$(pick 200 1000)" "$(pick 6 30)" # longer than half a hello may take
for why in "it was not announced, or not any more" "its hello is malformed" "it did not prove itself in time"; do
    logged "$why" || fail "the log does not say: $why"
done
crowd noise "$(pick 100 500)" "$(pick 1 30)"
logged "what it sent is not the protocol of this port" || fail "no word of those who talked noise"

say "afterwards"
lanes_reached || fail "the lane port is not reached any more"
expect 0 dvm run -n 4 "$PROGRAMS/meet" say
await 15 grep -Eq '[0-9]+ more like this one, the last: a connection from 127\.0\.0\.1 to the lane port' "$log"
lines=$(wc -l <"$log")
[ "$lines" -le $lines_most ] || fail "the log of sim1 has $lines lines"
halt_machine
