#!/usr/bin/env bash
# The ring and the bell between two tasks of a host, as libdvm/proto/segment.h has them, in
# all interleavings of a small case (tests/model/bell.pml): every frame is taken once, in
# order and whole, also while the pair moves to a lent slot and home again, nobody sleeps for
# ever, and when either side dies at any step the other comes to its end. And the memory that members of a
# group have in common (tests/model/commons.pml): what is read is what was put, and nobody sleeps for
# ever. And a message that both copy (tests/model/both.pml): all of it is copied, and nothing is written
# behind the end of the receive; and reductions of two by halves (tests/model/halves.pml). Faults planted into the models are found.
# ctest: LIMIT 1200 COST 45
. "$(dirname "$0")/lib.sh"

if sanitized; then skip "a model is not of this build"; fi
command -v spin >/dev/null || skip "spin is not installed"
model=$source_tree/tests/model/bell.pml

# check NAME DEFINE...: search all states; the output is in $WORK/NAME. What is found at once is
# not worth the time of an optimizer: bad sets $optimize.
optimize=-O1
# more states than two GB hold as they are: half as much again for twice the time
compress=()
if long; then compress=(-DCOLLAPSE); fi
check() {
    local name=$1
    shift
    mkdir "$WORK/$name.d"
    (cd "$WORK/$name.d" && spin -a "$@" "$model" && gcc "$optimize" -w -DSAFETY "${compress[@]}" -DMEMLIM=2000 -o pan pan.c &&
        within 600 ./pan -E -m1000000) >"$WORK/$name" 2>&1 || { tail -n 20 "$WORK/$name" >&2; fail "no verdict on $name"; }
    rm -r "$WORK/$name.d"
}

# whole NAME: the search was complete
whole() { ! grep -qE 'max search depth too small|Search not completed|out of memory' "$WORK/$1"; }

# good NAME DEFINE...
good() {
    check "$@"
    expect_line "$WORK/$1" 'errors: 0$'
    whole "$1" || fail "$1 was not searched to the end"
    say "$1: $(sed -nE 's/^ *([0-9]+) states, stored.*/\1/p' "$WORK/$1") states, no fault"
}

# bad NAME DEFINE...: a fault must be found, by an assertion
bad() {
    optimize=-O0 check "$@"
    expect_line "$WORK/$1" 'assertion violated'
}

good together -DEPOLL=1
good producer_dies -DDIES=1 -DCELLS=2 -DSTEP=1 -DMESSAGES=3
good consumer_dies -DDIES=2 -DCELLS=2 -DSTEP=1 -DMESSAGES=3
good moves -DMOVES=1 -DCELLS=2 -DSTEP=1 -DMESSAGES="$(pick 2 3)"
if long; then
    good moves_epoll -DMOVES=1 -DEPOLL=1 -DCELLS=2 -DSTEP=1 -DMESSAGES=3
    good moves_producer_dies -DMOVES=1 -DDIES=1 -DCELLS=2 -DSTEP=1 -DMESSAGES=2
    good moves_consumer_dies -DMOVES=1 -DDIES=2 -DCELLS=2 -DSTEP=1 -DMESSAGES=2
    good producer_dies_epoll -DDIES=1 -DEPOLL=1
    good consumer_dies_epoll -DDIES=2 -DEPOLL=1
    good four_cells -DEPOLL=1 -DCELLS=4 -DSTEP=2 -DMESSAGES=6
fi
for fault in 1 2 3 4 5 6 7 8; do bad fault_$fault -DFAULT=$fault; done
for fault in 9 10; do bad fault_$fault -DFAULT=$fault -DMOVES=1; done
say "10 planted faults are found"

model=$source_tree/tests/model/commons.pml
good commons -DTURNS="$(pick 3 5)"
good commons_ahead -DROWS=3 -DTURNS="$(pick 3 4)"
good commons_plain -DPLAIN="$(pick 2 1)" -DROWS=3 -DTURNS=3
good commons_met -DPLAIN=3 -DROWS=3 -DTURNS="$(pick 2 4)"
good commons_pairs -DBY_PAIRS="$(pick 2 1)" -DROWS=4 -DTURNS=3
if long; then
    good commons_three -DMEMBERS=3 -DTURNS=1
    bad commons_fault_5 -DMEMBERS=3 -DTURNS=1 -DFAULT=5
fi
for fault in 1 2 3 4 6 7 8 11; do bad commons_fault_$fault -DFAULT=$fault; done
bad commons_fault_12 -DFAULT=12 -DPLAIN=2 -DROWS=3 -DTURNS=4
bad commons_fault_13 -DFAULT=13 -DPLAIN=3 -DROWS=3 -DTURNS=4
for fault in 9 10; do bad commons_fault_$fault -DFAULT=$fault -DBY_PAIRS=2 -DROWS=4 -DTURNS=2; done
say "and those planted into memory in common"

model=$source_tree/tests/model/both.pml
good both -DPAGES="$(pick 2 4)"
good both_sender_dies -DDIES=1 -DPAGES="$(pick 2 3)"
good both_trouble -DUNREADABLE=1 -DFORGETS=1 -DPAGES="$(pick 2 3)"
if long; then good both_all -DDIES=1 -DUNREADABLE=1 -DFORGETS=1 -DPAGES=2 -DMESSAGES=3; fi
for fault in 1 2 3 4 5 6 7 8 10; do bad both_fault_$fault -DFAULT=$fault; done
bad both_fault_9 -DFAULT=9 -DUNREADABLE=1
say "and those planted into a copy by both"

model=$source_tree/tests/model/halves.pml
good halves -DTURNS="$(pick 3 6)"
for fault in 1 2 3; do bad halves_fault_$fault -DFAULT=$fault -DTURNS=3; done
say "and those planted into a reduction by halves"
