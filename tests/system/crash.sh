#!/usr/bin/env bash
# A task that crashes says at which line, and dvm run how it ended: also where its stack is
# full, and where the crash is in a library. Who has a handler of his own keeps it.
. "$(dirname "$0")/lib.sh"

if sanitized; then skip "a sanitizer tells of crashes itself"; fi
command -v addr2line >/dev/null || skip "addr2line is not installed: there are no lines"
source=$source_tree/tests/system/programs/crash.c
line() { echo "crash.c:$(grep -n "at: $1 " "$source" | cut -d: -f1)"; }
start_machine 1

# crashes HOW STATUS PATTERN: what rank 1 says
crashes() {
    say "$1"
    expect "$2" dvm run -n 2 "$PROGRAMS/crash" "$1"
    expect_line "$WORK/err" "^dvm: rank 1 \(tid 0x[0-9a-f]+, host [^ ]+\): crashed $3"
    expect_count 1 "crashed" "$WORK/err"
}
crashes store 139 "at $(line store), called from $(line caller), $(line main): signal 11 \(.*, address 0\)$"
expect_line "$WORK/err" "^dvm: rank 1 .* was ended by signal 11 "
# the stack may end at any instruction, also at the call itself
crashes deep 139 "at (crash.c:[0-9]+, called from )?$(line deep).*: signal 11 .*: its stack is full"
crashes abort 134 "in .*libc.*, called at $(line abort), .*: signal 6 \([^,]*\)$"
crashes library 139 "in .*libc.*, called at $(line library), .*: signal 11 .*address 0x8"
crashes function 139 "at address 0, where no function is, called at $(line function).*: signal 11 "
crashes thread 139 "at $(line store), called from .*: signal 11 "
crashes deep_thread 139 "at (crash.c:[0-9]+, called from )?$(line deep).*: signal 11 .*: its stack is full"
if [ "$(uname -m)" = x86_64 ]; then
    crashes divide 136 "at $(line divide), called from $(line main): signal 8 "
fi

say "too large an array before dvm_init"
expect 139 dvm run -n 2 "$PROGRAMS/crash" early
expect_line "$WORK/err" "^dvm: crashed at crash.c:[0-9]+, called from crash.c:[0-9]+: signal 11 .*: its stack is full"

say "an address that the kernel refuses is told, too"
expect 1 dvm run -n 2 "$PROGRAMS/crash" send
expect_line "$WORK/err" "DVM_ERR_ARG: 400 bytes of a message at 0x8 cannot be read: its address or its count"

say "a handler of the program's own, and none that is wanted"
expect 9 dvm run -n 2 "$PROGRAMS/crash" own
expect_count 0 "crashed" "$WORK/err"
expect 139 env DVM_BACKTRACE=0 dvm run -n 2 "$PROGRAMS/crash" store
expect_count 0 "crashed" "$WORK/err"
expect_line "$WORK/err" "^dvm: rank 1 .* was ended by signal 11 "
await 10 tasks_are 0
halt_machine
