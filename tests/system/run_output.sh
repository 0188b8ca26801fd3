#!/usr/bin/env bash
# Where the output of a run goes and who gets its input: folded, tagged, raw, in files;
# stdin to one, some, all or none, and one that does not read harms nobody.
. "$(dirname "$0")/lib.sh"

start_machine 3
await 10 hosts_are 3

say "equal lines of all ranks become one"
expect 0 dvm run -n 9 --collapse sh -c 'echo Hello; echo bye >&2'
expect_line "$WORK/out" '^\[[0-9]+([-,][0-9]+)*\] Hello$'
expect_line "$WORK/err" '^\[[0-9]+([-,][0-9]+)*\] bye$'

say "and different ones stay whole and in the order of each rank"
expect 0 dvm run -n 4 --collapse "$PROGRAMS/lines" 300 60
expect_count 1080 '^\[[0-3]\] [0-3] [0-9]+ x+$' "$WORK/out"
for rank in 0 1 2 3; do
    grep "^\[$rank\] " "$WORK/out" | awk '{ print $3 }' | sort -nc || fail "rank $rank is out of order"
done

say "output flows while ranks are silent"
mkfifo "$WORK/go"
# shellcheck disable=SC2016
dvm run -n 2 --collapse sh -c 'echo now; read line; echo then' <"$WORK/go" >"$WORK/out" 2>&1 &
run=$!
exec 5>"$WORK/go"
await 20 grep -q now "$WORK/out"
exec 5>&-
wait $run || :

say "files of each rank hold what it wrote, all of it"
expect 0 dvm run -n 6 --output "$WORK/deep/files" "$PROGRAMS/lines" 1000 80
for rank in 0 1 2 3 4 5; do
    expect_count 900 "^$rank " "$WORK/deep/files/$rank.out"
    expect_count 100 "^$rank " "$WORK/deep/files/$rank.err"
    [ "$(wc -l <"$WORK/deep/files/$rank.out")" = 900 ] || fail "rank $rank: foreign lines"
done
[ ! -s "$WORK/out" ] || fail "output went to the console as well"

say "a full disk ends the run in words"
ln -sf /dev/full "$WORK/deep/files/4.out"
expect 1 dvm run -n 6 --output "$WORK/deep/files" "$PROGRAMS/lines" 1000 80
expect_line "$WORK/err" "files/4.out cannot be written: No space left on device"
await 20 tasks_are 0

say "a folder that cannot be made costs no run"
: >"$WORK/file"
expect 1 dvm run --output "$WORK/file" touch "$WORK/was-run"
expect_line "$WORK/err" "the output folder $WORK/file cannot be made: Not a directory"
[ ! -e "$WORK/was-run" ] || fail "the task was started"

say "raw bytes come without the end of a line, while the task runs"
dvm run --raw --where sim2 sh -c 'printf 50%%; exec tail -f /dev/null' >"$WORK/out" 2>"$WORK/err" &
run=$!
await 20 grep -q '50%' "$WORK/out"
kill -TERM $run
wait $run || :

say "standard input to all, to some, to none"
seq 40000 >"$WORK/numbers"
bytes=$(stat -c %s "$WORK/numbers")
for who in all 1-2 none; do
    within 60 dvm run -n 4 --stdin $who "$PROGRAMS/echo_stdin" <"$WORK/numbers" >"$WORK/out.$who"
done
expect_count 4 "^[0-3] read $bytes bytes$" "$WORK/out.all"
expect_count 2 "^[12] read $bytes bytes$" "$WORK/out.1-2"
expect_count 2 "^[03] read 0 bytes$" "$WORK/out.1-2"
expect_count 4 "^[0-3] read 0 bytes$" "$WORK/out.none"
within 60 dvm run -n 3 --stdin all --output "$WORK/copies" cat <"$WORK/numbers"
for rank in 0 1 2; do
    cmp "$WORK/numbers" "$WORK/copies/$rank.out" || fail "rank $rank got other bytes"
done

say "one that does not read does not hold up the others"
mkfifo "$WORK/has-read"
cat >"$WORK/lazy.sh" <<'EOF'
# the first to come reads when another has read everything
if mkdir "$1/lazy" 2>/dev/null; then
    cat "$1/has-read"
    exec wc -c
fi
wc -c
if mkdir "$1/told" 2>/dev/null; then : >"$1/has-read"; fi
EOF
seq 150000 >"$WORK/numbers"
bytes=$(stat -c %s "$WORK/numbers")
within 60 dvm run -n 3 --stdin all sh "$WORK/lazy.sh" "$WORK" <"$WORK/numbers" >"$WORK/out"
expect_count 3 "^ *$bytes$" "$WORK/out"

say "one that is far behind is waited for, and said; it gets everything when it reads"
rmdir "$WORK/lazy" "$WORK/told"
seq 1500000 >"$WORK/numbers"
bytes=$(stat -c %s "$WORK/numbers")
dvm run -n 2 --stdin all sh "$WORK/lazy.sh" "$WORK" <"$WORK/numbers" >"$WORK/out" 2>"$WORK/err" &
run=$!
await 60 grep -q "^dvm: rank [01] is 8 MiB behind in reading standard input; the others wait" "$WORK/err"
mkdir "$WORK/told" # before the other one has read everything
: >"$WORK/has-read"
wait $run || fail "the run failed"
expect_count 2 "^ *$bytes$" "$WORK/out"

if long; then
    say "one that never reads gets no more after 30 s, and the others end well"
    rmdir "$WORK/lazy"
    seq 3000000 >"$WORK/numbers"
    bytes=$(stat -c %s "$WORK/numbers")
    # shellcheck disable=SC2016
    dvm run -n 2 --stdin all --on-failure ignore sh -c \
        'if mkdir "$0/lazy" 2>/dev/null; then cat "$0/has-read"; exit 1; fi; wc -c' "$WORK" \
        <"$WORK/numbers" >"$WORK/out" 2>"$WORK/err" &
    run=$!
    await 90 grep -q "has not read its standard input for 30 s; it gets no more of it" "$WORK/err"
    await 60 grep -q "^ *$bytes$" "$WORK/out"
    : >"$WORK/has-read"
    wait $run && fail "the failure is not told"
fi

say "one that ends without reading, neither"
# shellcheck disable=SC2016
within 60 dvm run -n 3 --stdin all sh -c \
    'mkdir "$0/closed" 2>/dev/null && exit; exec wc -c' "$WORK" \
    <"$WORK/numbers" >"$WORK/out"
expect_count 2 "^ *$bytes$" "$WORK/out"
halt_machine
