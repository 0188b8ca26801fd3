#!/usr/bin/env bash
# dvm events tells of every host and task that came or went, once, in order, with the
# cause, also of a host that is lost; and goes on to tell of what happens.
. "$(dirname "$0")/lib.sh"

start_machine 3
await 10 hosts_are 3

say "follow what happens"
dvm events -f --json >"$WORK/followed" 2>"$WORK/followed.err" &
follower=$!
heard() { grep -q "$1" "$WORK/followed"; }
await 10 heard host_joined

say "tasks: started, signalled, ended, and not started"
expect 0 dvm spawn -n 3 "$PROGRAMS/endings" wait 0 0
mapfile -t tids <"$WORK/out"
expect 0 dvm signal WINCH "${tids[1]}"
expect 0 dvm kill "${tids[0]}"
expect 143 dvm wait "${tids[0]}"
expect 7 dvm run -n 1 sh -c 'exit 7'
echo '#!/no/such/interpreter' >"$WORK/broken" && chmod +x "$WORK/broken"
! dvm run -n 1 "$WORK/broken" 2>"$WORK/err" || fail "it ran"
await 10 heard task_failed

say "hosts: removed, lost, joined"
expect 0 dvm rm sim3
kill_daemon sim2
await 10 hosts_are 1
await 10 heard host_lost
dvm invite >"$WORK/ticket"
DVM_HOST=late dvmd --join - --host late <"$WORK/ticket" >/dev/null 2>&1
await 10 hosts_are 2
expect 0 dvm spawn --where late sh -c 'exit 5'
await 10 heard 'status":5'

say "the record: each once, in order of time, with its cause"
expect 0 dvm events
for wanted in 'sim1 +joined +the machine was started here' 'sim2 +joined' 'sim3 +left +it was removed' \
    'sim2 +lost' "sim[1-3] +ended +${tids[0]} rank 0 endings: was ended after .*dvm kill \\(process [0-9]+ on host sim1\\) sent it signal 15" \
    'ended .*sh: exited with status 7' 'failed .*broken: could not be started: .*what is to run it is not there' \
    'late +joined' 'late +ended .*status 5'; do
    expect_count 1 "$wanted" "$WORK/out"
done
expect_same "$(cut -c1-23 "$WORK/out" | sort)" "$(cut -c1-23 "$WORK/out")" "order"
expect 0 dvm events --json
jq -e . "$WORK/out" >/dev/null
expect_count 2 '"kind":"host_joined".*"host":"(sim1|late)"' "$WORK/out"

say "less of it"
expect 0 dvm events -n 2
expect_same 2 "$(wc -l <"$WORK/out")" "lines"
expect 0 dvm events --since 2100-01-01
expect_same 0 "$(wc -l <"$WORK/out")" "lines"
expect 2 dvm events --since yesterday
expect_line "$WORK/err" "\"yesterday\" is no time"

say "the follower has heard the same, of each kind, and ends with its machine"
for kind in host_joined host_left host_lost task_started task_ended task_failed task_signalled; do
    heard "\"kind\":\"$kind\"" || fail "the follower has not heard of $kind"
done
expect_same 1 "$(grep -c host_lost "$WORK/followed")" "the loss of sim2, told"
for field in $(jq -r 'keys[]' "$WORK/followed" | sort -u); do
    grep -q "\`$field\`" "$source_tree/docs/json.md" || fail "docs/json.md does not tell of $field"
done
killed_hosts+=(late)
halt_machine
status=0; wait $follower || status=$?
expect_same 4 "$status" "status of the follower"
