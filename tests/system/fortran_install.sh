#!/usr/bin/env bash
# Fortran programs are built against an installed prefix with dvmfort, with CMake and with
# pkg-config, by the user's compiler: with gfortran and flang, with default integers of 4 and
# of 8 bytes (also reals of 8, and all with flang, in the long form). No .mod is shipped: the module is compiled by each.
# ctest: COST 40
. "$(dirname "$0")/lib.sh"

sanitized && skip "an installed prefix is made from a build without sanitizers"
[ -e "$PROGRAMS/fortran_messages" ] || skip "this build has no Fortran"

cmake --install "$build" --prefix "$WORK/first" >"$WORK/install.log"
mkdir "$WORK/second"
mv "$WORK/first" "$WORK/second/prefix"
prefix=$WORK/second/prefix
PATH=$prefix/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
export XDG_CACHE_HOME=$WORK/cache
programs=$source_tree/tests/system/programs
[ -z "$(find "$prefix" -name '*.mod')" ] || fail "a .mod was installed"

# works PROGRAM: hello, in three tasks
works() {
    expect 0 dvm run -n 3 "$1"
    expect_line "$WORK/out" "^hello from rank 2 of 3: "
}

say "dvmfort"
dvmfort -Wall -Werror -o "$WORK/hello" "$source_tree/examples/fortran/hello.f90"
works "$WORK/hello"
dvmfort -std=f2018 -c -o "$WORK/hello.o" "$source_tree/examples/fortran/hello.f90"
dvmfort "$WORK/hello.o" -o "$WORK/in-two-steps"
works "$WORK/in-two-steps"
expect_same "$(find "$WORK/cache/dvm/fortran" -name dvm.mod | wc -l)" 1 "modules in the cache"
readelf -S "$WORK/hello" | grep debug_line >/dev/null || fail "dvmfort does not add -g"
XDG_CACHE_HOME=/proc/none HOME=/proc/none dvmfort -o "$WORK/without-cache" "$source_tree/examples/fortran/hello.f90"
works "$WORK/without-cache"
expect_line <(dvmfort --show "a b.f90" -o x) "'a b.f90' .*-ldvm$"
DVM_FC=there-is-none expect 1 dvmfort -o x x.f90
expect_line "$WORK/err" "no Fortran compiler there-is-none"

# newest flang of the system, if any
flang=$(compgen -c flang- | grep -E '^flang-[0-9]+$' | sort -t - -k 2 -n | tail -n 1 || :)
for compiler in gfortran $flang; do
    command -v "$compiler" >/dev/null || continue
    for options in "-fdefault-integer-8" "" "-fdefault-integer-8 -fdefault-real-8 -fdefault-double-8"; do
        say "$compiler $options"
        for program in "fortran_messages 2" "fortran_calls 3" "fortran_types 3"; do
            # shellcheck disable=SC2086
            DVM_FC=$compiler dvmfort $options -J "$WORK" -o "$WORK/${program% *}" "$programs/${program% *}.f90"
            expect 0 dvm run -n "${program#* }" "$WORK/${program% *}"
            expect_line "$WORK/out" "^${program% *}: [0-9]+ checks"
        done
        long || break
    done
done

say "CMake"
mkdir "$WORK/project"
cp "$source_tree/examples/fortran/hello.f90" "$WORK/project/"
cat >"$WORK/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(first C Fortran)
find_package(dvm 0.1 REQUIRED COMPONENTS Fortran)
add_executable(hello hello.f90)
target_link_libraries(hello PRIVATE dvm::fortran)
END
cmake -S "$WORK/project" -B "$WORK/project/build" -DCMAKE_PREFIX_PATH="$prefix" >"$WORK/cmake.log"
cmake --build "$WORK/project/build" >>"$WORK/cmake.log" || { cat "$WORK/cmake.log"; fail "CMake"; }
works "$WORK/project/build/hello"

say "pkg-config, and rules of one's own"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
mkdir "$WORK/own"
cd "$WORK/own"
gfortran -w -c "$(pkg-config --variable=fortran dvm)/dvm.f90"
# shellcheck disable=SC2046
gcc -c $(pkg-config --cflags dvm) "$(pkg-config --variable=fortran dvm)"/*.c
# shellcheck disable=SC2046
gfortran -o hello "$source_tree/examples/fortran/hello.f90" ./*.o $(pkg-config --libs dvm) -Wl,-rpath,"$(pkg-config --variable=libdir dvm)"
works ./hello
dvmfort --module "$WORK/module"
# shellcheck disable=SC2046
gfortran -o hello -I "$WORK/module" "$source_tree/examples/fortran/hello.f90" "$WORK/module/libdvm_fortran.a" $(pkg-config --libs dvm) -Wl,-rpath,"$(pkg-config --variable=libdir dvm)"
works ./hello
