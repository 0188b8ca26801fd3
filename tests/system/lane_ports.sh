#!/usr/bin/env bash
# Between real hosts (network namespaces) two tasks have a connection of their own; where a
# firewall blocks the lane port the daemons carry what they send, with the same result, and
# dvm doctor says which port of which host, and what to do.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
ip netns list >/dev/null 2>&1 || skip "no network namespaces here"
command -v nft >/dev/null || skip "nft is not installed"

net=l$(($$ % 100000))
netns=$source_tree/tests/system/netns
at_end+=("$netns down $net")
"$netns" up "$net" 2
on() { "$netns" run "$net" "$@"; }
both_up() { [ "$(on 1 dvm hosts --json | jq '[.hosts[] | select(.state == "up")] | length')" = 2 ]; }

# tasks CONNECTED: messages of many sizes between a task on each host, each byte checked;
# at the end they have a connection of their own (1) or none (0)
tasks() {
    within 200 "$netns" run "$net" 1 dvm run -n 2 --where "${net}1,${net}2" "$PROGRAMS/lanes" "$1" 0 0 9973 >"$WORK/out" 2>"$WORK/err" || fail "the tasks failed: $(cat "$WORK/err")"
    expect_count 2 good "$WORK/out"
}
# block RULE...: what comes to the second host's lane port
block() {
    ip netns exec "${net}2" nft add table inet dvm
    ip netns exec "${net}2" nft add chain inet dvm input "{ type filter hook input priority 0; }"
    ip netns exec "${net}2" nft add rule inet dvm input tcp dport "$lane_port" "$@"
}
open() { ip netns exec "${net}2" nft delete table inet dvm; }
# a look at a busy computer may find nobody for once
doctor_is() { [ "$(doctor)" = "$1" ]; }
doctor() { on 1 dvm doctor --json | jq -r '.pairs[0].lane | "\(.way) \(.code) \(.address)"'; }

on 1 dvm start
on 1 dvm invite | on 2 dvmd --join -
await 10 both_up
address=$(on 1 dvm hosts --json | jq -r --arg h "${net}2" '.hosts[] | select(.name == $h) | .address')
lane_port=$((${address##*:} + 1))

say "open: a connection of their own"
tasks 1
await 30 doctor_is "direct null ${address%:*}:$lane_port"

say "refused: the daemons carry everything"
block reject with tcp reset
tasks 0
await 30 doctor_is "relayed D212 null"
open

say "silent: the same"
block drop
tasks 0
await 30 doctor_is "relayed D211 null"
on 1 dvm doctor >"$WORK/out"
expect_line "$WORK/out" "^note: ${net}1 does not reach the lane port of ${net}2: ${address%:*}:$lane_port silent; .*open the port above the control port .* of ${net}2 .*\[D211\]"
open

say "open again"
tasks 1
on 1 dvm halt
