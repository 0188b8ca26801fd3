#!/usr/bin/env bash
# dvm signal reaches exactly the tasks that are named: by tid, by ranks of a run, by host;
# dvm wait ends when they have ended, says how, and with the status of the first that
# failed; of tasks that ended before, too.
. "$(dirname "$0")/lib.sh"

# a task that writes the signals it gets
cat >"$WORK/trapper" <<'END'
#!/usr/bin/env bash
trap 'echo got >>"$0.$$"' USR1
trap 'exit 3' USR2
echo $$ >>"$0.pids"
exec 3<>"$0.never"
while :; do read -r -t 0.05 -u 3 _; done
END
chmod +x "$WORK/trapper"
mkfifo "$WORK/trapper.never"

start_machine 2
await 10 hosts_are 2

say "ranks of a run, a host, and tids"
expect 0 dvm spawn -n 4 "$WORK/trapper"
mapfile -t tids <"$WORK/out"
await 10 tasks_are 4
# the traps are set before the pid is written
pids_are() { [ "$(wc -l <"$WORK/trapper.pids")" = 4 ]; }
await 10 pids_are
gots_are() { [ "$(cat "$WORK"/trapper.[0-9]* 2>/dev/null | wc -l)" = "$1" ]; }
expect 0 dvm signal USR1 "${tids[3]}:1-2"
await 10 gots_are 2
expect 0 dvm signal sigusr1 sim1 --json
expect_same "signal/1 10 2" "$(jq -r '"\(.schema) \(.signal) \(.tasks | length)"' "$WORK/out")" "json"
await 10 gots_are 4
expect 0 dvm signal 10 all
await 10 gots_are 8

say "a stopped task stays until it may go on"
stopped() { [ "$(dvm ps --json | jq -r --argjson tid $((tids[0])) '.tasks[] | select(.tid == $tid) | .doing')" = stopped ]; }
expect 0 dvm signal STOP "${tids[0]}"
await 10 stopped
expect 0 dvm ps
expect_count 1 "^${tids[0]} .* stopped " "$WORK/out"
expect 0 dvm signal CONT "${tids[0]}"
await 10 not stopped

say "wait: time limit, statuses, words"
expect 5 dvm wait --timeout 0.1 "${tids[0]}"
expect_line "$WORK/err" "${tids[0]} has not ended"
expect 0 dvm signal USR2 "${tids[0]}" "${tids[1]}"
expect 3 dvm wait "${tids[0]}" "${tids[1]}"
expect_count 2 "^0x[0-9a-f]+: rank [01] .*exited with status 3 after" "$WORK/out"
dvm wait "${tids[2]}" "${tids[3]}" >"$WORK/waited" 2>&1 &
waiter=$!
expect 0 dvm kill -s KILL "${tids[2]}:2-3"
status=0; wait $waiter || status=$?
expect_same 137 "$status" "status of dvm wait"
expect_count 2 "was ended after .*signal 9" "$WORK/waited"
await 10 tasks_are 0

say "of tasks that ended before, all or some of a run"
expect 3 dvm wait "${tids[1]}"
expect 3 dvm wait "${tids[1]}:0-3" --json
expect_same "wait/1 3 4" "$(jq -r '"\(.schema) \(.status) \(.tasks | map(select(.ended)) | length)"' "$WORK/out")" "json"
expect 0 dvm run -n 1 true
expect 1 dvm wait 0x43333
expect_line "$WORK/err" "how task 0x43333 ended is not known"

say "what is wrong is said"
expect 1 dvm signal TERM sim1
expect_line "$WORK/err" "no tasks run on host sim1"
expect 1 dvm signal TERM nowhere
expect_line "$WORK/err" "no host \"nowhere\""
expect 1 dvm signal TERM "${tids[0]}"
expect_line "$WORK/err" "no task ${tids[0]} on host sim1 any more"
expect 2 dvm signal NOSUCH sim1
expect 2 dvm signal TERM 17
expect 2 dvm signal TERM "${tids[0]}:x"
expect 0 dvm spawn -n 2 --where sim1 "$PROGRAMS/endings" wait 0 0
tid=$(head -n 1 "$WORK/out")
expect 1 dvm kill "$tid:9"
expect_line "$WORK/err" "^dvm: the run of $tid has no rank 9 that is there"
expect 0 dvm kill "$tid:0-5"
expect_line "$WORK/err" "^dvm: of the ranks 0-5 of the run of $tid only 2 are there"
expect 2 dvm signal TERM

say "a wait for tasks of a host that is lost ends with it"
expect 0 dvm spawn -n 1 --where sim2 "$PROGRAMS/endings" wait 0 0
tid=$(cat "$WORK/out")
dvm wait "$tid" >"$WORK/waited" 2>&1 &
waiter=$!
kill_daemon sim2
status=0; wait $waiter || status=$?
expect_same 1 "$status" "status of dvm wait"
# the second when it began to wait a moment too late
gone="^dvm: task $tid is not heard of any more: host sim2"
expect_line "$WORK/waited" "$gone was lost: .+|$gone \\(slot 2\\) cannot be reached: it was lost: .+"
expect 1 dvm wait "$tid"
expect_line "$WORK/err" "$gone \\(slot 2\\) cannot be reached: it was lost: .+"
halt_machine
