#!/usr/bin/env bash
# A receive that does not fit its message names both sides: rank, host, count, type and bytes
# of the sender, and those of the receiver with the line of its call; and the message is
# still there. Without debugging information the place in the program stands for the line.
. "$(dirname "$0")/lib.sh"

# line COMMENT: of the program's source
line() { grep -n "/\* $1 \*/" "$source_tree/tests/system/programs/mismatch.c" | cut -d: -f1; }

small=mismatch.c:$(line small) type=mismatch.c:$(line type)
plain='mismatch\+0x[0-9a-f]+'
if ! command -v addr2line >/dev/null && ! command -v eu-addr2line >/dev/null; then
    small=$plain type=$plain
fi

# expect_both SMALL TYPE: both sentences, with these as places
expect_both() {
    expect_line "$WORK/out" "got 42$"
    expect_line "$WORK/err" "ERR_TRUNCATE: rank 3 \(sim2\) sent 200 double \(1600 B\), tag 7; rank 0 posted 100 double \(800 B\) at $1: "
    expect_line "$WORK/err" "ERR_TYPE: rank 3 \(sim2\) sent 1 double \(8 B\), tag 7; rank 0 posted 1 int \(4 B\) at $2: "
}

start_machine 2
await 10 hosts_are 2
expect 1 dvm run -n 4 "$PROGRAMS/mismatch"
expect_both "$small" "$type"
if command -v strip >/dev/null; then
    cp "$PROGRAMS/mismatch" "$WORK/mismatch"
    strip "$WORK/mismatch"
    await 10 tasks_are 0 # they take no place any more
    expect 1 dvm run -n 4 "$WORK/mismatch"
    expect_both "$plain" "$plain"
fi
halt_machine
