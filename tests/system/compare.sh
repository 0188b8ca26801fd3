#!/usr/bin/env bash
# bench/compare works: from an installed DVM it makes one JSON object a line and figure,
# with its keys, ratios that fit its figures, and plots. Its sizes here are tiny, so its
# figures say nothing.
# ctest: LIMIT 900 COST 30
. "$(dirname "$0")/lib.sh"

if sanitized; then skip "an installed prefix is made from a build without sanitizers"; fi

only=$(pick dvm,openmpi dvm,mpich,openmpi,pvm)
read -ra sections <<<"$(pick "shm start link pvm" "shm net net4 over start link pvm")"
say "measure ${sections[*]} ($only)"
status=0
DVM_BUILD=$build BENCH_MACHINE=$DVM_MACHINE "$source_tree/bench/compare" --quick --as-is --turns "$(pick 1 2)" --only "$only" --json \
    --plots "$WORK/plots" "${sections[@]}" >"$WORK/json" 2>"$WORK/talk" || status=$?
cat "$WORK/talk"
expect_same 0 $status "exit status of bench/compare"
# a peer that is not ready in its time on a busy computer is tried again, or has fewer figures
! grep -E "failed|wrong" "$WORK/talk" | grep -vE ': (mpich|openmpi) failed with status 124$' || fail "something was not measured"

say "every line is an object with the keys"
jq -se 'length > 10 and all(.[]; (keys_unsorted | .[0:8]) ==
    ["where", "metric", "unit", "dvm", "mpich", "openmpi", "limit", "ratio_best_peer"])' "$WORK/json" >/dev/null ||
    fail "lines without the keys: $(head -n 3 "$WORK/json")"
for metric in latency_8B latency_1KiB bandwidth_64KiB bandwidth_1MiB bandwidth_4MiB rate_8B latency_8B_p50 latency_8B_p99 \
    memory_private barrier bcast_8B reduce_8B allreduce_8B allgather_1KiB alltoall_32KiB neighbours_1KiB column_16KiB hand_column_16KiB overlap_cpu_1MiB cpu_blocked_0.5s; do
    jq -se --arg m $metric 'any(.[]; .where == "shm" and .metric == $m and .dvm > 0)' "$WORK/json" >/dev/null ||
        fail "no figure of DVM for $metric"
done
jq -se 'any(.[]; .metric == "run_16" and .dvm > 0 and .limit > 0)' "$WORK/json" >/dev/null || fail "no figure of a start"
jq -se 'all(.[] | select(.dvm and .openmpi and (.mpich | not) and .unit != "part"); (.ratio_best_peer * .openmpi / .dvm - 1) | fabs < 0.01)' \
    "$WORK/json" >/dev/null || fail "ratios do not fit the figures"
jq -se 'any(.[]; .where == "link" and .metric == "latency_8B" and .dvm > 5000) and
    any(.[]; .where == "link" and .metric == "hidden_1MiB" and .dvm)' "$WORK/json" >/dev/null ||
    fail "no figure of a link that waits: $(grep '"link"' "$WORK/json")"
for metric in latency_8B bandwidth_1MiB spawn_4; do
    jq -se --arg m $metric 'any(.[]; .where == "pvm" and .metric == $m and .dvm > 0)' "$WORK/json" >/dev/null ||
        fail "no figure of a program of PVM for $metric"
done
if command -v valgrind >/dev/null; then
    say "the count of instructions is plausible"
    jq -se 'all(.[] | select(.unit == "instructions"); .dvm > 50 and .dvm < 50000)' "$WORK/json" >/dev/null ||
        fail "instructions: $(grep instructions "$WORK/json")"
    expect_count 2 '"unit":"instructions"' "$WORK/json"
fi

say "there are plots"
for plot in shm-latency shm-bandwidth; do
    expect_line "$WORK/plots/$plot.svg" "<polyline"
done
