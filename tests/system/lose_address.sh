#!/usr/bin/env bash
# A host that loses one of its addresses stays in the machine, and its tasks with it, if
# there is another way to it: nobody reports such a loss, so the daemons must look for it.
# Hosts on one computer do not depend on any interface.
. "$(dirname "$0")/lib.sh"
DVM_SILENCE=12s # another way is tried after a third of it

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
ip netns list >/dev/null 2>&1 || skip "no network namespaces here"

net=a$(($$ % 100000))
netns=$source_tree/tests/system/netns
at_end+=("$netns down $net")
"$netns" up "$net" 2
on() { "$netns" run "$net" "$@"; }
first=$("$netns" address "$net" 1)
# a second net over the same cables: a net that loses its first address loses all of them
second=10.$(($(cut -d. -f2 <<<"$first") + 64)).${first#10.*.}
for i in 1 2; do ip -n "$net$i" addr add "${second%.1}.$i/24" dev eth0; done

# addresses_in_use: those at which the second host and its tasks have connections with the first
addresses_in_use() {
    ip netns exec "${net}2" ss -tnH state established |
        awk '{ print $NF }' | grep -oE "($first|$second)[]:]" | tr -d ']:' || :
}

hosts_seen() { [ "$(on 1 dvm hosts --json | jq '[.hosts[] | select(.state == "up")] | length')" = "$1" ]; }
# a connection of a task that has nothing to say may stand at the lost one as well
moved() { addresses_in_use | grep -vxF "$lost" >/dev/null; }

on 1 dvm start
on 1 dvm invite >"$WORK/ticket"
on 2 dvmd --join - <"$WORK/ticket"
await 10 hosts_seen 2
lost=$(addresses_in_use | tail -n 1) # no tasks yet: the daemons'
[ -n "$lost" ] || fail "no connection is seen"
on 1 dvm run -n 4 "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
run=$!
await 20 grep -q ready "$WORK/run"

say "$lost is taken away from the first host"
ip -n "${net}1" addr del "$lost/24" dev eth0
await 10 moved
on 1 dvm run -n 4 "$PROGRAMS/meet" say >"$WORK/out"
for i in 1 2; do expect_line "$WORK/out" "on $net$i$"; done
kill -0 $run || fail "the program that ran has ended"
for file in "$RUNTIME/$DVM_MACHINE"/*/log; do expect_count 0 "lost" "$file"; done
on 1 dvm halt
wait $run || :

say "three hosts on one computer that loses every interface"
on 2 dvm start --hosts 3
ip -n "${net}2" link set eth0 down
on 2 dvm run -n 6 "$PROGRAMS/meet" say >"$WORK/out"
for i in 1 2 3; do expect_line "$WORK/out" "on sim$i$"; done
on 2 dvm halt
