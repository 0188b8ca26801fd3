#!/usr/bin/env bash
# Members of a group of PVM's kind that is not frozen meet: on one host, where they do it in
# memory that they share, and on two, where the daemons do it. Some are late, one leaves and
# joins again, one is killed.
. "$(dirname "$0")/lib.sh"
program=$build/tests/pvm/meet
rounds=$(pick 300 20000)

start_machine
say "on one host"
expect 0 dvm run -n 1 "$program" 4 "$rounds" "$WORK/one"
expect_line "$WORK/out" "^meet: all ok$"
expect 0 dvm run -n 1 "$program" 9 "$(pick 100 5000)" "$WORK/more"
expect_line "$WORK/out" "^meet: all ok$"
halt_machine

start_machine 2
await 10 hosts_are 2
say "on two"
expect 0 dvm run -n 1 "$program" 4 "$rounds" "$WORK/two"
expect_line "$WORK/out" "^meet: all ok$"
halt_machine
