#!/usr/bin/env bash
# An installed prefix may be moved anywhere: a program is built against it with dvmcc,
# with CMake's find_package and with pkg-config, from C and C++, and runs there with the
# daemon of the prefix. The program is the README's first one.
. "$(dirname "$0")/lib.sh"

sanitized && skip "an installed prefix is made from a build without sanitizers"

cmake --install "$build" --prefix "$WORK/first" >"$WORK/install.log"
mkdir "$WORK/second"
mv "$WORK/first" "$WORK/second/prefix"
prefix=$WORK/second/prefix
for file in bin/dvm bin/dvmd bin/dvmcc include/dvm.h include/dvm_errors.h lib/libdvm.so.0 \
    share/man/man1/dvm.1 share/man/man1/dvm-run.1 share/man/man3/dvm_send.3 share/man/man5/dvmd.conf.5 \
    share/man/man7/dvm.7 share/man/man8/dvmd.8 share/bash-completion/completions/dvm \
    share/zsh/site-functions/_dvm share/fish/vendor_completions.d/dvm.fish; do
    [ -e "$prefix/$file" ] || fail "there is no $file"
done
! grep -rIl "$WORK/first\|$source_tree/\(libdvm\|deploy\)" "$prefix/lib/cmake" "$prefix/lib/pkgconfig" "$prefix/bin/dvmcc" ||
    fail "a file points to where the prefix was made"
say "what the README and the pages lead to is there"
while IFS=: read -r page link; do
    [ -e "$(dirname "$page")/$link" ] || fail "$page leads to $link, which is not installed"
done < <(grep -RHoE '\]\([^)#:]+[)#]' "$prefix/share/doc/dvm" --include='*.md' | sed 's/](//; s/[)#]$//')
# nothing of the build tree helps
PATH=$prefix/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin

awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$source_tree/README.md" >"$WORK/first.c"
[ -s "$WORK/first.c" ] || fail "the README has no first program"

# works PROGRAM: it runs as three tasks of a private machine, and alone
works() {
    expect 0 dvm run -n 3 "$1"
    expect_line "$WORK/out" "3 tasks"
    expect 0 "$1"
    expect_line "$WORK/out" "1 task"
    local library
    library=$(ldd "$1" | sed -n "s|.*libdvm.so.0 => \(.*\) (.*|\1|p")
    [ "$(dirname "$(realpath "$library")")" = "$prefix/lib" ] || fail "$1 uses $library, not that of the prefix"
}

say "dvmcc"
dvmcc -Wall -Wextra -Werror -o "$WORK/with-dvmcc" "$WORK/first.c"
works "$WORK/with-dvmcc"
dvmcc -c -o "$WORK/first.o" "$WORK/first.c"
dvmcc "$WORK/first.o" -o "$WORK/in-two-steps"
works "$WORK/in-two-steps"
readelf -S "$WORK/with-dvmcc" | grep debug_line >/dev/null || fail "dvmcc does not add -g"
dvmcc --show "a b.c" -o x >"$WORK/out"
expect_line "$WORK/out" "^cc .*-ldvm"
expect_line "$WORK/out" "'a b.c'"

say "CMake"
mkdir "$WORK/project"
cp "$WORK/first.c" "$WORK/project/"
cat >"$WORK/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(first C)
find_package(dvm 0.1 REQUIRED)
add_executable(first first.c)
target_link_libraries(first PRIVATE dvm::dvm)
END
cmake -S "$WORK/project" -B "$WORK/project/build" -DCMAKE_PREFIX_PATH="$prefix" >"$WORK/cmake.log"
cmake --build "$WORK/project/build" >>"$WORK/cmake.log"
works "$WORK/project/build/first"

say "pkg-config"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
# shellcheck disable=SC2046
cc -o "$WORK/with-pkg-config" "$WORK/first.c" $(pkg-config --cflags --libs dvm) -Wl,-rpath,"$(pkg-config --variable=libdir dvm)"
works "$WORK/with-pkg-config"

say "C++"
for standard in c++11 c++20; do
    DVM_CC=g++ dvmcc "-std=$standard" -Wall -Wextra -Werror -o "$WORK/with-c++" -x c++ "$WORK/first.c"
    works "$WORK/with-c++"
done

say "versions agree"
cat >"$WORK/version.c" <<'END'
#include <dvm.h>
#include <stdio.h>
int main(void) { printf("%s\n", dvm_version_text()); return dvm_version() != DVM_VERSION; }
END
dvmcc -o "$WORK/version" "$WORK/version.c"
expect 0 "$WORK/version"
expect_same "$(cat "$WORK/out")" "$(pkg-config --modversion dvm)" "version of the package"
expect_line <(dvm version) "$(cat "$WORK/out")"
