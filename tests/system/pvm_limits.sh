#!/usr/bin/env bash
# ctest: PROCESSORS 2
# What PVM 3.4.6 does not stand, DVM does: 700 tasks on one host (PVM's daemon dies at about
# 500), the loss of a host told within seconds (PVM: 256 s; here, on a computer that may be busy, 100), a daemon that was killed and is
# started again as it lies (PVM: not before its file is removed). And sends that never wait for
# the receiver, as PVM's programs expect: 100 MiB each before anybody receives, and 10^6 messages
# in front of the one that is wanted. In-place sends of 64 items, 64-bit longs and 50 reductions
# in a row are in pvm.sh.
. "$(dirname "$0")/lib.sh"
limits=$build/tests/pvm/limits

start_machine 2
await 10 hosts_are 2

say "sends before anybody receives"
expect 0 dvm run -n 1 "$limits" everybody 3 "$(pick 10 100)"
expect_line "$WORK/out" "^limits: 3 send [0-9]+ MiB: ok$"
expect 0 dvm run -n 1 "$limits" last "$(pick 20000 1000000)"
expect_line "$WORK/out" "^limits: the last of [0-9]+ first: ok$"

say "a killed daemon is noticed"
dvm run -n 1 --where sim1 "$limits" lost sim2 >"$WORK/lost" 2>&1 &
lost=$!
await 20 grep -q watching "$WORK/lost"
kill_daemon sim2
wait $lost || { cat "$WORK/lost"; fail "it has failed"; }
expect_line "$WORK/lost" "^limits: noticed within [0-9]{1,2}\.[0-9] s$"
halt_machine

say "a daemon killed, and started again as it lies"
start_machine
kill_daemon "$(hosts_up)"
await 20 no_process_left
start_machine
expect 0 dvm run -n 1 "$limits" crowd 3
expect_line "$WORK/out" "^limits: 3 tasks: ok$"

tasks=$(pick 60 700)
sanitized && tasks=60
say "$tasks tasks on one host"
least=250 expect 0 dvm run -n 1 "$limits" crowd "$tasks"
expect_line "$WORK/out" "^limits: $tasks tasks: ok$"
halt_machine
