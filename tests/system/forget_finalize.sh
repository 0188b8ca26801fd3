#!/usr/bin/env bash
# A task that returns 0 from main without dvm_finalize harms nobody who has what it
# sent; who waits for more is told in a clear sentence; and what it had kept for its
# receivers is lost, but said so.
. "$(dirname "$0")/lib.sh"

start_machine 2
await 10 hosts_are 2
forget=$PROGRAMS/forget

say "all was received: no error, and not a word"
expect 0 dvm run -n 3 "$forget" received
expect_count 2 "^rank [12] has all" "$WORK/out"
sed -i '/^dvm: 3 tasks on [12] cores* (oversubscribed /d' "$WORK/err" # that computer is small
expect_count 0 "." "$WORK/err"

say "somebody waits for more: the sentence says who, how, and what was forgotten"
expect 1 dvm run -n 2 "$forget" missed
expect_line "$WORK/err" "TASK_GONE.*rank 0 .*(without dvm_finalize|has ended)"

say "messages that it kept: said on stderr"
expect 0 dvm run -n 2 --where sim1 "$forget" unsent
expect_line "$WORK/err" "ends without dvm_finalize; [1-3] messages? that it has sent \([0-9]+ bytes\)"

say "the last messages come, also where nobody reads before the sender is gone"
for _ in $(seq "$(pick 3 60)"); do
    expect 0 dvm run -n 2 "$forget" last
    expect_count 1 "^rank 1 has all" "$WORK/out"
done

say "the library's thread ends before the program's destructors"
expect 0 dvm run -n 2 --where sim1 "$forget" posted
expect_line "$WORK/out" "^Threads:[[:space:]]1$"

say "calls in a handler at exit, behind the library's own"
expect 0 dvm run -n 2 "$forget" late
expect_line "$WORK/out" "^rank 1 has 1000"
expect 0 dvm run -n 2 "$forget" signal
expect_line "$WORK/out" "^rank 1 has 1000"

say "a lone task"
expect 0 "$forget" received
expect_count 0 "." "$WORK/err"
halt_machine
