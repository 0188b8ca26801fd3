# shellcheck shell=bash
# shellcheck disable=SC2119,SC2120
# lib.sh: what every system test starts with: `. "$(dirname "$0")/lib.sh"`.
#
# A test is a story about real daemons, told top to bottom; its head comment
# states the invariant that it protects. Here are the words of such stories:
# start a machine of its own, run programs, kill what the story wants dead, and
# wait for conditions with a deadline. Nothing else waits: a test that sleeps is
# refused by tests/check-sleeps.
#
# Each test has a machine name and a folder of its own ($WORK), so tests run at
# the same time. At its end nothing of its machine may be left: no process, no
# folder, no shared memory, no report of a sanitizer. Processes are found by the
# machine's name in their environment, which all of them inherit.
#
# Environment: DVM_BUILD (build tree; required), DVM_TEST_LONG=1 (full sizes),
# DVM_TEST_SCALE (factor on deadlines, 1), DVM_TEST_KEEP=1 (keep $WORK),
# DVM_TEST_LIMIT (seconds after which the test gives up and cleans up, 300).

set -euo pipefail

# The test runs again under a time limit that interrupts whatever it waits for: what
# follows a signal is the same as what follows its end.
if [ -z "${dvm_test_inner:-}" ]; then
    dvm_test_inner=1 exec timeout -k 30 "${DVM_TEST_LIMIT:-300}" "$0" "$@"
fi
unset dvm_test_inner

test_name=$(basename "$0" .sh)
build=${DVM_BUILD:?DVM_BUILD is not set: the build tree whose programs are tested}
build=$(cd "$build" && pwd)
# a place that every user may reach, with a short name
WORK=$(mktemp -d "/tmp/dvm-test-$test_name-XXXXXX")
EXAMPLES=$build/examples
PROGRAMS=$build/tests/programs
RUNTIME=/tmp/dvm-$(id -u)
source_tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export WORK EXAMPLES PROGRAMS RUNTIME source_tree

export PATH=$build/console:$build/daemon:$PATH
export DVM_MACHINE=t-$test_name-$$
unset DVM_DIR DVM_HOST DVM_SOCKET DVM_TOKEN DVM_SINGLE DVM_DAEMON

sanitizer=$(sed -n 's/^DVM_SANITIZE:STRING=//p' "$build/CMakeCache.txt" 2>/dev/null || :)
export ASAN_OPTIONS=log_path=$WORK/sanitizer:exitcode=86:detect_leaks=1
export UBSAN_OPTIONS=log_path=$WORK/sanitizer:print_stacktrace=1
time_scale=${DVM_TEST_SCALE:-1}
[ -z "$sanitizer" ] || time_scale=$((time_scale * 3))
# A deadline is for what hangs: seconds that any wait has at least, however busy the computer.
least=150
[ "${DVM_TEST_LONG:-0}" != 1 ] || least=600 # what is larger takes longer
# A daemon that gets no core for seconds is not lost for that: a test of silence says its own.
export DVM_SILENCE='30 s'
export DVM_LINE_SECONDS=30

killed_hosts=()        # what is killed leaves its folder
scratch=()            # folders to remove at the end
at_end=()             # commands of the test for its end, whatever happened

# ---- talk -------------------------------------------------------------------

say() { printf '%s: %s\n' "$test_name" "$*"; }

fail() {
    printf '%s: FAILED at line %s: %s\n' "$test_name" "${BASH_LINENO[0]}" "$*" >&2
    exit 1
}

# skip REASON: this test cannot run here; ctest counts it as skipped
skip() {
    say "skipped: $*"
    exit 77
}

# long: whether full sizes are asked for
long() { [ "${DVM_TEST_LONG:-0}" = 1 ]; }

sanitized() { [ -n "$sanitizer" ]; }

# pick QUICK LONG: the size for this run
pick() { if long; then echo "$2"; else echo "$1"; fi; }

# ---- wait -------------------------------------------------------------------

now_ms() {
    local t=${EPOCHREALTIME/[.,]/}
    echo $((t / 1000))
}

# at_least SECONDS: so many, or the least that a deadline has
at_least() { echo $(($1 > least ? $1 : least)); }

