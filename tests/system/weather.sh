#!/usr/bin/env bash
# Bad weather between real hosts (network namespaces): connections that are killed
# (ss -K) disturb nobody; a link that loses everything, in one direction or both, costs the
# host its membership within the time of silence, in words, and it comes back by itself as
# a new member when the weather is better; two members that cannot reach each other talk
# through the coordinator.
# ctest: COST 45
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
ip netns list >/dev/null 2>&1 || skip "no network namespaces here"
command -v nft >/dev/null || skip "nft is not installed"

net=w$(($$ % 100000))
netns=$source_tree/tests/system/netns
at_end+=("$netns down $net")
"$netns" up "$net" 3
on() { "$netns" run "$net" "$@"; }
in_net() { local i=$1; shift; ip netns exec "$net$i" "$@"; }

# state HOST: "up SLOT" as the first host sees it, or nothing
state() { on 1 dvm hosts --json | jq -r --arg host "$1" '.hosts[] | select(.name == $host) | "\(.state) \(.slot)"'; }
slot() { state "$net$1" | cut -d' ' -f2; }
up() { [[ $(state "$net$1") == up* ]]; }
gone() { [ -z "$(state "$net$1")" ]; }
lost_words() { grep -c "has lost machine" "$(log_of "$net$1")" || :; }

silence=4 # seconds: more than a busy computer keeps a daemon from a core
on 1 dvm start --silence ${silence}s
on 1 dvm invite --uses 2 >"$WORK/ticket"
for i in 2 3; do
    on $i dvmd --join - <"$WORK/ticket" 2>"$WORK/err"
    await 10 up $i
done

say "every connection is killed, five times: nobody is lost, and no message either"
on 1 dvm run -n 6 "$PROGRAMS/endings" wait 0 0 >"$WORK/run" 2>&1 &
run=$!
await 60 grep -q ready "$WORK/run"
if in_net 1 ss -tnKH state listening sport = :1 >/dev/null 2>&1; then
    for _ in 1 2 3 4 5; do
        in_net 2 ss -tnKH state established >/dev/null
        in_net 1 ss -tnKH state established >/dev/null
        on 1 dvm run -n 6 "$PROGRAMS/meet" say >"$WORK/out"
        expect_count 6 "on ${net}[123]$" "$WORK/out"
    done
    kill -0 $run || fail "the program that ran has ended"
    for i in 1 2 3; do expect_count 0 "was lost|has lost" "$(log_of "$net$i")"; done
else
    say "(left out: ss -K cannot kill connections here)"
fi

# cut I DIRECTION: drop what the I-th host gets (input), says (output), or both
cut_off() {
    in_net "$1" nft add table ip dvm
    for hook in input output; do
        [ "$2" = both ] || [ "$2" = $hook ] || continue
        in_net "$1" nft add chain ip dvm $hook "{ type filter hook $hook priority 0; policy drop; }"
    done
}
mend() { in_net "$1" nft delete table ip dvm; }

said=0
for direction in both input output; do
    old=$(slot 3)
    on 1 dvm run -n 4 --where "${net}1,${net}3" "$PROGRAMS/endings" wait 0 0 >"$WORK/run3" 2>&1 &
    run3=$!
    await 60 grep -q ready "$WORK/run3"
    say "all packets of ${net}3 are dropped: $direction"
    begin=$(now_ms)
    cut_off 3 $direction
    await 20 gone 3
    took=$(($(now_ms) - begin))
    # a first host that ran late itself was more patient, and says so: three times at most (of the
    # time of silence a part is for the news)
    silent=$(grep -o "no sign of life for [0-9.]*" "$(log_of "${net}1")" | tail -n 1 | grep -o '[0-9.]*$')
    say "noticed after $took ms; no sign of life for $silent s"
    awk -v t=$took -v s="$silent" -v silence=$silence -v scale="$time_scale" \
        'BEGIN { exit !(s >= 0.7 * silence && s <= 3.1 * silence && t <= 1000 * s + 20000 * scale) }' || fail "that is too late"
    status=0
    wait $run3 || status=$?
    [ $status != 0 ] || fail "a run that lost a host ended with 0"
    expect_line "$WORK/run3" "${net}3 was lost"
    said=$((said + 1))
    knows() { [ "$(lost_words 3)" = "$said" ]; }
    await 20 knows
    mend 3
    await 30 up 3
    [ "$(slot 3)" != "$old" ] || fail "${net}3 came back into its old slot"
    on 1 dvm run -n 3 "$PROGRAMS/meet" say >"$WORK/out"
    expect_line "$WORK/out" "on ${net}3$"
done
returned() { [ "$(grep -c "is in machine $DVM_MACHINE again" "$(log_of "${net}3")")" = "$said" ]; }
await 10 returned

say "a short gap is no loss"
short=0
for ((try = 0; try < 12 && short < 3; try++)); do
    begin=$(now_ms)
    cut_off 3 both
    half_a_second() { [ $(($(now_ms) - begin)) -ge 400 ]; }
    await 5 half_a_second
    mend 3
    took=$(($(now_ms) - begin))
    await 30 "$netns" run "$net" 3 dvm run -n 3 "$PROGRAMS/meet" say
    if [ $took -le $((600 * silence)) ]; then
        short=$((short + 1))
        expect_same "$said" "$(lost_words 3)" "losses of ${net}3"
    else # on a computer that has no time to begin and end it
        say "a gap of $took ms may be a loss"
        said=$(lost_words 3)
    fi
done
[ $short -gt 0 ] || fail "none of $try gaps was short"

say "two members that lose sight of each other go on through the coordinator"
on 2 dvm run -n 2 --where "${net}[2-3]" "$PROGRAMS/big_message" 4 >"$WORK/out"
second=$("$netns" address "$net" 2)
in_net 3 nft add table ip dvm
in_net 3 nft add chain ip dvm input "{ type filter hook input priority 0; }"
in_net 3 nft add rule ip dvm input ip saddr "$second" drop
within 30 "$netns" run "$net" 2 dvm run -n 2 --where "${net}[2-3]" "$PROGRAMS/big_message" 4 >"$WORK/out"
expect_count 2 "bytes are right" "$WORK/out"
within 30 "$netns" run "$net" 3 dvm run -n 2 --where "${net}[2-3]" "$PROGRAMS/big_message" 4 >"$WORK/out"
expect_count 2 "bytes are right" "$WORK/out"
expect_same "$said" "$(lost_words 3)" "losses of ${net}3"

say "a host that was removed while it was away does not come back"
mend 3
cut_off 3 both
await 20 gone 3
on 1 dvm rm "${net}3"
mend 3
killed_hosts+=("${net}3") # it leaves its log
await 40 grep -q "this daemon ends: .*was removed, or was lost" "$(log_of "${net}3")"
on 1 dvm halt
wait $run || :
