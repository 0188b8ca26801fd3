#!/usr/bin/env bash
# Shared memory between the tasks of a host is small where nothing is sent, and is given back:
# after all of 64 tasks have spoken with all others a task that waits holds at most 64 KiB of it,
# and 4 MiB of its own; and tasks that come and go, also by kill -9, leave none behind.
# ctest: PROCESSORS 2
. "$(dirname "$0")/lib.sh"

# task_pids: of this test's program
task_pids() {
    local pid
    for pid in $(machine_pids); do
        [ "$(readlink "/proc/$pid/exe")" != "$PROGRAMS/neighbours" ] || echo "$pid"
    done
}

# segment_kib PID: memory of the task's pool and its inbox
segment_kib() {
    local fd blocks=0
    for fd in "/proc/$1/fd"/*; do
        case $(readlink "$fd") in
        /memfd:dvm-pool*) blocks=$((blocks + $(stat -L -c %b "$fd"))) ;;
        esac
    done
    echo $((blocks * 512 / 1024 + 4))
}

# private_kib PID
private_kib() { awk '/^Private_/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup"; }

# segments_are_at_most KIB
segments_are_at_most() {
    local pid
    for pid in $(task_pids); do
        [ "$(segment_kib "$pid")" -le "$1" ] || return 1
    done
}

files_of() { { find "/proc/$1/fd" -mindepth 1 2>/dev/null || :; } | wc -l; }
files_are_at_most() { [ "$(files_of "$1")" -le "$2" ]; }

start_machine
n=$(pick 24 64)
pages=$((((n - 1) * 960 + 4095) / 4096))
limit=$((4 + pages * 4))
say "$n tasks, all with all: at most $limit KiB of shared memory each"
dvm run -n "$n" "$PROGRAMS/neighbours" all >"$WORK/met" &
run=$!
await 120 grep -q met "$WORK/met"
await 30 segments_are_at_most "$limit"
pids=$(task_pids)
expect_same "$n" "$(wc -w <<<"$pids")" "tasks"
most=0
for pid in $pids; do
    private=$(private_kib "$pid")
    [ "$private" -le "$most" ] || most=$private
done
say "at most $most KiB of its own"
sanitized || [ "$most" -le 4096 ] || fail "a task has $most KiB of its own memory"
halt_machine
wait $run || :

rounds=$(pick 6 200)
say "$rounds times 8 tasks come, speak with one that stays, and go"
start_machine
dvm run -n 1 "$PROGRAMS/meet"
daemon=$(daemon_pid "$(hosts_up)")
files=$(files_of "$daemon")
dvm run -n 1 "$PROGRAMS/neighbours" root "$rounds" >"$WORK/met" 2>"$WORK/err" &
run=$!
await 250 grep -q met "$WORK/met"
await 30 tasks_are 1
await 30 segments_are_at_most 4
# the daemon keeps what belongs to the one task and its console
await 30 files_are_at_most "$daemon" $((files + 8))
halt_machine
wait $run || :
