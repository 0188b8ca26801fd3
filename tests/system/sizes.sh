#!/usr/bin/env bash
# Messages of every size from 0 to 70,000 bytes, and around every threshold, arrive with
# their bytes and nothing behind them, on each lane: shm in both ways of large messages,
# relay within a host and between two, direct encrypted and plain. (Quick: every 97th size.)
# ctest: LIMIT 600
. "$(dirname "$0")/lib.sh"

step=$(pick 97 1)

# all_sizes LANE WHAT ARGUMENT...: with these variables and arguments of dvm run
all_sizes() {
    local lane=$1 what=$2
    shift 2
    within 200 env "$@" "$PROGRAMS/sizes" "$step" "$lane" >"$WORK/out"
    expect_line "$WORK/out" 'sizes are right$'
    say "$what: $(cat "$WORK/out")"
}

start_machine 1
all_sizes other "shm" dvm run -n 2
all_sizes other "shm, one copy" DVM_SINGLE_COPY=always dvm run -n 2
all_sizes other "shm, through memory" DVM_SINGLE_COPY=never dvm run -n 2
all_sizes other "relay within a host" DVM_LANES=relay dvm run -n 2
halt_machine

start_machine 2
all_sizes other "relay between hosts" DVM_LANES=relay dvm run -n 2 --where 'sim[1-2]'
all_sizes direct "direct, encrypted" dvm run -n 2 --where 'sim[1-2]'
halt_machine

within 60 dvm start --hosts 2 --lane-security off
all_sizes direct "direct, plain" dvm run -n 2 --where 'sim[1-2]'
halt_machine