# wait_until SECONDS COMMAND...: run COMMAND again and again until it succeeds; false
# after SECONDS. The only place of all system tests that sleeps.
wait_until() {
    local limit=$(($1 * 1000 * time_scale)) start
    shift
    start=$(now_ms)
    until "$@" >/dev/null 2>&1; do
        [ $(($(now_ms) - start)) -lt "$limit" ] || return 1
        sleep 0.03
    done
}

# await SECONDS COMMAND...: as wait_until with $least s or more, and the test fails if it never
# succeeds
await() {
    wait_until "$(at_least "$1")" "${@:2}" || fail "not within $(at_least "$1") s (times $time_scale): ${*:2}"
}

not() { ! "$@"; }

# ---- run and compare ----------------------------------------------------------

# within SECONDS COMMAND...: run it; the test fails if it takes longer, and than $least s
within() {
    local limit=$(($(at_least "$1") * time_scale)) status=0
    shift
    timeout -k 5 "$limit" "$@" || status=$?
    if [ $status = 124 ] || [ $status = 137 ]; then
        fail "took longer than $limit s, or was killed ($status): $*"
    fi
    return $status
}

# expect STATUS COMMAND...: run it within $least s; its exit status must be STATUS. What it
# printed is in $WORK/out and $WORK/err.
expect() {
    local wanted=$1 status=0
    shift
    timeout -k 5 $((least * time_scale)) "$@" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
    if [ $status != "$wanted" ]; then
        tail -n 20 "$WORK/out" "$WORK/err" >&2
        fail "status $status instead of $wanted: $*"
    fi
}

# expect_line FILE PATTERN: the file has a line that matches the extended pattern
expect_line() {
    grep -Eq -- "$2" "$1" || { tail -n 20 "$1" >&2; fail "no line '$2' in $1"; }
}

# expect_same WANTED GOT WHAT
expect_same() { [ "$1" = "$2" ] || fail "$3: '$2' instead of '$1'"; }

# expect_count N PATTERN FILE: the number of lines that match
expect_count() {
    local n
    n=$(grep -Ec -- "$2" "$3" || :)
    [ "$n" = "$1" ] || { tail -n 20 "$3" >&2; fail "$n lines instead of $1 match '$2' in $3"; }
}

# ---- machines -------------------------------------------------------------------

# start_machine [N]: a machine of N simulated hosts sim1..simN; one host without N
start_machine() {
    say "start a machine of ${1:-1} host(s)"
    if [ $# = 0 ]; then within 30 dvm start; else within 60 dvm start --hosts "$1"; fi
}

halt_machine() {
    say "halt it"
    within 30 dvm halt
}

# hosts_up: names of the hosts that are up, one line each
hosts_up() { dvm hosts --json | jq -r '.hosts[] | select(.state == "up") | .name'; }

hosts_are() { [ "$(hosts_up | wc -l)" = "$1" ]; }

# tasks_are N: the machine has N tasks that run
tasks_are() { [ "$(dvm ps --json | jq '[.tasks[] | select(.state == "running")] | length')" = "$1" ]; }

# beyond_barrier TID N: all N tasks of "endings wait", of which TID is the first, wait for nobody
# any more: in their barrier the end of one would be the end of all
beyond_barrier() {
    dvm logs "$1" | grep -q ready &&
        [ "$(dvm ps --json | jq '[.tasks[] | select(.doing == "computing")] | length')" = "$2" ]
}

# machine_pids: all processes of this test's machine: daemons, keepers, tasks and
# consoles, and whatever these started
machine_pids() {
    local file pid
    for file in $(grep -lzsx "DVM_MACHINE=$DVM_MACHINE" /proc/[0-9]*/environ || :); do
        pid=${file#/proc/}
        pid=${pid%/environ}
        # a process that has ended and waits for its parent is nobody's burden
        grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" && echo "$pid"
    done
    return 0
}

no_process_left() { [ -z "$(machine_pids)" ]; }

# host_pids HOST: daemon and keeper of a host
host_pids() {
    local pid
    for pid in $(machine_pids); do
        case $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null || :) in
        *dvmd*"--host $1 "* | *dvmd*"--host=$1 "*) echo "$pid" ;;
        esac
    done
}

