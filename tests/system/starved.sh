#!/usr/bin/env bash
# Daemons that are starved of CPU by four times as many busy processes as there are cores
# are not declared dead, with a time of silence of one second (10 minutes with --long); and
# one that is really silent then is still noticed.
# ctest: LIMIT 900 RUN_SERIAL TRUE
. "$(dirname "$0")/lib.sh"

seconds=$(pick 20 600)

# urgent PID...: four times overload is what is promised, and what else this computer does shall
# not make it ten times. All that the test starts gets the same priority over that, so that among
# each other nothing changes. The scheduler may have a group for each session, as daemons have
# their own; so the busy processes get theirs, too. Only root may.
urgent() {
    local pid
    for pid; do
        renice -n -12 -p "$pid" && echo -12 >"/proc/$pid/autogroup"
    done >/dev/null 2>&1 || :
}

urgent $$
say "priority $(ps -o ni= -p $$), load $(cut -d' ' -f1-3 /proc/loadavg) before"
within 30 dvm start --hosts 4 --silence 1s
await 20 hosts_are 4
dvm run -n 4 "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"
# shellcheck disable=SC2046
urgent $(machine_pids)

busy=()
for ((i = 0; i < 4 * $(nproc); i++)); do
    # shellcheck disable=SC2016
    env -u DVM_MACHINE setsid sh -c 'echo $$ >"$1"; exec timeout "$2" sh -c "while :; do :; done"' \
        busy "$WORK/busy.$i" $((seconds + 60)) &
    await 10 test -s "$WORK/busy.$i"
    busy+=("$(cat "$WORK/busy.$i")")
done
urgent "${busy[@]}"
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
pid=$(daemon_pid sim4)
at_end+=("kill -KILL $pid 2>/dev/null")
killed_hosts+=(sim4)
begin=$(now_ms)
kill -STOP "$pid"
await 20 grep -q "host sim4 .* was lost" "$(log_of sim1)"
# when it was noticed is in the log: this script is short of CPU, too
noticed=$(date -d "$(sed -n '/host sim4 .* was lost/{s/ .*//p;q}' "$(log_of sim1)")" +%s%3N)
say "it took $((noticed - begin)) ms"
[ $((noticed - begin)) -lt $((4000 * time_scale)) ] || fail "too long"
kill "${busy[@]}" 2>/dev/null || :
kill -CONT "$pid"
await 20 hosts_are 4
wait $run || :
halt_machine
