#!/usr/bin/env bash
# dvm ps tells of each task whether it computes or what it waits for: the call, why, whom,
# the tag, and the line of the program; for every call that can wait, and nothing when it
# goes on.
# ctest: COST 16
. "$(dirname "$0")/lib.sh"

program=$PROGRAMS/each_wait
lines_known=1
command -v addr2line >/dev/null || command -v eu-addr2line >/dev/null || lines_known=

# at NAME: where the program makes this call, as dvm ps should tell it
at() {
    [ "$lines_known" ] || { echo null; return; }
    echo "each_wait.c:$(grep -n "at: $1 \*/" "$source_tree/tests/system/programs/each_wait.c" | cut -d: -f1)"
}

# told: what dvm ps tells of all tasks, a line each, in order of ranks
told() {
    dvm ps --json >"$WORK/ps"
    jq -r --arg lines "$lines_known" '.tasks | sort_by(.rank)[] | "\(.rank) \(.doing)" + (.waiting |
        if . then " \(.call) \(.why) \(.rank) \(.tag) \(.requests) " +
        (if $lines == "" then "null" else .at end) else "" end)' "$WORK/ps" >"$WORK/told"
}
tells() { told && diff "$WORK/wanted" "$WORK/told" >"$WORK/diff"; }
await_told() { wait_until "$least" tells || { cat "$WORK/diff" "$WORK/run" >&2; fail "dvm ps tells something else: $1"; }; }

start_machine 2
await 10 hosts_are 2

say "each in another call"
DVM_BSEND_BYTES=100000 dvm run -n 15 "$program" "$WORK/go" >"$WORK/run" 2>&1 &
run=$!
cat >"$WORK/wanted" <<END
0 computing
1 waiting recv message 0 11 1 $(at recv)
2 waiting recv message null null 1 $(at any)
3 waiting ssend match 0 13 1 $(at ssend)
4 waiting send match 0 14 1 $(at send)
5 waiting send credit 0 15 1 $(at credit)
6 waiting bsend copies 0 16 0 $(at bsend)
7 waiting sendrecv message 0 17 1 $(at sendrecv)
8 waiting wait message 0 18 1 $(at wait)
9 waiting waitany message 0 19 2 $(at waitany)
10 waiting waitall message 0 20 3 $(at waitall)
11 waiting probe message 0 21 0 $(at probe)
12 waiting mprobe message 0 22 0 $(at mprobe)
13 waiting finalize match 0 23 0 $(at finalize)
14 waiting task_wait end null null 0 $(at task_wait)
END
await_told "each call"
tid=$(jq '.tasks[] | select(.rank == 0) | .tid' "$WORK/ps")
expect_same "$tid" "$(jq '.tasks[] | select(.rank == 14) | .waiting.peer' "$WORK/ps")" "whose end is waited for"
expect_same 1048576 "$(jq '.tasks[] | select(.rank == 4) | .waiting.bytes' "$WORK/ps")" "bytes"
before=$(jq '.tasks[] | select(.rank == 1) | .waiting.seconds' "$WORK/ps")
longer() { told && [ "$(jq --argjson b "$before" '.tasks[] | select(.rank == 1) | .waiting.seconds > $b' "$WORK/ps")" = true ]; }
await 10 longer

say "the same as a table"
expect 0 dvm ps
expect_line "$WORK/out" "^0x[0-9a-f]+ +0 .* computing .* -$"
expect_line "$WORK/out" " recv from rank 0, tag 11(, at each_wait\.c:[0-9]+)?, [0-9.]+s"
expect_line "$WORK/out" " recv from anybody(, at each_wait\.c:[0-9]+)?, "
expect_line "$WORK/out" " send to rank 0, tag 15, which gives no credit, "
expect_line "$WORK/out" " task_wait, end of $(printf 0x%x "$tid") \(rank 0 of the world\), "

say "all go on"
touch "$WORK/go"
wait $run || { cat "$WORK/run" >&2; fail "the run ended with $?"; }

say "collectives"
dvm run -n 2 "$program" collectives "$WORK/go" >"$WORK/run" 2>&1 &
run=$!
for call in barrier bcast reduce allreduce; do
    printf '0 computing\n1 waiting %s message 0 null 1 %s\n' $call "$(at $call)" >"$WORK/wanted"
    await_told "$call"
    touch "$WORK/go.$call"
done
wait $run || { cat "$WORK/run" >&2; fail "the run ended with $?"; }

say "a program that does not use libdvm is just running"
expect 0 dvm spawn sleep 1000 # until it is killed
await 10 tasks_are 1
expect_same "running null null" "$(dvm ps --json | jq -r '.tasks[] | "\(.state) \(.doing) \(.waiting)"')" "what it does"
expect 0 dvm kill -s KILL all
halt_machine
