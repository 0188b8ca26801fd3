#!/usr/bin/env bash
# bench/tune measures every call that has several algorithms, on the machine as it is, and writes a
# table that programs accept and use: the whole way of one who tunes a cluster.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
say "measure 4 tasks on 2 hosts"
within 300 dvm run -n 4 "$build/bench/tune" "$(pick 8 65536)" >"$WORK/table"
calls=$(sed -n '/^| call | algorithms |$/,/^$/p' "$source_tree/docs/performance.md" |
    cut -d'|' -f2 | grep -o '`[a-z_]*`' | tr -d '`')
[ "$(wc -w <<<"$calls")" -ge 13 ] || fail "the list of calls was not found"
for call in $calls; do
    expect_line "$WORK/table" "^$call +2 +any [a-z_]+$"
    expect_line "$WORK/table" "^$call +4 +any [a-z_]+$"
done

say "programs use it"
expect 0 env DVM_COLL_TABLE="$WORK/table" dvm run -n 4 "$EXAMPLES/jacobi" --rows 64 --columns 64 --steps 20 --check
expect_line "$WORK/out" "^check: ok"
expect 0 env DVM_COLL_TABLE="$WORK/table" dvm run -n 4 "$EXAMPLES/samplesort" --keys 10000 --check
expect_line "$WORK/out" "^check: ok"
echo "allreduce 4 any sideways" >>"$WORK/table"
expect 1 env DVM_COLL_TABLE="$WORK/table" dvm run -n 4 "$EXAMPLES/pi" --steps 1000
expect_line "$WORK/err" "table:$(wc -l <"$WORK/table"): \"sideways\" is no algorithm of that call"
halt_machine
