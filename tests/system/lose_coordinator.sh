#!/usr/bin/env bash
# When the coordinator is lost the machine ends, cleanly and with a sentence: daemons
# and tasks of all hosts end by themselves, and the next start just works.
. "$(dirname "$0")/lib.sh"

killed_hosts=(sim1 sim2 sim3) # they leave their logs
for how in KILL STOP; do
    start_machine 3
    await 10 hosts_are 3
    : >"$WORK/run" # what the last one said is not this one's
    DVM_HOST=sim2 dvm run -n 6 "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
    run=$!
    await 20 grep -q ready "$WORK/run"
    others=$(host_pids sim2; host_pids sim3)
    coordinator=$(daemon_pid sim1)
    say "lose the coordinator: $how"
    kill "-$how" "$coordinator"
    for pid in $others; do await 20 dead "$pid"; done
    status=0
    wait $run || status=$?
    [ $status != 0 ] || fail "dvm run ended with 0"
    expect_line "$WORK/run" "coordinator|sim1"
    for host in sim2 sim3; do
        [ ! -e "$(log_of $host)" ] || expect_line "$(log_of $host)" "coordinator"
    done
    kill -KILL "$coordinator" 2>/dev/null || :
    await 10 no_process_left
done

start_machine 2
await 10 hosts_are 2
halt_machine
