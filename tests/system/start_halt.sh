#!/usr/bin/env bash
# A machine starts, is seen, and ends without a trace; a second start of the same
# machine is refused in words, and commands without a machine say so (status 4).
. "$(dirname "$0")/lib.sh"

say "with no machine running, commands say so"
expect 4 dvm hosts
expect_line "$WORK/err" "no machine|not running|start"
expect 4 dvm halt

start_machine
expect 0 dvm hosts
expect_count 1 "up" "$WORK/out"

say "a second start is refused, the first goes on"
status=0
dvm start >"$WORK/out" 2>"$WORK/err" || status=$?
[ $status != 0 ] || fail "a second start was not refused"
expect_line "$WORK/err" "$DVM_MACHINE"
expect 0 dvm ps

say "runtime folder, log and socket are for the user alone"
for folder in "$RUNTIME/$DVM_MACHINE" "$RUNTIME/$DVM_MACHINE"/*; do
    expect_same 700 "$(stat -c %a "$folder")" "mode of $folder"
done
for file in "$RUNTIME/$DVM_MACHINE"/*/log; do
    expect_same 600 "$(stat -c %a "$file")" "mode of $file"
done
halt_machine
await 5 no_process_left

start_machine 3
await 10 hosts_are 3
expect_same "sim1 sim2 sim3" "$(hosts_up | sort | xargs)" "names of the hosts"

say "DVM_HOST that names no host here is refused, also to a program, not replaced"
DVM_HOST=sim4 expect 1 dvm hosts
expect_line "$WORK/err" 'DVM_HOST is "sim4".*only sim1, sim2, sim3;'
DVM_HOST=sim4 expect 1 dvm run -n 2 true
expect_line "$WORK/err" 'DVM_HOST is "sim4"'
DVM_HOST=sim4 expect 1 "$PROGRAMS/meet" say
expect_line "$WORK/err" 'NO_HOST.*DVM_HOST is "sim4"'
DVM_HOST=sim3 expect 0 dvm hosts

say "a task reaches its own daemon, whatever it makes of DVM_HOST"
expect 0 dvm run -n 1 --where sim2 env DVM_HOST=other dvm ps
halt_machine

say "an address to listen on that is none, or not this host's, is refused at once"
for address in no-such-host 1.2.3; do
    expect 2 dvm start --bind "$address"
    expect_line "$WORK/err" "$address"
done
expect 1 dvm start --bind 198.51.100.7
expect_line "$WORK/err" "198.51.100.7"
expect 0 dvm start --bind 127.0.0.1
halt_machine

say "nobody is told to close a folder that belongs to all"
mkdir -m 755 "$WORK/open"
DVM_DIR=$WORK/open expect 7 dvm hosts
expect_line "$WORK/err" "open to others.*DVM_DIR"
expect_count 0 "chmod" "$WORK/err"
