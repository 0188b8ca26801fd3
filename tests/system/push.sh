#!/usr/bin/env bash
# A host that has neither dvmd nor its libraries nor the program gets them over the wire:
# dvm add brings dvmd, dvm run --push the program; without --push every host that lacks it
# is named before any task starts. All of it goes with the host, however that ends.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "another root folder needs root"
unshare --mount --uts true 2>/dev/null || skip "no mount namespaces here"

bare=$WORK/bare # a path without blanks
cp "$source_tree/tests/system/bare" "$bare"
"$bare" up "$WORK/root"
add() { within 60 dvm add --ssh "$bare shell $WORK/root" "$@"; }
clean() { [ ! -e "$WORK/root/tmp/dvm-0" ]; }

start_machine
say "without a copy they cannot join, and nothing is left there"
add --no-push b1 >"$WORK/out" 2>"$WORK/err" || :
expect_line "$WORK/err" "b1 did not join .program.* \[J401\]$"
await 10 clean

say "with one they can"
add "b[1-2]" >"$WORK/out"
expect_count 2 "^b[12] joined .dvmd was copied there" "$WORK/out"
await 10 hosts_are 3
modes=$(find "$WORK/root/tmp/dvm-0" ! -type s -perm /077)
expect_same "" "$modes" "files that others may read"

say "every host that lacks a program is named, and nothing starts"
expect 127 dvm run -n 6 "$PROGRAMS/meet" say
expect_line "$WORK/err" "^dvm: 2 hosts cannot run .*/meet: b[12], b[12]; no task was started"
expect_line "$WORK/err" "dvm run --push"
expect_count 0 "of 6 on" "$WORK/out"
expect 127 dvm run -n 1 --where b1 "$PROGRAMS/meet" say
expect_line "$WORK/err" "^dvm: host b1 cannot run .*/meet"

say "--push brings it with libdvm, which the host lacks, too"
expect 0 dvm run -n 6 --push "$PROGRAMS/meet" say
expect_line "$WORK/err" "meet was pushed to 2 hosts"
for host in b1 b2; do expect_line "$WORK/out" "of 6 on $host$"; done
say "what is there is not brought again; another build is"
await 10 tasks_are 0 # they take no place any more
expect 0 dvm run -n 6 --push "$PROGRAMS/meet" say
expect_count 0 "was pushed" "$WORK/err"
cp "$PROGRAMS/meet" "$WORK/meet" && echo >>"$WORK/meet"
await 10 tasks_are 0 # they take no place any more
expect 0 dvm run -n 3 --push "$WORK/meet" say
expect_line "$WORK/err" "was pushed to 2 hosts"
say "where a host has a program of another build under that name, that is told"
mkdir -p "$WORK/root$WORK"
printf '#!/bin/sh\necho ours\n' >"$WORK/ours" && chmod +x "$WORK/ours"
cp "$WORK/ours" "$WORK/root$WORK/"
await 10 tasks_are 0
expect 0 dvm run -n 3 "$WORK/ours"
expect_count 3 "^ours$" "$WORK/out"
expect_count 0 "is not the same" "$WORK/err"
echo "echo too" >>"$WORK/root$WORK/ours"
await 10 tasks_are 0
expect 0 dvm run -n 3 "$WORK/ours"
expect_line "$WORK/err" "^dvm: $WORK/ours is not the same on all hosts: b\[1-2\] have another one than "
say "by PATH, too"
await 10 tasks_are 0 # they take no place any more
PATH=$PROGRAMS:$PATH expect 0 dvm run -n 3 --push big_message 1
say "what cannot be pushed"
expect 127 dvm run -n 3 --push no-such-program
expect_line "$WORK/err" "there is no program no-such-program here"

say "a removed host leaves nothing; neither does a killed one once its name is used again"
expect 0 dvm rm b2
no_b2() { [ ! -e "$WORK/root/tmp/dvm-0/$DVM_MACHINE/b2" ]; }
await 10 no_b2
kill_daemon b1
await 20 hosts_are 1
add b1 >"$WORK/out"
await 10 hosts_are 2
halt_machine
await 10 clean
# a sanitizer in there has another /tmp
find "$WORK/root/tmp" -name 'sanitizer*' -exec mv {} "$WORK" \;
