#!/usr/bin/env bash
# Addresses are not guessed: all are offered, each is tried with the key, and the one that
# reaches the right host wins (P5, P6): hosts that all have the same docker0 address, on
# which even another machine's daemon answers; a host name that resolves to 127.0.1.1; and
# no loopback address ever leads to another computer.
# ctest: COST 13
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
ip netns list >/dev/null 2>&1 || skip "no network namespaces here"

net=e$(($$ % 100000))
netns=$WORK/netns
cp "$source_tree/tests/system/netns" "$netns"
at_end+=("$netns down $net")
"$netns" up "$net" 4
docker=172.17.0.1
for i in 1 2 3; do
    ip -n "$net$i" link add docker0 type bridge
    ip -n "$net$i" addr add $docker/16 dev docker0
    ip -n "$net$i" link set docker0 up
    # as Debian's installer writes it
    printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$net$i" >"$WORK/hosts$i"
done
# with 127.0.1.1 as the address of its own name
on() {
    local i=$1
    shift
    if [ -e "$WORK/hosts$i" ]; then
        "$netns" run "$net" "$i" unshare --mount bash -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$WORK/hosts$i" "$@"
    else
        "$netns" run "$net" "$i" "$@"
    fi
}
hosts_seen() { [ "$(on 1 dvm hosts --json | jq '[.hosts[] | select(.state == "up")] | length')" = "$1" ]; }

# remote TO FROM: established connections of host TO from elsewhere
peers() { ip netns exec "$net$1" ss -tnH state established | awk '{ print $NF }' | sed 's/:[0-9]*$//; s/^\[::ffff://; s/]$//' | sort -u; }

# offered FILE: the addresses in a ticket
offered() {
    local text
    text=$(sed 's/^dvm1://' "$1" | tr '_-' '/+')
    while [ $((${#text} % 4)) != 0 ]; do text=$text=; done
    base64 -d <<<"$text" | grep -aoE '([0-9a-f]{16}@)?[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+:[0-9]+'
}

on 1 getent hosts "${net}1" | grep -q 127.0.1.1 || fail "the test has not made 127.0.1.1 the host's own address"
on 1 dvm start
on 1 dvm invite -q --uses 4 >"$WORK/ticket"
port=$(offered "$WORK/ticket" | sed -n '1s/.*://p')

say "a ticket offers all addresses, and loopback for its own computer only"
offered "$WORK/ticket" >"$WORK/offered"
expect_line "$WORK/offered" "^$docker:$port$"
expect_line "$WORK/offered" "^$("$netns" address "$net" 1):$port$"
expect_line "$WORK/offered" "^[0-9a-f]{16}@127.0.0.1:$port" # digits of the key may follow
expect_count 0 "^127\." "$WORK/offered"

say "another machine's daemon answers at that docker0 address, on the host that joins"
DVM_MACHINE=$DVM_MACHINE-b on 2 dvm start --port "$port"
DVM_MACHINE=$DVM_MACHINE-b on 2 dvm invite -q >"$WORK/other"
on 2 bash -c "exec 3<>/dev/tcp/$docker/$port" || fail "nothing listens at $docker:$port on the second host"
on 2 timeout 60 dvmd --join "$WORK/ticket" 2>"$WORK/err" || fail "the host did not join: $(cat "$WORK/err")"
expect_line "$WORK/err" "has joined machine $DVM_MACHINE$"
on 3 timeout 60 dvmd --join - <"$WORK/ticket"
await 10 hosts_seen 3

say "the connections lead to the other hosts, not to an address that all have"
on 1 dvm run -n 6 "$PROGRAMS/meet" say >"$WORK/out"
for i in 1 2 3; do expect_line "$WORK/out" "on $net$i$"; done
# by the daemons alone: where the tasks' own connection is quick, theirs is not wanted
by_daemons() {
    DVM_LANES=relay on 1 dvm run -n 2 --where "${net}[2-3]" "$PROGRAMS/big_message" "$1" >"$WORK/out"
    expect_count 2 "bytes are right" "$WORK/out"
}
by_daemons 16
# a greeting that took too long is tried again when there is more to say
direct() { by_daemons 1 && peers 2 | grep -x "$("$netns" address "$net" 3)"; }
await 60 direct
peers 3 >"$WORK/peers"
expect_count 0 "^(172\.17|127)\." "$WORK/peers"

say "who is told to have patience joins when the network is there"
"$netns" cut "$net" 4
begin=$(now_ms)
on 4 dvmd --set "join=10 min" --join "$WORK/ticket" --host late4 2>"$WORK/err" &
patient=$!
others_give_up() { [ $(($(now_ms) - begin)) -ge 9000 ]; } # who has none: after 8 s
await 10 others_give_up
alive $patient || fail "it has no patience: $(cat "$WORK/err")"
"$netns" mend "$net" 4
wait $patient || fail "it did not join: $(cat "$WORK/err")"
await 10 hosts_seen 4
on 1 dvm rm late4
await 10 hosts_seen 3

say "a ticket that leads nowhere but to another machine's daemon is refused in words"
# the same ticket on a host that reaches the first one no more: at its own docker0 another answers
ip -n "${net}4" link add docker0 type bridge
ip -n "${net}4" addr add $docker/16 dev docker0
ip -n "${net}4" link set docker0 up
DVM_MACHINE=$DVM_MACHINE-c on 4 dvm start --port "$port"
DVM_MACHINE=$DVM_MACHINE-c on 4 dvm invite -q >"$WORK/other"
"$netns" cut "$net" 4
status=0
on 4 timeout 60 dvmd --join "$WORK/ticket" --host h4 2>"$WORK/err" || status=$?
expect_same 1 $status "exit status of dvmd --join"
expect_line "$WORK/err" "the daemon at $docker:$port does not know this ticket: it is another machine.*; and nobody was reached at .* \[J702\]$"

say "the first host listens on loopback only: nobody else is sent to their own"
DVM_MACHINE=$DVM_MACHINE-d on 1 dvm start --bind 127.0.0.1
DVM_MACHINE=$DVM_MACHINE-d on 1 dvm invite -q --uses 2 >"$WORK/loopback"
on 1 dvmd --join "$WORK/loopback" --host same
status=0
on 2 timeout 60 dvmd --join "$WORK/loopback" --host other 2>"$WORK/err" || status=$?
expect_same 1 $status "exit status of dvmd --join"
expect_line "$WORK/err" "its own computer only .127.0.0.1:[0-9]*.,.* \[J701\]$"

for machine in b:2 c:4 d:1; do DVM_MACHINE=$DVM_MACHINE-${machine%:*} on "${machine#*:}" dvm halt; done
on 1 dvm halt
