#!/usr/bin/env bash
# A program of PVM's kind takes a role of the machine: what tasks ask for then goes to it, in PVM's
# messages, and its answers are what they get. A second one is refused; when it has ended the
# machine does all by itself again. Where PVM is installed, the long form holds the same programs
# to what they print there.
. "$(dirname "$0")/lib.sh"
programs=$build/tests/pvm

# serving PROGRAM NAME: start one that takes the role; it is $holder, and prints to $WORK/NAME
serving() {
    rm -f "$WORK/$2" # an old one may say the same
    "$1" serve >"$WORK/$2" 2>&1 &
    holder=$!
    await 10 grep -qs "^$2: registered: 0$" "$WORK/$2"
}

# manager_story PROGRAM: what a manager and a task that it serves print
manager_story() {
    serving "$1" manager
    "$1" ask "$1" >"$WORK/ask" 2>&1
    # its end is told, too, which comes a moment later
    wait_until 60 grep -q "TASKX of 24 bytes" "$WORK/manager" || :
    "$1" stop >/dev/null 2>&1
    wait "$holder"
    # who connects and who ends tells its news at its own time
    grep -v -e "a task is new" -e TASKX "$WORK/manager" >"$WORK/manager.order" || :
    cat "$WORK/manager.order" "$WORK/ask"
}

manager_expected() {
    cat <<TEXT
manager: registered: 0
manager: SPAWN $1 flags 0 where "" count 3 args 1
manager: EXECACK 1: runs
manager: EXECACK 1: runs
manager: EXECACK 1: runs
manager: SPAWN no-such-program flags 0 where "" count 2 args 0
manager: EXECACK 1: failed
manager: EXECACK 1: failed
manager: CONFIG
manager: TASK where 0
manager: ADDHOST 2
manager: DELHOST 2
manager: NOTIFY 1 context 0 tag 9 count 1
ask: spawn 3
ask: a child of 3 siblings, its parent is me
ask: a child of 3 siblings, its parent is me
ask: a child of 3 siblings, its parent is me
ask: spawn of nothing 0: -7 -7
ask: config 0: 1 of speed 1234
ask: tasks 0: 1 of name invented, pid 77
ask: addhosts 0: -8 -8
ask: delhosts 0: -8 -8
ask: notify 0
ask: told of it
TEXT
}

tasker_story() {
    serving "$1" tasker
    "$1" ask "$1" >"$WORK/ask" 2>&1
    "$1" stop >/dev/null 2>&1
    wait "$holder"
    # a task may end before the next one is to be started
    sort "$WORK/tasker"
    cat "$WORK/ask"
}

tasker_expected() {
    cat <<TEXT
tasker: STTASK flags $1 argc 1, argv[0] is the path, environment there, 0 of 1 of 1
tasker: STTASK flags $1 argc 2, argv[0] is the path, environment there, 0 of 2 of 2
tasker: STTASK flags $1 argc 2, argv[0] is the path, environment there, 1 of 2 of 2
tasker: left: 0
tasker: one ended with 1
tasker: one ended with 3
tasker: one ended with 3
tasker: registered: 0
ask: spawn 2
ask: a child whose parent is me
ask: a child whose parent is me
ask: told of the end of one
ask: told of the end of one
ask: spawn of one that fails 1
ask: told of its end
ask: it is gone: 1
TEXT
}

# hoster_story PROGRAM: what a hoster and a program that adds hosts print
hoster_story() {
    serving "$1" hoster
    "$1" ask "192.0.2.11 so=PvmCantStart" "192.0.2.12 so=nonsense lo=ann" \
        "192.0.2.13 so=PvmDenied" >"$WORK/ask" 2>&1
    "$1" stop >/dev/null 2>&1
    wait "$holder"
    cat "$WORK/hoster" "$WORK/ask"
}

