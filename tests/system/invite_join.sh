#!/usr/bin/env bash
# A ticket lets a host join, from standard input or a file, as often as it says; a used,
# altered or expired one is refused in words, by a daemon that leaves nothing.
. "$(dirname "$0")/lib.sh"

start_machine
await 10 hosts_are 1

# refused WHAT: joining with the ticket in the file fails with one sentence that matches
refused() {
    local status=0
    timeout -k 5 $((60 * time_scale)) dvmd --join "$WORK/ticket" --host refused >"$WORK/out" 2>"$WORK/err" || status=$?
    [ $status != 0 ] || fail "a ticket that is $1 was taken"
    expect_line "$WORK/err" "$2"
    await 10 no_process_of refused
}

say "from a file, and from standard input"
dvm invite >"$WORK/ticket"
expect_same 1 "$(wc -l <"$WORK/ticket")" "lines of a ticket"
within 30 dvmd --join "$WORK/ticket" --host one
dvm invite | within 30 dvmd --join - --host two
await 10 hosts_are 3
expect 0 dvm run -n 6 "$PROGRAMS/meet" say
expect_same 3 "$(sed 's/.* on //' "$WORK/out" | sort -u | wc -l)" "hosts used"

say "from a file that comes later"
DVM_JOIN='10 min' within 60 dvmd --join "$WORK/later" --host patient 2>"$WORK/err" &
patient=$!
looks() { [ -n "$(host_pids patient)" ]; }
await 10 looks
dvm invite >"$WORK/later.new"
mv "$WORK/later.new" "$WORK/later"
wait $patient || fail "it did not wait for its ticket: $(cat "$WORK/err")"
within 30 dvm hosts --wait 4 >"$WORK/out"
expect_line "$WORK/out" "^patient +"
expect 0 dvm rm patient
await 10 hosts_are 3
expect 5 dvm hosts --wait 4 --timeout 0.5
expect_line "$WORK/err" "3 of 4 hosts are up after"

say "used up"
refused "used up" "ticket"
hosts_are 3 || fail "the number of hosts has changed"

say "for two uses"
dvm invite --uses 2 >"$WORK/ticket"
within 30 dvmd --join "$WORK/ticket" --host three
within 30 dvmd --join "$WORK/ticket" --host four
refused "used up" "ticket"

say "altered, in any place"
dvm invite >"$WORK/good"
length=$(tr -d '\n' <"$WORK/good" | wc -c)
for place in 1 $((length / 2)) "$length"; do
    awk -v p="$place" '{ c = substr($0, p, 1); print substr($0, 1, p - 1) (c == "A" ? "B" : "A") substr($0, p + 1) }' \
        "$WORK/good" >"$WORK/ticket"
    refused "altered at $place" "ticket|refused|[Tt]icket"
done
echo "this is not a ticket" >"$WORK/ticket"
refused "no ticket" "ticket"
: >"$WORK/ticket"
refused "empty" "ticket"

say "expired"
dvm invite --for 1s >"$WORK/ticket"
expired_at=$(($(date +%s) + 2))
past() { [ "$(date +%s)" -ge $expired_at ]; }
await 5 past
refused "expired" "ticket"

say "a name that is taken gets another"
dvm invite | within 30 dvmd --join - --host one
await 10 hosts_are 6
expect_same 6 "$(hosts_up | sort -u | wc -l)" "different names"

say "a host leaves by dvm rm, asked of whichever host"
expect 0 dvm rm two
await 10 hosts_are 5
await 10 no_process_of two
DVM_HOST=one expect 0 dvm rm one three
expect_count 2 "^host (one|three) has left$" "$WORK/err"
hosts_are 3 || fail "they are still there"
halt_machine
