#!/usr/bin/env bash
# Every message arrives once, in order and unchanged, whatever the weather: tasks on three
# hosts write down what they send and get, while the connections of one host are reset,
# delayed and paused by a proxy, tasks and daemons are stopped and go on, and tasks break
# their own TCP connections. Compared afterwards: 0 lost, 0 doubled, 0 reordered. As root
# the same between network namespaces, with connections killed (ss -K) and cables pulled.
# The seed is printed (the quick form has always the same); DVM_TEST_SEED repeats a run, but for its timing.
# ctest: LIMIT 1800 PROCESSORS 2 COST 22
. "$(dirname "$0")/lib.sh"
. "$source_tree/tests/system/ticket.sh"

seed=${DVM_TEST_SEED:-$(pick 4711 $((RANDOM * 32768 + RANDOM)))}
RANDOM=$((seed % 32768))
messages=$(pick 60000 600000)
tasks=6
history=$build/tests/tool_history
say "seed $seed, $((messages + messages * 2 / 3)) messages of $tasks tasks"

# compare FOLDER
compare() {
    "$history" "$1" $tasks >"$WORK/verdict" || { cat "$WORK/verdict" >&2; fail "seed $seed: the histories differ"; }
    say "$(tail -n 1 "$WORK/verdict")"
}

# pause SECONDS/1000: until so much time has passed
pause() {
    local until_ms=$(($(now_ms) + $1))
    passed() { [ "$(now_ms)" -ge "$until_ms" ]; }
    wait_until 60 passed || :
}

task_pids() { pgrep -f "^$PROGRAMS/history $WORK" || :; }

stopped=0
# stop_some: a task or a daemon does nothing for a moment
stop_some() {
    local pids pid
    mapfile -t pids < <(task_pids)
    if [ $((RANDOM % 5)) = 0 ]; then mapfile -t pids < <(daemon_pid "$1"); fi
    [ ${#pids[@]} -gt 0 ] || return 0
    pid=${pids[RANDOM % ${#pids[@]}]}
    [ -n "$pid" ] && kill -STOP "$pid" 2>/dev/null || return 0
    pause $((RANDOM % 200))
    kill -CONT "$pid" 2>/dev/null || :
    stopped=$((stopped + 1))
}

# weather WEATHER RUN HOST...: WEATHER and stops until the process RUN has ended
weather() {
    local what=$1 run=$2
    shift 2
    while kill -0 "$run" 2>/dev/null; do
        pause $((RANDOM % 300))
        $what
        stop_some "${!#}"
    done
}

# ---- a checker that finds nothing proves nothing --------------------------------------

check_checker() {
    local fault
    for fault in lost doubled reordered changed; do
        ! "$history" "$1" $tasks $fault >"$WORK/verdict" || fail "a message $fault is not found"
        grep -Eq "[1-9][0-9]* $fault" "$WORK/verdict" || { cat "$WORK/verdict" >&2; fail "a message $fault is told otherwise"; }
    done
}

# ---- one computer, through the proxy ---------------------------------------------------

within 30 dvm start --bind 127.0.0.1
dvm invite --uses 2 >"$WORK/ticket"
port=$(ticket_hex <"$WORK/ticket" | from_hex | grep -aoE ':[0-9]{4,5}' | head -n 1 | tr -d :)
mkfifo "$WORK/fair"
"$build/tests/tool_proxy" "$port" "$seed" <"$WORK/fair" >"$WORK/proxy" &
proxy=$!
exec 3>"$WORK/fair"
port_known() { [ -s "$WORK/proxy" ]; }
await 10 port_known
ticket_hex <"$WORK/ticket" | ticket_with_port "$port" "$(head -n 1 "$WORK/proxy")" | ticket_text >"$WORK/by_proxy" ||
    skip "the ports $port and $(head -n 1 "$WORK/proxy") have different lengths"
dvmd --join - --host far --simulated <"$WORK/by_proxy" 3>&-
dvmd --join - --host near --simulated <"$WORK/ticket" 3>&-
await 20 hosts_are 3

mkdir "$WORK/good" "$WORK/bad"
say "a short history in fair weather, and with planted faults"
within 100 dvm run -n $tasks "$PROGRAMS/history" "$WORK/good" 2000 "$seed" 0 >"$WORK/out" 3>&-
compare "$WORK/good"
check_checker "$WORK/good"

say "a long one in bad weather"
first=$(hosts_up | grep -vE '^(far|near)$')
dvm run -n $tasks "$PROGRAMS/history" "$WORK/bad" "$messages" "$seed" 30 >"$WORK/out" 2>"$WORK/err" 3>&- &
run=$!
nothing_else() { :; }
weather nothing_else $run far near "$first"
status=0
wait $run || status=$?
[ $status = 0 ] || { tail -n 20 "$WORK/err" >&2; fail "seed $seed: the run ended with $status"; }
exec 3>&-
wait $proxy
say "$(tail -n 1 "$WORK/proxy"); $stopped stops; $(awk '{ n += $4 } END { print n }' "$WORK/out") connections broken by tasks"
compare "$WORK/bad"
expect_same 3 "$(hosts_up | wc -l)" "hosts that are left"
halt_machine

# ---- as root: computers with networks of their own ---------------------------------------

if [ "$(id -u)" != 0 ] || ! ip netns list >/dev/null 2>&1; then
    say "(left out: network namespaces need root)"
    exit 0
fi
net=y$(($$ % 100000))
netns=$source_tree/tests/system/netns
at_end+=("$netns down $net")
"$netns" up "$net" 3
on() { "$netns" run "$net" "$@"; }
in_net() { local i=$1; shift; ip netns exec "$net$i" "$@"; }
three() { [ "$(on 1 dvm hosts --json | jq '[.hosts[] | select(.state == "up")] | length')" = 3 ]; }

on 1 dvm start
on 1 dvm invite --uses 2 >"$WORK/ticket"
for i in 2 3; do on $i dvmd --join - <"$WORK/ticket"; done
await 20 three

resets=0
gaps=0
# bad_network: connections are killed, or a cable is out for a moment
bad_network() {
    local i=$((RANDOM % 3 + 1))
    if [ $((RANDOM % 2)) = 0 ] && in_net $i ss -tnKH state established >/dev/null 2>&1; then
        resets=$((resets + 1))
        pause 1000
    else
        "$netns" cut "$net" $i
        pause $((RANDOM % 200))
        "$netns" mend "$net" $i
        gaps=$((gaps + 1))
    fi
}

say "between three network namespaces"
rm -rf "$WORK/bad"
mkdir "$WORK/bad"
on 1 dvm run -n $tasks "$PROGRAMS/history" "$WORK/bad" "$((messages * 2 / 3))" "$seed" 30 >"$WORK/out" 2>"$WORK/err" &
run=$!
weather bad_network $run "${net}1" "${net}2" "${net}3"
status=0
wait $run || status=$?
[ $status = 0 ] || { tail -n 20 "$WORK/err" >&2; fail "seed $seed: the run ended with $status"; }
say "$resets times all connections of a host killed, $gaps gaps; $(awk '{ n += $4 } END { print n }' "$WORK/out") connections broken by tasks"
compare "$WORK/bad"
await 10 three
on 1 dvm halt
