#!/usr/bin/env bash
# dvm doctor between real hosts (network namespaces): a pair that a firewall parts is told,
# with the reason as it was met (silent, refused, no way), the code, and that it is relayed;
# one that is open in the direction that is used is a note; and a host that would not reach
# the machine is told so before it joins.
# ctest: COST 25
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
ip netns list >/dev/null 2>&1 || skip "no network namespaces here"
command -v nft >/dev/null || skip "nft is not installed"

net=p$(($$ % 100000))
netns=$source_tree/tests/system/netns
at_end+=("$netns down $net")
"$netns" up "$net" 4
on() { "$netns" run "$net" "$@"; }
in_net() { local i=$1; shift; ip netns exec "$net$i" "$@"; }
hosts_seen() { [ "$(on 1 dvm hosts --json | jq '[.hosts[] | select(.state == "up")] | length')" = "$1" ]; }
first=$("$netns" address "$net" 1)
second=$("$netns" address "$net" 2)

on 1 dvm start
on 1 dvm invite --uses 2 >"$WORK/ticket"
for i in 2 3; do on $i dvmd --join - <"$WORK/ticket" 2>"$WORK/err"; done
await 10 hosts_seen 3

# doctor STATUS ARGUMENT...: as JSON in $WORK/out
doctor() {
    local wanted=$1 status=0
    shift
    on 1 timeout -k 5 $((120 * time_scale)) dvm doctor --json "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
    expect_same "$wanted" "$status" "exit status of dvm doctor $*"
}
# pair STATE WAY CODE: of the second and third host; the others are direct
pair() {
    expect_same "$1 $2 $3" "$(jq -r --arg a "${net}2" --arg b "${net}3" '.pairs[] | select(.hosts == [$a, $b]) | "\(.state) \(.way) \(.code)"' "$WORK/out")" "pair of ${net}2 and ${net}3"
    expect_same 2 "$(jq --arg a "${net}1" '[.pairs[] | select(.hosts[0] == $a and .way == "direct" and .state == "well")] | length' "$WORK/out")" "other pairs"
}
# block I RULE...: a rule of a firewall on the I-th host
block() {
    local i=$1
    shift
    in_net "$i" nft add table ip dvm
    in_net "$i" nft add chain ip dvm input "{ type filter hook input priority 0; }"
    in_net "$i" nft add chain ip dvm output "{ type filter hook output priority 0; }"
    in_net "$i" nft add rule ip dvm "$@"
}
open() { in_net "$1" nft delete table ip dvm; }

say "all well: by the address of the interface, with the round trip of the network"
doctor 0
pair well direct null
expect_same "$second" "$(jq -r --arg b "${net}3" '.pairs[] | select(.hosts[1] == $b) | .address' "$WORK/out" | grep -v "^$first:" | sed 's/:.*//')" "address"
expect_same 3 "$(jq '[.pairs[] | select(.round_trip > 0)] | length' "$WORK/out")" "round trips"

say "a firewall drops: silent, and relayed"
block 3 input ip saddr "$second" drop
doctor 3
pair bad relayed D201
status=0
on 1 dvm doctor >"$WORK/out" || status=$?
expect_same 3 $status "exit status"
expect_line "$WORK/out" "^bad: ${net}3 does not reach ${net}2 \(path\): $second:[0-9]+ silent; so what they send each other is relayed -> .* \[D201\]$"
expect_line "$WORK/out" "^relay: 1 of 3 pairs go through the daemon of ${net}1,"
expect_line "$WORK/out" "^${net}2 +2 .* relay$"
open 3

say "a firewall rejects: refused"
block 2 input ip saddr "$("$netns" address "$net" 3)" reject with tcp reset
doctor 3
pair bad relayed D202
open 2

say "no way: the route is prohibited"
in_net 3 ip route add prohibit "$second"
doctor 3
pair bad relayed D203
in_net 3 ip route del prohibit "$second"

say "only who joined later can connect: a note, and all is well"
block 3 input ip saddr "$second" 'tcp flags & (syn|ack) == syn' drop
doctor 0
pair note direct D206
open 3

# lane WAY CODE: for connections of tasks of the second host with those of the third
lane() {
    expect_same "$1 $2" "$(jq -r --arg a "${net}2" --arg b "${net}3" '.pairs[] | select(.hosts == [$a, $b]) | .lane | "\(.way) \(.code)"' "$WORK/out")" "lane of ${net}2 to ${net}3"
    expect_same 2 "$(jq --arg a "${net}1" '[.pairs[] | select(.hosts[0] == $a and .lane.way == "direct")] | length' "$WORK/out")" "other lanes"
}
third=$("$netns" address "$net" 3)
port=$(on 1 dvm hosts --json | jq -r --arg a "${net}3" '.hosts[] | select(.name == $a) | .address' | sed 's/.*://')

say "the lane port of one host alone is blocked: a note, with the reason"
doctor 0
lane direct null
expect_same "$third:$((port + 1))" "$(jq -r --arg b "${net}3" '.pairs[] | select(.hosts[1] == $b) | .lane.address' "$WORK/out" | sort -u)" "address of the lane port"
block 3 input ip saddr "$second" tcp dport $((port + 1)) drop
doctor 0
pair well direct null
lane relayed D211
on 1 dvm doctor >"$WORK/out"
expect_line "$WORK/out" "^note: ${net}2 does not reach the lane port of ${net}3: $third:$((port + 1)) silent; so the daemons carry .* -> open .*the firewall of ${net}3 .* \[D211\]$"
expect_line "$WORK/out" "^lanes: tasks of 2 of 3 pairs of hosts can connect"
open 3
block 3 input ip saddr "$second" tcp dport $((port + 1)) reject with tcp reset
doctor 0
lane relayed D212
open 3

say "a host that would not reach the machine, and one that would"
doctor 0 --ssh "$netns shell $net" "${net}4"
block 4 output ip daddr "$first" drop
doctor 3 --ssh "$netns shell $net" "${net}4"
expect_same J701 "$(jq -r '.hosts[0].checks[] | select(.check == "dial back") | .code' "$WORK/out")" "code"
hosts_seen 3 || fail "a host has joined that was only looked at"
on 1 dvm halt
