#!/usr/bin/env bash
# Whatever is killed with -9, whenever: nothing hangs, no process is left over, and the
# next start just works. The seed is printed; DVM_TEST_SEED repeats a run.
# ctest: LIMIT 900 PROCESSORS 2 COST 12
. "$(dirname "$0")/lib.sh"

seed=${DVM_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$((seed % 32768))
turns=$(pick 6 100)
say "seed $seed, $turns turns"

# victim KIND HOST NUMBER: the pid of a process of this kind; NUMBER chooses among tasks
victim() {
    local pids pid
    case $1 in
    daemon) daemon_pid "$2" ;;
    keeper) keeper_pid "$2" ;;
    task)
        # of this machine: other tests may run the same program
        mapfile -t pids < <(for pid in $(machine_pids); do
            [ "$(readlink "/proc/$pid/exe")" != "$PROGRAMS/lines" ] || echo "$pid"
        done)
        [ ${#pids[@]} = 0 ] || echo "${pids[$3 % ${#pids[@]}]}"
        ;;
    console) echo $run ;;
    esac
}

# moment: the time of the kill has come
moment() { [ "$(now_ms)" -ge "$until_ms" ]; }

kinds=(daemon keeper task console)
for turn in $(seq "$turns"); do
    kind=${kinds[RANDOM % 4]}
    host=sim$((RANDOM % 3 + 1))
    number=$RANDOM
    delay_ms=$((RANDOM % 500))
    within 60 dvm start --hosts 3
    # endless output and a barrier: all flows are in use
    dvm run -n 6 "$PROGRAMS/lines" 1000000 60 >"$WORK/out" 2>"$WORK/err" &
    run=$!
    until_ms=$(($(now_ms) + delay_ms))
    await 5 moment
    pid=$(victim "$kind" "$host" "$number" || :)
    say "turn $turn: kill -9 of a $kind after $delay_ms ms (pid ${pid:-none})"
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
    # the run ends by itself or is ended by halt; no call hangs
    timeout -k 5 120 dvm halt >/dev/null 2>&1 || :
    await 40 no_process_left
    wait $run || :
done

say "and after all that, a machine just works"
start_machine 3
await 10 hosts_are 3
expect 0 dvm run -n 6 "$PROGRAMS/meet"
halt_machine
