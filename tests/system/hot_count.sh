#!/usr/bin/env bash
# The instructions of one 8 byte send, and of one receive of a message that is here, do not grow
# unnoticed, counted by callgrind behind a barrier, as programs have one: they are not more than
# is written down here for this build and compiler, and a few for the next compiler's. Who
# makes them fewer writes that down; who makes them more says why in docs/decisions.md.
. "$(dirname "$0")/lib.sh"

if sanitized; then skip "a sanitizer has instructions of its own"; fi
command -v valgrind >/dev/null || skip "valgrind is not installed: nothing counts instructions"
[ "$(uname -m)" = x86_64 ] || skip "the counts are those of x86_64, not of $(uname -m)"
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[^=]*=//p' "$build/CMakeCache.txt")
case $(basename "$compiler") in
*clang*) skip "the counts are those of gcc, not of $compiler" ;;
esac
case $(sed -n 's/^CMAKE_BUILD_TYPE:[^=]*=//p' "$build/CMakeCache.txt") in
Debug) send=609 receive=880 ;;
Release) send=210 receive=336 ;;
*) skip "no counts are written down for this kind of build" ;;
esac
messages=1000
percent=4

# dumped WHAT: instructions in the dump of that name
dumped() {
    local file
    file=$(grep -lsx "desc: Trigger: Client Request: $1" "$WORK"/callgrind.* | head -n 1)
    awk '$1 == "totals:" || $1 == "summary:" { n = $2 } END { print n + 0 }' "${file:-/dev/null}"
}

# expect_at_most NAME WANTED GOT
expect_at_most() {
    say "  $1 of 8 bytes: $3 instructions, $2 written down"
    [ "$3" -gt 0 ] || fail "$1: nothing was counted"
    [ "$3" -le $(($2 * (100 + percent) / 100)) ] || fail "$1 takes $3 instructions, $2 before"
    [ "$3" -ge $(($2 * (100 - percent) / 100)) ] || say "  that is less: write it down in this test"
}

start_machine 1
head -c 4096 /dev/zero >"$WORK/steps"
dvm run -n 2 valgrind -q --tool=callgrind --collect-atstart=no --callgrind-out-file="$WORK/callgrind.%p" \
    "$build/bench/measure" meet "count=$WORK/steps" >"$WORK/out" 2>&1 ||
    { tail -n 20 "$WORK/out" >&2; fail "the measuring program has failed"; }
empty=$(dumped empty)
[ "$empty" -gt 0 ] || skip "built without valgrind's headers: nothing is counted"
expect_at_most "a send" $send $((($(dumped send) - empty) / messages))
expect_at_most "a receive" $receive $((($(dumped receive) - empty) / messages))
halt_machine