hoster_expected() {
    cat <<TEXT
hoster: registered: 0
hoster: STHOST 3
hoster: 192.0.2.11 so=PvmCantStart, tid of a host, command of a daemon, then a text and ""
hoster: ann@192.0.2.12 so=nonsense, tid of a host, command of a daemon, then a text and ""
hoster: 192.0.2.13 so=PvmDenied, tid of a host, command of a daemon, then a text and ""
hoster: left: 0
ask: addhosts 0: -29 -29 -8
TEXT
}

# with_pvm: the same programs, linked with PVM's library, print the same on PVM
with_pvm() {
    local pvmd address
    [ -x /usr/bin/pvmd ] && [ -e /usr/include/pvm3.h ] || return 0
    say "the same with PVM itself"
    export PVM_ROOT=/usr/lib/pvm3 PVM_ARCH=LINUX64 PVM_ALLOW_ROOT=1 PVM_TMP=$WORK/tmp
    export PVM_PATH=/usr/bin PVM_EXPORT=PVM_ALLOW_ROOT:PVM_TMP
    mkdir "$PVM_TMP"
    address=$(hostname -I | cut -d' ' -f1) # it adds no hosts from a loopback address
    env -u DVM_MACHINE pvmd "-n${address:-localhost}" >"$WORK/pvmd.out" 2>&1 </dev/null &
    pvmd=$!
    at_end+=("kill $pvmd 2>/dev/null || :")
    await 10 grep -q tmp "$WORK/pvmd.out"
    gcc "$source_tree/tests/pvm/programs/tasker.c" -o "$WORK/tasker.pvm" -lpvm3
    tasker_story "$WORK/tasker.pvm" >"$WORK/story"
    tasker_expected 1 | diff - "$WORK/story" || fail "PVM's taskers differ"
    if [ -n "$address" ]; then
        gcc "$source_tree/tests/pvm/programs/hoster.c" -o "$WORK/hoster.pvm" -lpvm3
        hoster_story "$WORK/hoster.pvm" >"$WORK/story"
        hoster_expected | diff - "$WORK/story" || fail "PVM's hosters differ"
    fi
    # last: PVM has no use for tasks any more when its manager has gone
    gcc "$source_tree/tests/pvm/programs/manager.c" -o "$WORK/manager.pvm" -lpvm3
    manager_story "$WORK/manager.pvm" >"$WORK/story"
    manager_expected "$WORK/manager.pvm" | diff - "$WORK/story" || fail "PVM's managers differ"
    kill "$pvmd"
    await 10 dead "$pvmd"
    unset PVM_ROOT PVM_ARCH PVM_ALLOW_ROOT PVM_TMP PVM_PATH PVM_EXPORT
}

start_machine 2
await 10 hosts_are 2

say "a resource manager serves a task"
manager_story "$programs/manager" >"$WORK/story"
manager_expected "$programs/manager" | diff - "$WORK/story" || fail "the manager's story differs"
grep -q "a task is new" "$WORK/manager" || fail "the manager was not told of the task"
grep -q "TASKX of 24 bytes" "$WORK/manager" || fail "the manager was told of no end"

say "a second one is refused, and a manager that is killed takes nothing with it"
serving "$programs/manager" manager
expect 0 "$programs/manager" second
expect_line "$WORK/out" "^second: -30$"
expect_line "$WORK/err" "Already in progress: task 0x"
kill -9 "$holder"
wait "$holder" 2>/dev/null || :
await 10 bash -c "'$programs/manager' there | grep -q 'there: 0'"
expect 0 dvm run -n 1 "$programs/pool" 3
expect_line "$WORK/out" "^pool: all ok$"

say "a tasker starts the tasks of its host"
tasker_story "$programs/tasker" >"$WORK/story"
tasker_expected 0 | diff - "$WORK/story" || fail "the tasker's story differs"

say "one that is killed leaves the work to the daemon"
serving "$programs/tasker" tasker
expect 0 "$programs/tasker" second
expect_line "$WORK/out" "^second: -30$"
expect 3 dvm run -n 1 --where sim1 sh -c "exit 3"
expect_line "$WORK/tasker" "^tasker: one ended with 3$"
kill -9 "$holder"
wait "$holder" 2>/dev/null || :
await 10 bash -c "'$programs/tasker' there | grep -q 'there: 0'"
expect 0 dvm run -n 1 "$programs/pool" 3

