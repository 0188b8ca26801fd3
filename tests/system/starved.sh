#!/usr/bin/env bash
# Daemons that are starved of CPU by four times as many busy processes as there are cores
# are not declared dead, with a time of silence of one second (10 minutes with --long); and
# one that is really silent then is still noticed.
# ctest: LIMIT 900 RUN_SERIAL TRUE
. "$(dirname "$0")/lib.sh"

seconds=$(pick 20 600)
within 30 dvm start --hosts 4 --silence 1s
await 20 hosts_are 4
dvm run -n 4 "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"

busy=()
for ((i = 0; i < 4 * $(nproc); i++)); do
    env -u DVM_MACHINE timeout $((seconds + 60)) sh -c 'while :; do :; done' &
    busy+=($!)
done
at_end+=('kill "${busy[@]}" 2>/dev/null')
say "${#busy[@]} busy processes on $(nproc) cores for $seconds s"
begin=$(now_ms)
long_enough() { [ $(($(now_ms) - begin)) -ge $((seconds * 1000)) ]; }
await $((seconds + 30)) long_enough

say "load $(cut -d' ' -f1-3 /proc/loadavg); all are still there, and the program runs"
expect_same 4 "$(hosts_up | wc -l)" "hosts that are up"
for i in 1 2 3 4; do expect_count 0 "was lost|has lost" "$(log_of sim$i)"; done
kill -0 $run || fail "the program has ended"
expect_count 4 "is here" "$WORK/run"

say "a daemon that falls silent meanwhile is lost within three times of silence"
begin=$(now_ms)
pid=$(daemon_pid sim4)
kill -STOP "$pid"
at_end+=("kill -KILL $pid 2>/dev/null")
killed_hosts+=(sim4)
await 20 grep -q "host sim4 .* was lost" "$(log_of sim1)"
say "it took $(($(now_ms) - begin)) ms"
[ $(($(now_ms) - begin)) -lt $((4000 * time_scale)) ] || fail "too long"
kill "${busy[@]}" 2>/dev/null || :
kill -CONT "$pid"
await 20 hosts_are 4
wait $run || :
halt_machine
