#!/usr/bin/env bash
# dvm add joins hosts over any command in the place of ssh, all at the same time and each
# with a verdict of its own; hosts behind cables of their own make one machine, and one
# whose cable is pulled is declared lost, and comes back by itself with its cable.
. "$(dirname "$0")/lib.sh"
export DVM_SILENCE='8 s'

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
ip netns list >/dev/null 2>&1 || skip "no network namespaces here"

net=d$(($$ % 100000))
netns=$WORK/netns # a path without spaces: --ssh is cut into words
cp "$source_tree/tests/system/netns" "$netns"
at_end+=("$netns down $net")
"$netns" up "$net" 4
on() { "$netns" run "$net" "$@"; }

# hosts_are, asked on the first host
hosts_seen() { [ "$(on 1 dvm hosts --json | jq '[.hosts[] | select(.state == "up")] | length')" = "$1" ]; }

on 1 dvm start
say "two hosts are added; a third does not exist and has its own verdict"
status=0
on 1 dvm add --ssh "$netns shell $net" "${net}[2-3]" "${net}9" >"$WORK/out" 2>"$WORK/err" || status=$?
expect_same 3 $status "exit status of dvm add (3: partly)"
expect_line "$WORK/out" "^${net}2 joined"
expect_line "$WORK/out" "^${net}3 joined"
expect_line "$WORK/err" "${net}9 did not join"
await 10 hosts_seen 3

say "a host that is there already is not added again"
status=0
on 1 dvm add --ssh "$netns shell $net" "${net}2" 2>"$WORK/err" || status=$?
expect_same 1 $status "exit status of dvm add of a member"
expect_line "$WORK/err" "${net}2 .*in the machine already"

say "a command that is not here is no matter of the remote host"
on 1 dvm add --ssh no-such-command "${net}4" 2>"$WORK/err" || :
expect_line "$WORK/err" "${net}4 did not join .start.*--ssh"

say "tasks of all three exchange messages"
on 1 dvm run -n 6 "$PROGRAMS/meet" say >"$WORK/out"
for i in 1 2 3; do expect_line "$WORK/out" "on $net$i$"; done
on 1 dvm run -n 2 --where "${net}[2-3]" "$PROGRAMS/big_message" 16 >"$WORK/out"
expect_count 2 "bytes are right" "$WORK/out"

say "a ticket is enough for a host that comes by itself"
on 1 dvm invite >"$WORK/ticket"
on 4 dvmd --join - <"$WORK/ticket" 2>"$WORK/err"
expect_line "$WORK/err" "host ${net}4 has joined machine $DVM_MACHINE"
await 10 hosts_seen 4

say "the cable of the third is pulled"
"$netns" cut "$net" 3
await 20 hosts_seen 3
on 1 dvm run -n 3 "$PROGRAMS/meet" say >"$WORK/out"
expect_count 0 "on ${net}3$" "$WORK/out"
say "its daemon ends its tasks and tries to come back; with the cable it does"
await 20 grep -q "has lost machine" "$(log_of "${net}3")"
"$netns" mend "$net" 3
await 30 hosts_seen 4
on 1 dvm run -n 2 --where "${net}3" "$PROGRAMS/meet" say >"$WORK/out"
expect_count 2 "on ${net}3$" "$WORK/out"
on 1 dvm halt
