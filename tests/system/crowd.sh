# shellcheck shell=bash
# crowd.sh: many strangers at a port of the daemon with process id $pid, which may have
# $files_most descriptors and $memory_most KiB more than at rest meanwhile, while tasks go on
# and all $hosts hosts stay.
# shellcheck disable=SC2154 # these are set by the test, time_scale by lib.sh

files() { find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l; }
memory_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
settled() { [ "$(files)" -le $((files_at_rest + 8)) ]; }

# at_rest: note what the daemon has without strangers
at_rest() {
    files_at_rest=$(files)
    memory_at_rest=$(memory_kib)
}

# sample PID: note the most descriptors and memory until the process has ended
sample() {
    local now
    now=$(files)
    [ "$now" -le "$most_files" ] || most_files=$now
    now=$(memory_kib)
    [ "$now" -le "$most_memory" ] || most_memory=$now
    dead "$1"
}

# crowd MANNER PORT N SECONDS: strangers call while tasks on sim1 and sim2 talk
crowd() {
    local rounds worst strangers steady
    most_files=0 most_memory=0
    say "$3 connections that $1, for $4 s"
    "$PROGRAMS/stranger" "$@" >"$WORK/stranger" &
    strangers=$!
    within 60 dvm run -n 2 --where sim1,sim2 "$PROGRAMS/steady" "$4" >"$WORK/steady" &
    steady=$!
    await 60 sample $strangers
    wait $strangers || fail "the strangers failed"
    wait $steady || fail "the tasks failed while strangers called"
    read -r rounds _ _ worst _ <"$WORK/steady"
    say "$(cat "$WORK/stranger"); tasks: $rounds rounds, worst $worst ms; at most" \
        "$most_files descriptors, $most_memory KiB ($memory_at_rest at rest)"
    [ "$rounds" -gt 5 ] || fail "the tasks made $rounds rounds only"
    [ "$worst" -lt $((2000 * time_scale)) ] || fail "a round of the tasks took $worst ms"
    [ "$most_files" -le $((files_at_rest + files_most)) ] || fail "$most_files descriptors"
    sanitized || [ "$most_memory" -le $((memory_at_rest + memory_most)) ] ||
        fail "$most_memory KiB of memory, $memory_at_rest at rest"
    await 20 settled
    hosts_are "$hosts" || fail "a host was lost"
}
