#!/usr/bin/env bash
# Fortran programs do what C programs do: the examples print the same lines (times and
# places aside), constants of the module are those of dvm.h, buffers of every type, rank and
# stride arrive, and sentences about errors name the line of the Fortran program.
. "$(dirname "$0")/lib.sh"

[ -e "$PROGRAMS/fortran_messages" ] || skip "this build has no Fortran"

say "the numbers of the module are those of dvm.h"
{
    echo '#include <dvm.h>'
    # each NAME = NUMBER, NAME = type(NUMBER) or NAME = type(merge(A, B, of 8 bytes)) of it
    grep -oE 'DVM_[A-Z0-9_]+ = (dvm_(type|op|group)\()?-?[0-9]+' "$build/bindings/fortran/source/dvm.f90" |
        sed -E 's/([A-Z0-9_]+) = (dvm_[a-z]+\()?(-?[0-9]+)/_Static_assert(\1 == \3, "\1");/'
} >"$WORK/numbers.c"
[ "$(grep -c assert "$WORK/numbers.c")" -gt 80 ] || fail "the numbers of the module were not found"
while read -r name; do
    grep -q "DVM_ERR_$name = " "$build/bindings/fortran/source/dvm.f90" || fail "the module has no DVM_ERR_$name"
done < <(sed -nE 's/^    X\(([A-Z_]+),.*/\1/p' "$source_tree/libdvm/include/dvm_errors.h")
cc -std=c11 -fsyntax-only -I "$source_tree/libdvm/include" "$WORK/numbers.c" || fail "the module has another number"

say "each procedure has its C function"
grep -oE 'dvmf_[a-z_0-9]+\(' "$build/bindings/fortran/source/procedures.h" | tr -d '(' | sort -u >"$WORK/promised"
nm --defined-only --format=posix "$build/bindings/fortran/libdvm_fortran.a" 2>/dev/null | awk '{ print $1 }' | sort -u >"$WORK/defined"
[ "$(wc -l <"$WORK/promised")" -gt 150 ] || fail "the procedures of the module were not found"
[ -z "$(comm -23 "$WORK/promised" "$WORK/defined")" ] || fail "without a C function: $(comm -23 "$WORK/promised" "$WORK/defined")"

start_machine 2
await 10 hosts_are 2

# masked FILE: without times, and the space before them
masked() { sed -E 's/, [0-9.]+ s\b.*$//; s/^hello: .*//; s/task 0x[0-9a-fA-F]+/task/; s/([0-9])E([-+])/\1e\2/g; /million cells/d' "$1" | grep . | sort; }

# same N NAME OPTIONS...: the C and the Fortran program print the same. c_only: options of the
# former; fortran_only: of the latter
c_only=() fortran_only=()
same() {
    local n=$1 name=$2
    shift 2
    expect 0 dvm run -n "$n" "$EXAMPLES/$name" "${c_only[@]}" "$@"
    masked "$WORK/out" >"$WORK/c"
    expect 0 dvm run -n "$n" "$EXAMPLES/fortran/$name" "${fortran_only[@]}" "$@"
    masked "$WORK/out" >"$WORK/fortran"
    [ -s "$WORK/c" ] || fail "$name prints nothing"
    diff "$WORK/c" "$WORK/fortran" || fail "$name $* prints something else in Fortran"
}

say "the examples print what those in C print"
same 4 hello
same 3 ring --rounds 20 --size 1000 --check
same 1 ring --rounds 3 --size 300000 --check
same 3 pi --steps 1e5 --check
same 4 cg --poisson 12 --check
c_only=(--png none)
same 4 heat2d --rows 61 --columns 43 --steps 40 --check
fortran_only=(--coarse)
same 3 heat2d --rows 61 --columns 43 --steps 200 --every 10 --tolerance 3e-3 --check
expect 0 dvm run -n 3 "$EXAMPLES/fortran/matmul" --n 101 --check
expect_line "$WORK/out" "^check: ok 0 of 10201 "
sum=$(grep '^sum: -*[1-9]' "$WORK/out") || fail "matmul has no sum"
expect 0 dvm run -n 4 "$EXAMPLES/matmul" --n 101 --check
expect_line "$WORK/out" "^check: ok 0 "
expect_line "$WORK/out" "^$sum\$"

say "arrays, sections and errors"
expect 0 dvm run -n 2 "$PROGRAMS/fortran_messages"
expect_line "$WORK/out" "fortran_messages: [1-9][0-9] checks"
if command -v addr2line >/dev/null || command -v eu-addr2line >/dev/null; then
    line=$(grep -n 'call dvm_recv(b, 0, 1, ierror=ierror)' "$source_tree/tests/system/programs/fortran_messages.f90" | cut -d: -f1)
    short=$(grep -n 'told with its line' "$source_tree/tests/system/programs/fortran_messages.f90" | cut -d: -f1)
    expect_line "$WORK/out" "short: dvm_allreduce: .* \(called at fortran_messages.f90:$short\)"
    expect_line "$WORK/out" "said: rank 0 \(sim[12]\) sent 4 .*rank 1 posted 2 .* at fortran_messages.f90:$line"
fi

say "everything else"
expect 0 dvm run -n 3 "$PROGRAMS/fortran_calls"
expect_line "$WORK/out" "fortran_calls: [1-9][0-9] checks"
expect 0 dvm run -n 3 "$PROGRAMS/fortran_types"
expect_line "$WORK/out" "fortran_types: [1-9][0-9] checks"
halt_machine
