#!/usr/bin/env bash
# A program of PVM's kind runs on DVM: what it packs arrives as PVM has it, byte by byte; it
# spawns, sends, chooses what it receives, hears of ends, and sees hosts and tasks as PVM's
# programs expect. What PVM does wrong, goes right here.
. "$(dirname "$0")/lib.sh"
programs=$build/tests/pvm

# with_pvm: what the tables of the tests hold for PVM's codes and bytes is so, where it is there
with_pvm() {
    local pvmd name
    [ -x /usr/bin/pvmd ] && [ -e /usr/include/pvm3.h ] || return 0
    say "the same with PVM itself"
    export PVM_ROOT=/usr/lib/pvm3 PVM_ARCH=LINUX64 PVM_ALLOW_ROOT=1 PVM_TMP=$WORK/tmp
    export PVM_PATH=/usr/bin
    mkdir "$PVM_TMP"
    env -u DVM_MACHINE pvmd -nlocalhost >"$WORK/pvmd.out" 2>&1 </dev/null &
    pvmd=$!
    at_end+=("kill $pvmd 2>/dev/null || :")
    await 10 grep -q tmp "$WORK/pvmd.out"
    for name in items wrong; do
        gcc "$source_tree/tests/pvm/programs/$name.c" -o "$WORK/$name" -lgpvm3 -lpvm3
    done
    expect 0 "$WORK/items"
    diff "$source_tree/tests/pvm/items.expected" "$WORK/out" || fail "items are not PVM's"
    expect 0 "$WORK/wrong" --pvm
    # where PVM takes flags that it has not, and counts below 0, sends no strings, and does not tell of contexts
    if command -v gfortran >/dev/null; then
        gfortran -std=legacy -w -I/usr/include "$source_tree/tests/pvm/programs/codes.f" \
            -o "$WORK/codes" -lfpvm3 -lgpvm3 -lpvm3
        expect 0 "$WORK/codes"
        sed -E 's/^(spawn flags|psend -1|precv -1) +0$/\1          -2/; s/^(psend string) +-24$/\1           0/
                s/^(freecontext) +0$/\1 -32/' \
            "$WORK/out" | diff -b "$source_tree/tests/pvm/codes.expected" - || fail "PVM's codes are others"
    fi
    kill "$pvmd"
    await 10 dead "$pvmd"
    unset PVM_ROOT PVM_ARCH PVM_ALLOW_ROOT PVM_TMP PVM_PATH
}

start_machine 3
await 10 hosts_are 3

say "items of all types, encodings and strides"
expect 0 dvm run -n 1 "$programs/items"
diff "$source_tree/tests/pvm/items.expected" "$WORK/out" || fail "items differ from PVM's"
! long || with_pvm
expect 0 dvm run -n 1 "$programs/items" --wide
expect_line "$WORK/out" "^wide: 0 1099511627783$"
expect_line "$WORK/out" "^in place: 2016$"
expect_line "$WORK/out" "^tag: -2$"

say "a master and its workers"
expect 0 dvm run -n 1 "$programs/pool" 7
expect_line "$WORK/out" "^pool: all ok$"

say "wrong calls have PVM's codes"
expect 0 dvm run -n 1 "$programs/wrong"
expect_line "$WORK/out" "^wrong: ([0-9]+) of \\1 calls$"
expect_count 3 "^libpvm \\[t[0-9a-f]+\\]: pvm_[a-z_]+\\(\\): Not implemented: [a-zA-Z]" "$WORK/err"

say "at the edge of what PVM allows"
expect 0 dvm run -n 1 "$programs/odd"
expect_line "$WORK/out" "^odd: all ok$"

say "groups and their collectives"
expect 0 dvm run -n 1 "$programs/group" 5 --row
expect_line "$WORK/out" "^group: all ok$"
expect_line "$WORK/out" "^group: 0 of 50 in a row wrong$"
expect_line "$WORK/out" "^group: codes: -18 -17 -19 -20 -21 -3 -19 -2$"

say "the mailbox"
expect 0 dvm run -n 1 "$programs/mailbox"
diff "$source_tree/tests/pvm/mailbox.expected" "$WORK/out" || fail "the mailbox is not PVM's"

say "with programs of DVM"
expect 0 dvm run -n 1 "$programs/mixed" "$PROGRAMS/with_pvm"
expect_line "$WORK/out" "^mixed: 40 0.5 4 1099511627777, pairs of 60 bytes$"
expect 0 dvm run -n 1 "$PROGRAMS/with_pvm" "$programs/mixed"
expect_line "$WORK/out" "^with_pvm: 0.5 4$"

say "what children write"
expect 0 dvm run -n 1 "$programs/catch"
expect_count 3 "^\[t[0-9a-f]+\] BEGIN$" "$WORK/out"
expect_count 3 "^\[t[0-9a-f]+\] one$" "$WORK/out"
expect_count 3 "^\[t[0-9a-f]+\] no end of line$" "$WORK/out"
expect_count 3 "^\[t[0-9a-f]+\] EOF$" "$WORK/out"
expect_same "master: end" "$(tail -n 1 "$WORK/out")" "the last line"

say "what programs find around themselves"
expect 0 env -u PVM_ROOT -u PVM_ARCH dvm run --pvm env
expect_line "$WORK/out" "^LD_LIBRARY_PATH=.*pvm3"
expect_line "$WORK/out" "^PVM_ROOT=/"
expect_line "$WORK/out" "^PVM_ARCH=LINUX"
expect 3 dvm run --pvm -n 2 sh -c 'exit 3'

if [ -e "$programs/routines" ]; then
    say "the routines for Fortran"
    expect 0 dvm run -n 1 "$programs/routines"
    expect_line "$WORK/out" "^routines: +2 +3 +30 +3$"
    expect 0 dvm run -n 1 "$programs/codes"
    diff "$source_tree/tests/pvm/codes.expected" "$WORK/out" || fail "other codes for Fortran"
fi

say "what a child of a lost host would write is not waited for"
dvm run -n 1 --where sim1 "$programs/catch" lost sim3 >"$WORK/lost" 2>&1 &
lost=$!
sleeps() { [ -n "$(tasks_on sim3)" ]; }
await 10 sleeps
kill_daemon sim3
wait $lost || { cat "$WORK/lost"; fail "it has failed"; }
expect_line "$WORK/lost" "EOF$"
expect_line "$WORK/lost" "^master: end$"
halt_machine

say "the same without a machine"
expect 0 "$programs/pool" 2
expect_line "$WORK/out" "^pool: all ok$"
