# shellcheck shell=bash
# crowd.sh: many strangers at a port of the daemon with process id $pid, which may have
# $files_most descriptors and $memory_most KiB more than at rest meanwhile, while tasks go on
# and all $hosts hosts stay.
# shellcheck disable=SC2154 # these are set by the test, time_scale by lib.sh

files() { { find "/proc/$pid/fd" -mindepth 1 2>/dev/null || :; } | wc -l; }
memory_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
settled() { [ "$(files)" -le $((files_at_rest + 8)) ]; }

# at_rest: note what the daemon has without strangers
at_rest() {
    files_at_rest=$(files)
    memory_at_rest=$(memory_kib)
}

# sample: note the most descriptors and memory, and the descriptors now
sample() {
    now_files=$(files)
    [ "$now_files" -le "$most_files" ] || most_files=$now_files
    now=$(memory_kib)
    [ "$now" -le "$most_memory" ] || most_memory=$now
}

# ended PID: and take a sample
ended() { sample; dead "$1"; }

# bounded [CONDITION...]: it is down to the descriptors that it may have. A daemon that got no
# core for a while finds more, which the system, or a library's thread, has taken meanwhile.
bounded() {
    sample
    [ "$now_files" -le $((files_at_rest + files_most)) ] || return 1
    [ $# = 0 ] || "$@"
}

# crowd MANNER PORT N SECONDS [CONDITION...]: strangers call while tasks on sim1 and sim2 talk
# for so long, and until the condition holds
crowd() {
    local rounds worst strangers steady now_files now memory_limit seconds=$4
    most_files=0 most_memory=0
    say "$3 connections that $1, for $seconds s"
    "$PROGRAMS/stranger" "$1" "$2" "$3" >"$WORK/stranger" &
    strangers=$!
    at_end+=("kill $strangers 2>/dev/null")
    await 20 grep -q calling "$WORK/stranger"
    shift 4
    within 200 dvm run -n 2 --where sim1,sim2 "$PROGRAMS/steady" "$seconds" >"$WORK/steady" &
    steady=$!
    await 200 ended $steady
    wait $steady || fail "the tasks failed while strangers called"
    await 60 bounded "$@"
    kill $strangers
    wait $strangers || fail "the strangers failed"
    read -r rounds _ _ worst _ <"$WORK/steady"
    say "$(cat "$WORK/stranger"); tasks: $rounds rounds, worst $worst ms; at most" \
        "$most_files descriptors, $most_memory KiB ($memory_at_rest at rest)"
    # that somebody got no core for some seconds is not the strangers' work
    [ "$worst" -lt $((20000 * time_scale)) ] || fail "a round of the tasks took $worst ms"
    memory_limit=$memory_most
    if [ "$most_files" -gt $((files_at_rest + files_most)) ]; then # for a moment, as much more
        memory_limit=$((memory_most * (most_files - files_at_rest) / files_most))
    fi
    sanitized || [ "$most_memory" -le $((memory_at_rest + memory_limit)) ] ||
        fail "$most_memory KiB of memory, $memory_at_rest at rest"
    await 20 settled
    hosts_are "$hosts" || fail "a host was lost"
}
