#!/usr/bin/env bash
# No process survives its machine: after kill -9 of a daemon, or of its keeper, no
# task of that host is left, those started by wrapper scripts and those that went into
# the background included; and the next start just works.
. "$(dirname "$0")/lib.sh"

cp "$(command -v tail)" "$WORK/stay" # a name that no other test uses
cat >"$WORK/wrapper" <<'END'
#!/bin/sh
# children of a script, one in a session of its own, one whose parent has ended; none
# that its environment tells
setsid sh -c 'trap "" HUP TERM INT; exec env -i "$WORK/stay" -f /dev/null' &
(env -i "$WORK/stay" -f /dev/null & exec true)
"$@"
END
chmod +x "$WORK/wrapper"

# occupy N: N tasks under wrappers, known to run
occupy() {
    : >"$WORK/run" # what the last one said is not this one's
    dvm run -n "$1" "$WORK/wrapper" "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
    run=$!
    await 20 grep -q ready "$WORK/run"
}

# children_are N: that many children of wrappers run
children_are() { [ "$(pgrep -c -f "^$WORK/stay" || :)" = "$1" ]; }

for victim in daemon keeper; do
    start_machine
    host=$(hosts_up)
    occupy 3
    await 10 children_are 6
    say "kill -9 of the $victim"
    kill -KILL "$("${victim}_pid" "$host")"
    await 10 no_process_left
    await 10 children_are 0
    wait $run && fail "dvm run ended with 0 though its machine was killed"
done

say "the next start just works, over what the killed one left"
start_machine
expect 0 dvm run -n 2 "$PROGRAMS/meet"
halt_machine

say "one of three hosts: its tasks are gone, the others' are not touched"
start_machine 3
await 10 hosts_are 3
dvm spawn -n 3 "$WORK/wrapper" "$PROGRAMS/endings" wait 0 0 >"$WORK/run"
await 20 tasks_are 3
await 10 children_are 6
await 20 beyond_barrier "$(head -n 1 "$WORK/run")" 3
pids=$(host_pids sim3)
kill_daemon sim3
for pid in $pids; do await 10 dead "$pid"; done
await 10 children_are 4
await 20 hosts_are 2
halt_machine
await 10 children_are 0
