#!/usr/bin/env bash
# kill -9 at any point leaves nothing: a story of a machine's whole life (start, hosts
# that join, a run with messages, collectives and spawning, tasks in the background, halt)
# is told again and again, and each time daemon, keeper, console or task is killed at
# another of the system calls that it makes. Nothing hangs, after halt no process, socket,
# segment or file is left, and the next start works.
#
# The seed is printed (the quick form has always the same); DVM_TEST_SEED repeats a run, DVM_TEST_POINTS sets the number of
# points, DVM_TEST_POINT="STORY NAME CALL" tries that one only.
# ctest: LIMIT 900 COST 80
. "$(dirname "$0")/lib.sh"
unset DVM_SILENCE

seed=${DVM_TEST_SEED:-$(pick 4711 $((RANDOM * 32768 + RANDOM)))}
RANDOM=$((seed % 32768))
points=${DVM_TEST_POINTS:-$(pick 50 1000)}
sanitized && points=$((points / 4 + 1))
# what is traced cannot look for its leaks
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0

# a copy, so that it is found whatever its environment
cp "$(command -v sleep)" "$WORK/stay"
cat >"$WORK/wrapper" <<'END'
#!/bin/sh
# what is hard to find: a session of its own, no environment, a parent that has ended
setsid env -i "$WORK/stay" 600 &
(env -i "$WORK/stay" 600 & exec true)
exec "$WORK/stay" 600
END
chmod +x "$WORK/wrapper"

cat >"$WORK/machine" <<'END'
#!/usr/bin/env bash
dvm start --hosts 2
dvm invite --for 30 | dvmd --join - --host sim3 --simulated
dvm run -n 4 "$PROGRAMS/busy" 2
dvm spawn -n 2 "$WORK/wrapper"
dvm ps
dvm hosts
dvm rm sim2
dvm halt
END
cat >"$WORK/private" <<'END'
#!/usr/bin/env bash
dvm run -n 3 "$PROGRAMS/busy" 1
"$PROGRAMS/busy" 1
END
chmod +x "$WORK/machine" "$WORK/private"

# left_over: what the machine, or the private ones of the report, has left
left_over() {
    local pid
    machine_pids
    pgrep -f "^$WORK/" || :
    find "$RUNTIME/$DVM_MACHINE" 2>/dev/null || :
    while read -r pid; do
        find "$RUNTIME/private-$pid" 2>/dev/null || :
    done < <(sed -n 's/^process //p' "$WORK/report")
}
nothing_left() { [ -z "$(left_over)" ]; }

# show_state: who is there and what the daemons say, before anybody is killed for it
show_state() {
    local pids
    pids=$(machine_pids)
    ps -o pid,ppid,stat,etime,wchan:24,args -p "${pids//$'\n'/,}" || :
    timeout 5 dvm hosts || :
    timeout 5 dvm ps || :
    cat "$WORK/err"
} >&2

# tell STORY NAME CALL: once, with a kill. A daemon that is killed before it has said a
# word to the others is waited for 10 s, and a ticket is tried for 20 s.
tell() {
    local teller status=0
    "$PROGRAMS/kill_at" "$2" "$3" "$WORK/report" "$WORK/$1" >"$WORK/out" 2>"$WORK/err" </dev/null &
    teller=$!
    wait_until 180 dead $teller || {
        show_state
        fail "it hangs: DVM_TEST_POINT='$1 $2 $3'"
    }
    wait $teller || :
    # the machine's end, if it had none
    timeout -k 5 $((100 * time_scale)) dvm halt >"$WORK/halt" 2>&1 || status=$?
    [ $status != 124 ] || fail "halt hangs"
    wait_until "$least" nothing_left || {
        left_over >&2
        show_state
        fail "something is left: DVM_TEST_POINT='$1 $2 $3'"
    }
}

if [ -n "${DVM_TEST_POINT:-}" ]; then
    # shellcheck disable=SC2086
    tell $DVM_TEST_POINT
    grep killed "$WORK/report" || say "that call did not come"
    exit 0
fi

say "seed $seed, $points points"
declare -A calls
names=(dvmd dvmd-keeper dvm busy)
for story in machine private; do
    tell $story nobody 0
    for name in "${names[@]}"; do
        calls[$story.$name]=$(sed -n "s/^calls $name //p" "$WORK/report")
        [ -n "${calls[$story.$name]}" ] || { cat "$WORK/err" >&2; fail "no $name in the story"; }
        say "$story: $name makes ${calls[$story.$name]} system calls"
    done
done

killed=0 point=0
while [ $killed -lt "$points" ]; do
    point=$((point + 1))
    story=machine
    [ $((RANDOM % 4)) != 0 ] || story=private
    name=${names[RANDOM % ${#names[@]}]}
    call=$(((RANDOM * 32768 + RANDOM) % ${calls[$story.$name]} + 1))
    tell $story "$name" $call
    what=$(sed -n 's/^killed //p' "$WORK/report")
    say "$point: $story: ${what:-$name did not come to call $call}"
    if [ -n "$what" ]; then
        killed=$((killed + 1))
    else # it makes fewer than it did: how many depends on how fast all others are
        calls[$story.$name]=$(sed -n "s/^calls $name //p" "$WORK/report")
        [ "${calls[$story.$name]:-0}" -gt 0 ] || fail "no $name in the story: $(cat "$WORK/err")"
    fi
    if [ $((point % 5)) = 0 ]; then
        expect 0 dvm start
        expect 0 dvm run -n 2 "$PROGRAMS/meet"
        expect 0 dvm halt
    fi
done
