#!/usr/bin/env bash
# Tasks that print at full speed while nobody reads wait, in bounded memory of daemon and
# console; the machine and its other tasks live; when the reader goes on every line
# arrives. A reader that closes its pipe ends the run.
# ctest: COST 24
. "$(dirname "$0")/lib.sh"

limit_kib=$((100 * 1024))
sanitized && limit_kib=$((400 * 1024))
peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$1/status"; }

start_machine 2
await 10 hosts_are 2

# flooding: pids of the tasks that print; other tests may run the same program
flooding() {
    local pid
    for pid in $(machine_pids); do
        [ "$(readlink "/proc/$pid/exe")" != "$PROGRAMS/lines" ] || echo "$pid"
    done
}
# all_wait: all of them sleep, and have not used a moment of a core since the last look
all_wait() {
    local now pids pid
    pids=$(flooding)
    [ "$(wc -w <<<"$pids")" = "$n" ] || return 1
    now=$(for pid in $pids; do awk '{ sub(/^.*\) /, ""); print $1, $12 + $13 }' "/proc/$pid/stat"; done)
    if [ "$now" = "${last_look:-}" ] && ! grep -q '^[^S]' <<<"$now"; then return 0; fi
    last_look=$now
    return 1
}

n=100
sanitized && n=20
count=$(pick 3000 50000)
length=1000
say "$n tasks print $count lines of $length bytes each; the console is stopped"
# a reader that waits: no task comes to its end before all have begun
mkfifo "$WORK/pipe" "$WORK/go"
(: <"$WORK/go" && exec cat) <"$WORK/pipe" >"$WORK/lines" &
reader=$!
at_end+=("kill $reader 2>/dev/null")
dvm run -n $n "$PROGRAMS/lines" "$count" $length >"$WORK/pipe" 2>"$WORK/run.err" &
run=$!
await 400 tasks_are $n
kill -STOP $run
await 400 all_wait
expect 0 dvm hosts
expect 0 dvm run -n 4 "$PROGRAMS/meet" say
for host in sim1 sim2; do
    kib=$(peak "$(daemon_pid $host)")
    say "  daemon of $host: $kib KiB at most"
    [ "$kib" -lt $limit_kib ] || fail "the daemon of $host held $kib KiB"
done

say "it goes on: every line arrives, in order and whole"
kill -CONT $run
: >"$WORK/go"
expect_all() {
    awk -v n=$n -v count="$count" -v size=$length '
        length($0) != size || $2 < want[$1] { bad++; if (bad < 5) print "bad: " substr($0, 1, 60) }
        { want[$1] = $2 + 1; lines[$1]++ }
        END { for (i = 0; i < n; i++) if (lines[i] != count * 0.9) { print i ": " lines[i] " lines"; bad++ }
              exit bad > 0 }' "$WORK/lines"
}
status=0
wait $run || status=$?
expect_same 0 $status "status of the run"
wait $reader
expect_all || fail "lines are missing, torn or in disorder"
expect_same $((n * count / 10)) "$(grep -c ' x*$' "$WORK/run.err")" "lines on stderr"
await 10 tasks_are 0

say "a reader that has read enough"
for program in "$PROGRAMS/lines $count 60" "yes"; do
    # shellcheck disable=SC2086
    within 60 bash -c "set -o pipefail; dvm run -n 4 $program 2>'$WORK/err' | head -n 3 >'$WORK/out'" || :
    expect_same 3 "$(wc -l <"$WORK/out")" "lines that were read"
    await 10 tasks_are 0
done
hosts_are 2 || fail "the machine did not live on"
halt_machine
