#!/usr/bin/env bash
# What tasks of two byte orders exchange (docs/unlike.md) is right among tasks of one, too; at full
# size, where the cross compiler, qemu and the archive for s390x are there, scripts/unlike itself is run.
# ctest: LIMIT 600
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
expect 0 dvm run -n 4 "$PROGRAMS/unlike"
expect_count 4 "^rank [0-3] of 4, (little|big)-endian, long of [48] bytes: [0-9]{5} checks passed$" "$WORK/out"
halt_machine

archive=${S390X_ROOT:-}/usr/lib/s390x-linux-gnu/libprotobuf-c.a
if long && ! sanitized && command -v s390x-linux-gnu-gcc >/dev/null && command -v qemu-s390x >/dev/null && [ -e "$archive" ]; then
    say "tasks of s390x"
    within 500 "$source_tree/scripts/unlike" "$build" >"$WORK/out"
    expect_count 12 "checks passed$" "$WORK/out"
fi
