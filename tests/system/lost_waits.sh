#!/usr/bin/env bash
# Every call of the library that waits for a task or host ends with an error that names it
# when the task is killed, the daemon of its host is killed, or that daemon is stopped; and
# with one that says so when the task's own daemon goes. Nothing hangs.
# ctest: COST 16
. "$(dirname "$0")/lib.sh"

waits="recv recv_any send send_credit ssend sendrecv wait waitany waitall test probe mprobe
barrier bcast reduce allreduce task_wait"
# what is asked of a host that has just fallen silent
asks="kill spawn remove tasks task_wait ssend"

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }
is_ready() { grep -q '^ready' "$WORK/$1"; }
has_ended() { grep -q "ended" "$WORK/$1"; }

# begin NAME CALL [FIFO]: rank 0 on sim1, rank 1 on sim2; a call under way
begin() {
    local name=$1
    shift
    dvm run -n 2 --on-failure=ignore --where sim1,sim2 "$PROGRAMS/lost_wait" "$@" \
        >"$WORK/$name" 2>"$WORK/$name.err" </dev/null &
    wait_until 120 is_ready "$name" || { cat "$WORK/$name" "$WORK/$name.err" >&2; fail "$name did not begin"; }
}

# judge NAME LIMIT WORDS: it ended by an error within LIMIT ms since $since, in WORDS
judge() {
    local took
    wait_until 120 has_ended "$1" || { cat "$WORK/$1" "$WORK/$1.err" >&2; fail "$1 hangs"; }
    took=$((($(sed -n 's/.* ended \([0-9]*\) .*/\1/p' "$WORK/$1") - since) / 1000))
    [ $took -lt $(($2 * time_scale)) ] || fail "$1 took $took ms"
    [ $took -le "$worst" ] || worst=$took
    if grep -q "code 0 " "$WORK/$1"; then cat "$WORK/$1" >&2; fail "$1 was no error"; fi
    expect_line "$WORK/$1" "$3"
}

# lose HOW SILENCE LIMIT WORDS: all waits at once, then the loss
lose() {
    local how=$1 silence=$2 limit=$3 words=$4 call pid
    say "$how: $(wc -w <<<"$waits") calls that wait"
    within 30 dvm start --hosts 2 --silence "$silence"
    await 20 hosts_are 2
    for call in $waits; do begin "$call" "$call"; done
    if [ "$how" = stopped ]; then
        for call in $asks; do
            mkfifo "$WORK/go_$call"
            begin "ask_$call" "$call" "$WORK/go_$call"
        done
    fi
    worst=0
    pid=$(daemon_pid sim2)
    since=$(now_us)
    case $how in
    task) dvm ps --json | jq -r '.tasks[] | select(.host == "sim2") | .pid' | xargs kill -KILL ;;
    killed) kill -KILL "$pid" ;;
    stopped)
        kill -STOP "$pid"
        for call in $asks; do : >"$WORK/go_$call"; done
        ;;
    esac
    for call in $waits; do judge "$call" "$limit" "$words"; done
    if [ "$how" = stopped ]; then
        for call in $asks; do
            case $call in
            # what is asked of all hosts leaves the lost one out, and who is lost is removed
            tasks | remove) await 30 has_ended "ask_$call" ;;
            *) judge "ask_$call" "$limit" "$words" ;;
            esac
        done
        kill -KILL "$pid"
    fi
    say "$how: the slowest took $worst ms"
    killed_hosts=(sim2)
    halt_machine
    wait
}

# What ends is told at once, long before silence would tell it; with room for computers that are
# busy, and with a time of silence that these do not reach: a daemon that has stood still for 8 s
# waits 32 s longer for a connection that broke.
lose task 60s 30000 "task 0x[0-9a-f]+ has ended|rank 1"
lose killed 60s 50000 "task 0x[0-9a-f]+ has ended|rank 1|sim2|slot 2"
lose stopped 4s 34000 "task 0x[0-9a-f]+ has ended|rank 1|sim2|slot 2"

say "a task whose own daemon goes: killed, ended, or declared lost while it was stopped"
for how in KILL TERM STOP; do
    within 30 dvm start --hosts 2 --silence 4s
    await 20 hosts_are 2
    worst=0
    for call in universe hosts; do
        DVM_HOST=sim2 "$PROGRAMS/lost_wait" own $call >"$WORK/$call" 2>"$WORK/$call.err" &
        await 20 is_ready $call
    done
    pid=$(daemon_pid sim2)
    killed_hosts=(sim2)
    kill -$how "$pid"
    since=$(now_us)
    if [ $how = STOP ]; then
        await 20 hosts_are 1
        kill -CONT "$pid"
        since=$(now_us)
        for call in universe hosts; do judge $call 30000 "cut this task off: host sim2 has lost the machine"; done
        await 20 hosts_are 2
    fi
    for call in universe hosts; do judge $call 30000 "the daemon of this host has (closed|cut)"; done
    halt_machine
    wait
done
