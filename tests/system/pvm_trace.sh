#!/usr/bin/env bash
# A task that is traced tells its tracer of its calls as PVM's library does: which events, in
# which order, with which data. Sums, own events, a death by a signal, a tracer for tasks that are
# started by hand; PVM's own tracer, where it is installed, writes its file of it.
. "$(dirname "$0")/lib.sh"
programs=$build/tests/pvm
export PVM_PATH=$programs

# shape FILE: names of events and of their data, without values, each line once
shape() { sed -E 's/=(\[[0-9]+\])?[^ ]*/=/g; s/ end .*//; /^mhf_invoke/d' "$1" | sort -u; }

start_machine 1

say "each event with its data"
expect 0 dvm run -n 1 "$programs/traced"
cp "$WORK/out" "$WORK/traced"
diff "$source_tree/tests/pvm/traced.expected" "$WORK/traced" || fail "other events"

say "many events in a message"
expect 0 dvm run -n 1 "$programs/traced" 2000
expect_line "$WORK/out" "^buffer end$"
diff <(sed '/^buffer/d' "$WORK/out" | sort) <(sort "$WORK/traced") || fail "events were lost"

say "sums of times and of counts"
expect 0 dvm run -n 1 "$programs/traced" 0 2
expect_line "$WORK/out" "^timing event .* TGS=.* TGU=.* PRF="
expect 0 dvm run -n 1 "$programs/traced" 0 3
expect_line "$WORK/out" "^profiling event .* PRF=\\[[0-9]+\\]2,2,"

say "the end of a task that is killed"
expect 0 dvm run -n 1 "$programs/traced" 4000 1 killed
expect_line "$WORK/out" "^endtask event .* TST=9 "

say "a tracer of what is started by hand"
expect 0 dvm run -n 1 "$programs/traced" 0 1 registered
expect_line "$WORK/out" "^newtask event .* PT=- TF=-1 TN=\"-\""
expect_line "$WORK/out" "^pkint entry .* PC=2 PSD=2 "
expect_line "$WORK/out" "^registered: 0 -30 0$"

say "the console writes traces"
mkfifo "$WORK/told"
dvm pvm <"$WORK/told" >"$WORK/console" 2>"$WORK/console.err" &
console=$!
exec 3>"$WORK/told"
printf '%s\n' "trace - *" "trace + pkint" "trace" "spawn -2 -@$WORK/sddf items" >&3
await 20 grep -q "^\[1\] finished$" "$WORK/console"
printf '%s\n' "spawn -@ items" >&3
await 20 grep -q "^\[2\] finished$" "$WORK/console"
exec 3>&-
wait "$console"
expect_count 26 "^ [ *] [a-z_]+ " "$WORK/console"
expect_line "$WORK/console" " [*] pkint "
expect_line "$WORK/console" "^\[T2:t[0-9a-f]+\] \"pkint\(0.0\)\" \{ [0-9]+, "
expect_count 2 "^\"endtask\(0\)\" \{ " "$WORK/sddf"
expect_count 1 "^#1072: \"pkint\(0.0\)\"$" "$WORK/sddf"
expect_count 0 "^\"recv" "$WORK/sddf"

long || { halt_machine; exit 0; }
if [ ! -x /usr/bin/pvmd ] || [ ! -e /usr/include/pvm3.h ]; then
    halt_machine
    exit 0
fi

say "PVM's own tracer"
mkfifo "$WORK/in"
LD_LIBRARY_PATH=$build/bindings/pvm3:$build/libdvm tracer -T "$WORK/file" \
    <"$WORK/in" >"$WORK/tracer" 2>&1 &
at_end+=("kill $! 2>/dev/null || :")
exec 3>"$WORK/in"
await 10 grep -q "connected as" "$WORK/tracer"
echo "trace + *" >&3
await 10 grep -q "New Trace Mask" "$WORK/tracer"
"$programs/traced" 0 1 by_hand || :  # its status is a code
await 10 grep -q "endtask" "$WORK/file"
await 10 grep -q '^"pkint(0.0)" { .* 2, 2 };;$' "$WORK/file"
echo quit >&3
exec 3>&-
halt_machine

say "the same with PVM itself"
export PVM_ROOT=/usr/lib/pvm3 PVM_ARCH=LINUX64 PVM_ALLOW_ROOT=1 PVM_TMP=$WORK/tmp
export PVM_PATH=$WORK:/usr/bin
mkdir "$PVM_TMP"
gcc "$source_tree/tests/pvm/programs/traced.c" -o "$WORK/traced_there" -lgpvm3 -lpvm3
mkdir "$WORK/there"
mv "$WORK/traced_there" "$WORK/there/traced"
export PVM_PATH=$WORK/there:/usr/bin
env -u DVM_MACHINE pvmd -nlocalhost >"$WORK/pvmd.out" 2>&1 </dev/null &
pvmd=$!
at_end+=("kill $pvmd 2>/dev/null || :")
await 10 grep -q tmp "$WORK/pvmd.out"
expect 0 "$WORK/there/traced"
diff <(shape "$WORK/out") <(shape "$WORK/traced") || fail "PVM's events have other data"
kill "$pvmd"
await 10 dead "$pvmd"
