#!/usr/bin/env bash
# ctest: COST 18
# Two tasks of different hosts have a connection of their own: each byte of each size comes
# as it was sent, whatever protects the connection; when it is cut in the middle of messages
# nothing is lost or doubled; and without it the daemons carry everything.
. "$(dirname "$0")/lib.sh"

step=$(pick 1709 1)
large=$(pick 30000000 1073741824)
for security in full auth off; do
    say "security: $security"
    within 60 dvm start --hosts 2 --lane-security=$security 2>"$WORK/err"
    await 10 hosts_are 2
    expect 0 dvm run -n 2 --where sim1,sim2 "$PROGRAMS/lanes" 1 0 0 "$step"
    expect_count 2 "good" "$WORK/out"

    say "it is cut"
    expect 0 dvm run -n 2 --where sim1,sim2 "$PROGRAMS/lanes" 1 8 "$large" 9973
    expect_count 2 "good, cut [1-9]" "$WORK/out"
    if [ $security = full ]; then
        say "who asks is told"
        DVM_LANES_TALK=1 expect 0 dvm run -n 2 --where sim1,sim2 "$PROGRAMS/lanes" 1 1 0 70001
        expect_line "$WORK/err" "encrypted connection with tid 0x"
        expect_line "$WORK/err" "no more connection with tid 0x[0-9a-f]*: ."

        say "it is not wanted"
        DVM_LANES=relay expect 0 dvm run -n 2 --where sim1,sim2 "$PROGRAMS/lanes" 0 0 0 9973
    fi
    halt_machine
done
