#!/usr/bin/env bash
# A daemon to which the system gives no memory says so and lives: each allocation of a
# whole run with spawning fails once, one after the other, and the run works; and under a
# limit of address space new tasks are refused in words, those that run go on, and when
# there is memory again all is as before.
. "$(dirname "$0")/lib.sh"

sanitized && skip "a sanitizer has an allocator of its own"

# The words that tests/system/preload/fail_malloc.c reads.
board=$WORK/board
head -c 8 /dev/zero >"$board"
export DVM_TEST_MALLOC=$board

# arm N: the Nth allocation from now on fails; all: each one
arm() {
    local escapes='\xff\xff\xff\xff'
    [ "$1" = all ] || escapes=$(printf '\\x%02x\\x%02x\\x00\\x00' $(($1 & 255)) $(($1 >> 8)))
    # shellcheck disable=SC2059
    printf "$escapes" | dd of="$board" conv=notrunc status=none bs=4 count=1
}
left() { od -An -tu4 -N4 "$board" | tr -d ' '; }
count() { od -An -tu4 -j4 -N4 "$board" | tr -d ' '; }

LD_PRELOAD=$PROGRAMS/fail_malloc.so within 30 dvm start
host=$(hosts_up)
pid=$(daemon_pid "$host")
made=1000000
for ((n = 0; n < 3; n++)); do # the least: what time alone brings about is not the run's
    before=$(count)
    expect 0 dvm run -n 2 "$PROGRAMS/busy" 1
    now=$(($(count) - before))
    [ $now -ge $made ] || made=$now
done
say "a run with spawning makes $made allocations in daemon and keeper"
[ "$made" -gt 100 ] || fail "$made allocations only: the daemon does not ask here"

# all of them, or every seventh
step=$(pick 7 1)
failed=0
early=0 # runs one after the other that came to their end before allocation n
for ((n = 1; early < 3; n += step)); do
    arm $n
    status=0
    timeout -k 5 120 dvm run -n 2 "$PROGRAMS/busy" 1 >"$WORK/out" 2>"$WORK/err" || status=$?
    if [ "$(left)" != 0 ]; then
        early=$((early + 1))
        continue
    fi
    early=0
    failed=$((failed + 1))
    # words, or none needed: not a wait for something that never comes, nor a crash
    if [ $status != 0 ]; then
        [ $status != 124 ] || fail "the run hangs when allocation $n fails"
        grep -q memory "$WORK/err" || fail "no word of memory when allocation $n fails: $(cat "$WORK/err")"
    fi
    alive "$pid" || fail "the daemon ended when allocation $n failed"
done
arm 0
[ $failed -ge $((made / 2 / step)) ] || fail "$failed allocations failed, of $made"
expect_line "$(log_of "$host")" "has no memory for this daemon, which uses its reserve now"

say "the reserve is filled again before new work comes"
for ((n = 0; n < 3; n++)); do
    arm 1
    expect 0 dvm hosts
    expect_same 0 "$(left)" "allocations of a console that comes, still to fail"
done

say "no memory at all for a console, and for a task, that comes"
arm all
expect 1 dvm hosts
expect_line "$WORK/err" "no memory for another connection"
DVM_SOCKET=$RUNTIME/$DVM_MACHINE/$host/socket expect 1 "$PROGRAMS/busy" 1
expect_line "$WORK/err" "no memory for another connection"
arm 0
expect 0 dvm run -n 2 "$PROGRAMS/meet"
expect_same "$pid" "$(daemon_pid "$host")" "the daemon"
await 10 tasks_are 0
halt_machine
unset DVM_TEST_MALLOC

say "a limit of address space, from one moment on"
start_machine
host=$(hosts_up)
pid=$(daemon_pid "$host")
dvm spawn -n 1 tail -f /dev/null >"$WORK/out"
prlimit --pid "$pid" --as=$(($(awk '/^VmSize:/ { print $2 }' "/proc/$pid/status") * 1024)):
status=0
for ((n = 0; n < 40 && status == 0; n++)); do
    timeout -k 5 120 dvm spawn -n 50 tail -f /dev/null >"$WORK/out" 2>"$WORK/err" || status=$?
done
[ $status != 0 ] || fail "$((n * 50)) tasks were started though there is no memory for them"
say "after $n times 50 tasks: $(tail -n 1 "$WORK/err")"
alive "$pid" || fail "the daemon ended"
expect_line "$WORK/err" "memory"
expect 0 dvm hosts
prlimit --pid "$pid" --as=unlimited:
expect 0 dvm run -n 2 "$PROGRAMS/meet"
halt_machine