# no_process_of HOST: neither daemon nor keeper; a daemon that could not start says so
# just before it ends
no_process_of() { [ -z "$(host_pids "$1")" ]; }

parent_of() { awk '/^PPid:/ { print $2 }' "/proc/$1/status" 2>/dev/null || :; }

# daemon_pid HOST, keeper_pid HOST: the keeper is the child of the daemon
daemon_pid() {
    local pids pid
    pids=$(host_pids "$1")
    for pid in $pids; do
        grep -qx "$(parent_of "$pid")" <<<"$pids" || echo "$pid"
    done
}
keeper_pid() {
    local pids pid
    pids=$(host_pids "$1")
    for pid in $pids; do
        if grep -qx "$(parent_of "$pid")" <<<"$pids"; then echo "$pid"; fi
    done
}

alive() { grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"; }
dead() { ! alive "$1"; }

# kill_daemon HOST [SIGNAL]: by default with SIGKILL
kill_daemon() {
    local pid
    pid=$(daemon_pid "$1")
    [ -n "$pid" ] || fail "no daemon of host $1 is running"
    say "kill -${2:-KILL} the daemon of $1 (pid $pid)"
    killed_hosts+=("$1")
    kill "-${2:-KILL}" "$pid"
}

# tasks_on HOST: tids of the tasks that run there
tasks_on() {
    dvm ps --json | jq -r --arg host "$1" '.tasks[] | select(.host == $host) | .tid'
}

# log_of HOST
log_of() { echo "$RUNTIME/$DVM_MACHINE/$1/log"; }

# ---- the end ----------------------------------------------------------------------

check_leftovers() {
    local left
    wait_until "$least" no_process_left || {
        left=$(machine_pids)
        ps -o pid,ppid,stat,etime,args -p "${left//$'\n'/,}" >&2 || :
        fail "processes are left over"
    }
    for left in "$RUNTIME/$DVM_MACHINE"/*; do
        [ -e "$left" ] || continue
        case " ${killed_hosts[*]} " in
        *" ${left##*/} "*) ;;
        *) fail "the folder $left is left over" ;;
        esac
    done
    if [ -e "$RUNTIME/$DVM_MACHINE" ] && [ ${#killed_hosts[@]} = 0 ]; then
        fail "the runtime folder is left over"
    fi
    left=$(find /dev/shm -maxdepth 1 -user "$(id -un)" -name '*dvm*' -newer "$WORK/started" 2>/dev/null || :)
    [ -z "$left" ] || fail "shared memory is left over: $left"
    left=$(find "$WORK" -maxdepth 1 -name 'sanitizer*' | head -n 3)
    if [ -n "$left" ]; then
        # shellcheck disable=SC2086
        head -n 40 $left >&2
        fail "a sanitizer has reported"
    fi
}

show_logs() {
    local file
    for file in "$RUNTIME/$DVM_MACHINE"/*/log "$WORK"/sanitizer*; do
        [ -s "$file" ] || continue
        printf -- '---- %s (last lines)\n' "$file"
        tail -n 25 "$file"
    done >&2
}

finish() {
    local status=$1 pid command
    trap - EXIT
    if [ "$status" = 0 ]; then
        # in a subshell: fail ends it, not the cleaning below
        (check_leftovers) || status=1
    fi
    if [ "$status" != 0 ] && [ "$status" != 77 ]; then show_logs; fi
    for pid in $(machine_pids); do
        # a private machine that is killed leaves its folder
        command=$(tr "\\0" "\n" 2>/dev/null <"/proc/$pid/cmdline" | grep -x "$RUNTIME/private-[0-9]*.*" || :)
        [ -z "$command" ] || scratch+=("$RUNTIME/$(cut -d/ -f4 <<<"$command")")
        kill -KILL "$pid" 2>/dev/null || :
    done
    for command in "${at_end[@]}"; do eval "$command" || :; done
    if [ "${DVM_TEST_KEEP:-0}" != 1 ]; then
        rm -rf "$WORK" "${RUNTIME:?}/$DVM_MACHINE" "${scratch[@]}"
    fi
    [ "$status" != 0 ] || say "passed"
    exit "$status"
}

: >"$WORK/started"
trap 'finish $?' EXIT
trap 'exit 143' TERM INT HUP
cd "$WORK"
