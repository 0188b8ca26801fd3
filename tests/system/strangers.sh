#!/usr/bin/env bash
# ctest: COST 27
# Whoever is on the network without a ticket gets nothing from a machine: not in, no
# more memory and descriptors than a bound, no effect on its tasks; and the log says who
# called and why he was refused, without being filled by it.
. "$(dirname "$0")/lib.sh"
. "$source_tree/tests/system/ticket.sh"
. "$source_tree/tests/system/crowd.sh"

callers=1024   # DOOR_CALLERS; each has two descriptors
files_most=$((5 * callers)) # more than at rest: some that ZeroMQ has accepted and the daemon, short
                            # of a core, has not seen yet come on top
memory_most=65536 # KiB more than at rest
lines_most=400 # of the log, whatever is tried

start_machine 2
await 20 hosts_are 2
log=$(log_of sim1)
pid=$(daemon_pid sim1)
port=$(sed -n 's/.*listening on port \([0-9]*\).*/\1/p' "$log")
[ -n "$port" ] || fail "the log of sim1 does not tell the port"

logged() { grep -Eq -- "$1" "$log"; }
must_log() { await 15 logged "$1"; }
at_rest

# refused WORDS LOGGED: the ticket in the file is refused with these words, and the log
# of the coordinator has a line that says so
refused() {
    local before
    before=$(grep -Ec -- "$2" "$log" || :)
    for _ in 1 2 3 4 5; do # on a busy computer the answer may come too late
        expect 1 dvmd --join "$WORK/ticket" --host refused
        await 10 no_process_of refused
        ! grep -Eq -- "$1" "$WORK/err" || break
    done
    expect_line "$WORK/err" "$1"
    logs_more() { [ "$(grep -Ec -- "$1" "$log" || :)" -gt "$2" ]; }
    await 5 logs_more "$2" "$before"
    hosts_are "$hosts" || fail "the number of hosts has changed"
}

hosts=2
say "tickets that are none of this machine's"
dvm invite >"$WORK/good"
ticket_hex <"$WORK/good" >"$WORK/hex"
ticket_with_secret "$(head -c 32 /dev/urandom | to_hex)" <"$WORK/hex" | ticket_text >"$WORK/ticket"
refused "does not know this ticket" "refused: its key is not known in this machine"
ticket_with_server "$(head -c 32 /dev/urandom | to_hex)" <"$WORK/hex" | ticket_text >"$WORK/ticket"
refused "does not know this ticket" "refused: what it sent is encrypted for another machine"
within 30 dvmd --join "$WORK/good" --host one
hosts=3
await 10 hosts_are 3
cp "$WORK/good" "$WORK/ticket"
refused "used up" "host refused was not let in: the ticket is used up"

say "the ticket of another machine, with the address of this one"
DVM_MACHINE=$DVM_MACHINE-other within 30 dvm start
other_port=$(sed -n 's/.*listening on port \([0-9]*\).*/\1/p' "$RUNTIME/$DVM_MACHINE-other"/*/log)
[ -n "$other_port" ] || other_port=$port
DVM_MACHINE=$DVM_MACHINE-other dvm invite >"$WORK/other"
other_port=$(sed -n 's/.*listening on port \([0-9]*\).*/\1/p' "$RUNTIME/$DVM_MACHINE-other"/*/log)
ticket_hex <"$WORK/other" | ticket_with_port "$other_port" "$port" | ticket_text >"$WORK/ticket"
refused "does not know this ticket" "encrypted for another machine"
DVM_MACHINE=$DVM_MACHINE-other within 30 dvm halt

say "what a joiner said, said again"
dvm invite >"$WORK/good"
"$PROGRAMS/stranger" relay "$WORK/said" "$port" >"$WORK/relay" &
relay=$!
at_end+=("kill $relay 2>/dev/null")
await 10 test -s "$WORK/relay"
ticket_hex <"$WORK/good" | ticket_with_port "$port" "$(cat "$WORK/relay")" | ticket_text >"$WORK/ticket"
within 30 dvmd --join "$WORK/ticket" --host two
hosts=4
await 10 hosts_are 4
[ "$(wc -c <"$WORK/said")" -gt 500 ] || fail "too little was recorded"
"$PROGRAMS/stranger" replay "$port" "$WORK/said" >"$WORK/replay"
say "$(cat "$WORK/replay")"
expect_line "$WORK/replay" '^[0-9]{1,3} bytes answered, then the end$'
hosts_are 4 || fail "a recording was let in"

# it goes through the relay: without it, it would have to find another way
dvm rm two
hosts=3
await 10 hosts_are 3
kill $relay

# each has descriptors of its own
ulimit -Sn "$(ulimit -Hn)"
many=10000
[ "$(ulimit -n)" -ge $((many + 100)) ] || many=$(($(ulimit -n) - 100))
files_at_rest=$(files)
crowd hold "$port" $many "$(pick 4 60)"
crowd drip "$port" "$(pick 300 2000)" "$(pick 3 60)"
must_log 'a connection from 127\.0\.0\.1 was refused: (it did not prove itself in time|too many)'
crowd noise "$port" "$(pick 100 500)" "$(pick 2 30)"
crowd noise $((port + 1)) 20 1

say "afterwards"
dvm invite | within 30 dvmd --join - --host late
await 10 hosts_are 4
expect 0 dvm run -n 4 "$PROGRAMS/meet" say
# what was left out is counted
await 15 logged '[0-9]+ more like this one, the last: a connection from 127\.0\.0\.1 was refused'
lines=$(wc -l <"$log")
[ "$lines" -le $lines_most ] || fail "the log of sim1 has $lines lines"
halt_machine
