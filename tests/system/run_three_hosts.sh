#!/usr/bin/env bash
# The examples give the same results across three hosts as one task alone, and the
# tasks really are on three hosts.
# ctest: PROCESSORS 2
. "$(dirname "$0")/lib.sh"

start_machine 3
await 10 hosts_are 3

say "a task on each host, by default and by --where"
expect 0 dvm run -n 6 "$PROGRAMS/meet" say
expect_same 3 "$(sed 's/.* on //' "$WORK/out" | sort -u | wc -l)" "hosts used by 6 tasks"
expect 0 dvm run -n 4 --where 'sim[2-3]' "$PROGRAMS/meet" say
expect_same "sim2 sim3" "$(sed 's/.* on //' "$WORK/out" | sort -u | xargs)" "hosts used"

say "the examples, each checked against a sequential result"
check() {
    say "  $*"
    expect 0 dvm run -n 6 "$EXAMPLES/$1" "${@:2}" --check
    expect_line "$WORK/out" "^check: ok"
}
check hello
check ring --rounds 20
check pi --steps 2e6
check mandelbrot --width 320 --height 240
check heat2d --rows 256 --columns 192 --steps 60
check jacobi --rows 160 --columns 224 --steps 60
check cg --poisson 24
check matmul --n 150 --panel 32
check samplesort --keys 100000 --skewed
check nbody --stars 400 --steps 5
check fft --n 128

say "reordering: fewer neighbours in a grid of 4 x 3 tasks are on different hosts"
apart() {
    await 10 tasks_are 0 # what has ended takes no place any more
    expect 0 dvm run -n 12 "$EXAMPLES/jacobi" --rows 24 --columns 24 --steps 2 "$@"
    sed -nE 's/.* ([0-9]+) of 17 pairs of neighbours .*/\1/p' "$WORK/out"
}
kept=$(apart --keep-order)
dealt=$(apart)
[ "$dealt" -le "$kept" ] || fail "$dealt pairs on different hosts with reordering, $kept without"
# four tasks a host, which is so unless a host counted tasks that had just ended
[ "$kept" != 8 ] || expect_same 6 "$dealt" "pairs on different hosts with reordering"
check cg --file "$source_tree/examples/data/poisson-30x30.mtx"
halt_machine
