#!/usr/bin/env bash
# The end of a member ends the collectives of a group at every other member, also at those that
# have nothing to do with it in the algorithm, waiting or not, on one host and on three: by
# kill -9 of the task, and of its host's daemon. Each is told who, where and why.
# Messages between the others go on. Nobody hangs.
. "$(dirname "$0")/lib.sh"

calls="barrier bcast allreduce alltoall allgather"

ready() { [ "$(grep -c '^ready' "$WORK/$1")" = "$2" ]; }
# has_ended NAME SURVIVORS
has_ended() { grep -q "^all talk" "$WORK/$1" && [ "$(grep -c '^[0-9]* ended' "$WORK/$1")" = "$2" ]; }

# begin NAME WHERE TASKS CALL [i]
begin() {
    local name=$1 where=$2 tasks=$3
    shift 3
    dvm run -n "$tasks" --where "$where" --on-failure=ignore "$PROGRAMS/lost_coll" "$@" >"$WORK/$name" 2>"$WORK/$name.err" </dev/null &
    await 30 ready "$name" "$tasks"
}

# judge NAME TASKS WORDS
judge() {
    wait_until 120 has_ended "$1" $(($2 - 1)) || { cat "$WORK/$1" "$WORK/$1.err" >&2; fail "$1 hangs"; }
    expect_count "$(($2 - 1))" "^[0-9]+ ended code -1[01]: .*$3" "$WORK/$1"
}

# all HOW WHERE TASKS WORDS: every call in both forms, then the last task is lost
all() {
    local how=$1 where=$2 tasks=$3 words=$4 call
    say "$how: $tasks tasks on $where"
    for call in $calls; do
        begin "$call" "$where" "$tasks" "$call"
        begin "i$call" "$where" "$tasks" "$call" i
    done
    if [ "$how" = task ]; then
        dvm ps --json | jq -r ".tasks[] | select(.rank == $((tasks - 1))) | .pid" | xargs kill -KILL
    else
        kill_daemon "${where##*,}"
    fi
    for call in $calls; do
        judge "$call" "$tasks" "$words"
        judge "i$call" "$tasks" "$words"
    done
    wait
}

# inside: the last task is in the collective when its host is lost: what that one has seen of its
# daemon is not what the others have seen of theirs
inside() {
    say "host: 3 tasks on sim1,sim2,sim4, all in it"
    for call in allreduce alltoall; do
        begin "in$call" sim1,sim2,sim4 3 "$call" w in
        begin "ini$call" sim1,sim2,sim4 3 "$call" i in
    done
    kill_daemon sim4
    for call in allreduce alltoall; do
        judge "in$call" 3 ".*host sim4"
        judge "ini$call" 3 ".*host sim4"
    done
    wait
}

start_machine 4
await 10 hosts_are 4
all task sim1 7 "rank 6 .*sim1.*signal 9"
all task sim1,sim2,sim3 7 "rank 6 .*sim[123].*signal 9"
inside
await 30 hosts_are 3
all host sim1,sim2,sim3 3 "task 0x[0-9a-f]+ has ended: host sim3 is gone"
halt_machine
