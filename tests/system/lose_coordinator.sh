#!/usr/bin/env bash
# When the coordinator is killed the machine ends, cleanly and with a sentence: daemons
# and tasks of all hosts end by themselves, and the next start just works. When it is only
# stopped, their tasks end all the same, and the hosts come back to it when it goes on.
. "$(dirname "$0")/lib.sh"
DVM_SILENCE=5s # more than a busy computer keeps a daemon from a core

killed_hosts=(sim1 sim2 sim3) # they leave their logs

# lose_coordinator HOW: with a run on all hosts, asked for at another one
lose_coordinator() {
    start_machine 3
    await 10 hosts_are 3
    : >"$WORK/run" # what the last one said is not this one's
    DVM_HOST=sim2 dvm run -n 6 "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
    run=$!
    await 20 grep -q ready "$WORK/run"
    others=$(host_pids sim2; host_pids sim3)
    coordinator=$(daemon_pid sim1)
    say "lose the coordinator: $1"
    kill "-$1" "$coordinator"
    status=0
    wait $run || status=$?
    [ $status != 0 ] || fail "dvm run ended with 0"
    expect_line "$WORK/run" "coordinator|sim1"
}

lose_coordinator KILL
for pid in $others; do await 20 dead "$pid"; done
for host in sim2 sim3; do
    [ ! -e "$(log_of $host)" ] || expect_line "$(log_of $host)" "coordinator"
done
await 10 no_process_left

lose_coordinator STOP
for host in sim2 sim3; do
    await 20 grep -q "has lost machine .*coordinator sim1 was lost: no sign of life" "$(log_of $host)"
done
say "a console is told so"
refused() { ! DVM_HOST=sim3 dvm hosts 2>"$WORK/err"; }
await 5 refused
expect_line "$WORK/err" "sim3 has lost machine.*tries to rejoin"
kill -CONT "$coordinator"
# all_back HOST: it knows the two in their new slots, and nobody in an old one
all_back() {
    [ "$(DVM_HOST=$1 dvm hosts --json |
        jq -c '[.hosts[] | select(.state == "up") | .slot > 3] | sort')" = '[false,true,true]' ]
}
for host in sim1 sim2 sim3; do await 30 all_back $host; done
for host in sim2 sim3; do await 10 grep -q "is in machine $DVM_MACHINE again" "$(log_of $host)"; done
DVM_HOST=sim2 await 10 tasks_are 0 # what ran before takes no place any more
DVM_HOST=sim2 expect 0 dvm run -n 6 "$PROGRAMS/meet" say
for host in sim1 sim2 sim3; do expect_line "$WORK/out" "on $host$"; done
halt_machine
await 10 no_process_left

start_machine 2
await 10 hosts_are 2
halt_machine