say "a hoster is told what to start, and what it says of each is the host's code"
hoster_story "$programs/hoster" >"$WORK/story"
hoster_expected | diff - "$WORK/story" || fail "the hoster's story differs"

say "the daemons that it starts come in by keys of their own, and a second hoster is refused"
export HOSTER_OPTIONS=--simulated HOSTER_COMMAND=$WORK/command HOSTER_WHY=1
serving "$programs/hoster" hoster
expect 0 "$programs/hoster" second
expect_line "$WORK/out" "^second: -30$"
expect 0 "$programs/hoster" ask "far1 so=run" "gone so=leave" "far2 so=run" sim1
expect_line "$WORK/out" "^ask: addhosts 2: a host -25 a host -28$"
expect_line "$WORK/err" "the hoster has said nothing of gone"
await 10 hosts_are 4
printf 'add "far4 so=run"\nadd "far5 so=PvmDenied"\nadd far4\nquit\n' |
    within 30 dvm pvm >"$WORK/out" 2>"$WORK/err"
expect_line "$WORK/out" "^ +far4 +[0-9a-f]+$"
expect_line "$WORK/out" "^ +far5 Permission denied$"
expect_line "$WORK/out" "^ +far4 Duplicate host$"
expect_line "$WORK/err" "the hoster says so of far5"
await 10 hosts_are 5
expect 7 dvm run -n 1 --where far2 sh -c "exit 7"

say "one that is silent, and a daemon that never comes in, are waited for so long and no longer"
expect 0 env DVM_HOSTER_SECONDS=2 "$programs/hoster" ask "far6 so=silent"
expect_line "$WORK/out" "^ask: addhosts 0: -29$"
expect_line "$WORK/err" "the hoster 0x[0-9a-f]* has said nothing of far6 for 2 s"
expect 0 env DVM_HOSTER_SECONDS=2 "$programs/hoster" ask "far7 so=key"
expect_line "$WORK/out" "^ask: addhosts 0: -29$"
expect_line "$WORK/err" "the dvmd that the hoster started on far7 has not come in within 2 s"
hosts_are 5 || fail "a host came in that nobody started"

say "what a hoster runs holds no ticket, and lets in nobody whom the machine was not told of"
offer=$(sed 's/.*--hosted \([^ ]*\).*/\1/' "$WORK/command")
printf '%s\n' "$offer" >"$WORK/offer"
expect 1 dvmd --join "$WORK/offer" --host spy
expect_line "$WORK/err" "is an offer, not a ticket"
dvmd --hosted "$offer" --host spy --foreground >"$WORK/spy" 2>&1 &
spy=$!
await 10 grep -q "key<[0-9a-f]*>$" "$WORK/spy"
expect 1 dvmd --hosted "$(dvm invite 2>/dev/null)" --host spy
expect_line "$WORK/err" "takes an offer, not a ticket"
kill "$spy"
wait "$spy" || :
hosts_are 5 || fail "a key that nobody admitted was let in"

say "a hoster that is killed leaves the work to dvm add"
mkdir "$WORK/bin"
printf '#!/bin/sh\necho called >>%s/ssh\nexit 255\n' "$WORK" >"$WORK/bin/ssh"
chmod +x "$WORK/bin/ssh"
expect 0 env PATH="$WORK/bin:$PATH" "$programs/hoster" ask "far3 so=die"
expect_line "$WORK/out" "^ask: addhosts 0: -29$"
expect_line "$WORK/err" "the hoster 0x[0-9a-f]* has ended or given its role up: DVM adds hosts"
expect_line "$WORK/ssh" called
wait "$holder" || :
expect 0 "$programs/hoster" there
expect_line "$WORK/out" "^there: 0$"

! long || with_pvm
halt_machine
