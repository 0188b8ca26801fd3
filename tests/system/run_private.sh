#!/usr/bin/env bash
# With no machine running, `dvm run` and a program started by hand get a private
# machine of this host alone, which ends with them and leaves nothing.
. "$(dirname "$0")/lib.sh"

say "dvm run without a machine"
expect 0 dvm run -n 4 "$PROGRAMS/meet" say
expect_count 4 "^[0-3] of 4 on " "$WORK/out"
await 10 no_process_left

say "a host that it cannot have"
expect 1 dvm run --where nohost true
expect_line "$WORK/err" "no host nohost: no machine is running"
await 10 no_process_left

say "a program started by hand is alone in its world"
expect 0 "$PROGRAMS/meet" say
expect_count 1 "^0 of 1 on " "$WORK/out"
await 10 no_process_left

say "a program of a private machine may spawn"
expect 0 "$PROGRAMS/notify" tasks
expect_line "$WORK/out" "notify: ok"
await 10 no_process_left

say "the private machine ends with a dvm run that is killed"
: >"$WORK/out" # what the last one said is not this one's
dvm run -n 2 "$PROGRAMS/endings" wait 0 0 >"$WORK/out" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/out"
expect 4 dvm ps # from another terminal: which machine it may be
expect_line "$WORK/err" "no daemon of the machine .* private machine.*: dvm ps --machine private-[0-9]+"
kill -KILL $run
await 10 no_process_left
wait $run || :

say "and with a program that is killed"
: >"$WORK/out" # what the last one said is not this one's
"$PROGRAMS/endings" wait 0 0 >"$WORK/out" 2>&1 &
program=$!
await 20 grep -q ready "$WORK/out"
kill -KILL $program
await 10 no_process_left
wait $program || :

say "a private machine whose daemon is killed leaves no folder"
: >"$WORK/out" # what the last one said is not this one's
dvm run -n 2 "$PROGRAMS/endings" wait 0 0 >"$WORK/out" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/out"
folder=
for pid in $(machine_pids); do
    [ ! -d "$RUNTIME/private-$pid" ] || folder=$RUNTIME/private-$pid
done
[ -n "$folder" ] || fail "the private machine's folder is not found"
kill -KILL "${folder##*-}"
wait $run && fail "dvm run did not notice"
await 10 no_process_left
gone() { [ ! -e "$folder" ]; } # a daemon of another machine that starts now may be about to remove it
await 10 gone

say "no folder of theirs stays"
# other tests have private machines, too: those have a lock that is held
in_use_or_gone() {
    local lock
    [ -e "$1" ] || return 0
    for lock in "$1"/*/lock; do
        [ -e "$lock" ] && ! flock -n "$lock" true && return 0
    done
    return 1
}
# and what was left before is not this test's
for folder in "$RUNTIME"/private-*; do
    [ "$folder" -nt "$WORK/started" ] || continue
    await 10 in_use_or_gone "$folder"
done

say "its program is killed before it said that it is the owner: the daemon does not stay"
mkfifo "$WORK/ready"
sh -c 'dvmd --private --ready-fd 3 3>"$0" & read -r line <"$0"; echo "$line" >"$0.said"; kill -KILL $$' \
    "$WORK/ready" >/dev/null 2>&1 || :
folder=$(sed 's/^ready //' "$WORK/ready.said")
[ -n "$folder" ] || fail "the daemon said nothing"
await 20 test ! -e "$folder"

say "or before the daemon was ready"
exec 3> >(:) # a pipe whose reader ends
wait $!
expect 1 dvmd --private --ready-fd 3
exec 3>&-
await 10 no_process_left
