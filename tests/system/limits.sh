#!/usr/bin/env bash
# limits: a daemon with few descriptors, or with no room for its log, says so, naming host
# and remedy, starts what it can, still answers consoles, and lives. So do tasks and
# consoles with few descriptors; and tasks get the limit that the daemon was started with.
. "$(dirname "$0")/lib.sh"

say "a daemon that may have 64 files"
(ulimit -n 64 && within 30 dvm start)
host=$(dvm hosts --json | jq -r '.hosts[0].name')
expect 0 dvm run -n 8 true
status=0
dvm run -n 60 tail -f /dev/null >"$WORK/out" 2>"$WORK/err" || status=$?
[ $status != 0 ] || fail "60 tasks were started with 64 files"
expect_line "$WORK/err" "host $host cannot .*64 open files.*ulimit"
# what was begun for them is undone a moment later
pid=$(daemon_pid "$host")
files_are_few() { [ "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)" -le 30 ]; }
await 10 tasks_are 0
await 10 files_are_few

say "as many tasks as it takes, one by one: then consoles still get in"
started=0
while dvm spawn -n 1 tail -f /dev/null >"$WORK/out" 2>"$WORK/err"; do
    started=$((started + 1))
    [ $started -lt 60 ] || fail "it took all of them"
done
[ $started -gt 5 ] || fail "it took $started tasks only"
expect_line "$WORK/err" "host $host cannot .*64 open files.*ulimit"
expect_same $started "$(dvm ps --json | jq '.tasks | length')" "tasks that run"
expect 0 dvm hosts
expect 0 dvm halt

say "a log that cannot grow"
(ulimit -f 0 && within 30 dvm start >/dev/null 2>&1)
for ((i = 0; i < 3; i++)); do
    expect 3 dvm run -n 2 sh -c 'exit 3'
done
expect 0 dvm hosts
expect 0 dvm halt

say "tasks get the soft limit that the daemon was started with"
(ulimit -Sn 200 && within 30 dvm start)
expect 0 dvm run -n 60 sh -c 'ulimit -Sn'
expect_count 60 '^200$' "$WORK/out"

say "a task without descriptors goes on without a lane, or says so; it does not wait"
refused=0
for files in 4 5 6 7 8 9; do
    status=0
    within 30 dvm run -n 4 sh -c "ulimit -n $files; exec $PROGRAMS/busy 2" >"$WORK/out" 2>"$WORK/err" || status=$?
    [ $status != 0 ] || continue
    expect_same 1 $status "status of the run with $files files"
    expect_line "$WORK/err" "may have $files.*ulimit -n"
    refused=$((refused + 1))
done
[ $refused -ge 1 ] || fail "4 files were enough"

say "a console that has none left"
status=0
# none that this test was started with
(exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n 4 && exec dvm hosts) >"$WORK/out" 2>"$WORK/err" || status=$?
expect_same 1 $status "status of dvm hosts"
expect_line "$WORK/err" "may have 4 open files only.*ulimit -n"
halt_machine

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    say "a runtime folder on a disk that is full"
    cat >"$WORK/story" <<'END'
set -eu
mkdir -p "$WORK/small"
mount -t tmpfs -o size=64k,nr_inodes=40,mode=700 none "$WORK/small"
export DVM_DIR=$WORK/small/machine
dvm start
head -c 1M /dev/zero >"$WORK/small/fill" || true # until nothing more fits
[ "$(stat -f -c %a "$WORK/small")" = 0 ]
# nobody takes its output, so the daemon has to put it somewhere
dvm spawn -n 1 sh -c 'while echo a line for which there is no room; do :; done' >"$WORK/tid"
END
    cat >"$WORK/end" <<'END'
set -eu
export DVM_DIR=$WORK/small/machine
dvm run -n 2 "$PROGRAMS/meet" say
dvm kill "$(cat "$WORK/tid")"
dvm hosts
rm -f "$WORK/small/fill"
dvm halt
END
    unshare -m --propagation private bash -c 'exec tail -f /dev/null' &
    space=$!
    at_end+=("kill -KILL $space 2>/dev/null")
    # until then it has the mounts of all, or shares what is mounted with them
    await 10 grep -qx tail "/proc/$space/comm"
    expect 0 nsenter -t "$space" -m bash "$WORK/story"
    expect 0 nsenter -t "$space" -m bash "$WORK/end"
    expect_count 2 ' of 2 on ' "$WORK/out"
    status=0
    say "and a start where there is no room for anything"
    nsenter -t "$space" -m bash -c 'head -c 1M /dev/zero >"$WORK/small/fill"; i=0
        while mkdir "$WORK/small/d$i"; do i=$((i + 1)); done 2>/dev/null
        DVM_DIR=$WORK/small/other dvm start' >"$WORK/out" 2>"$WORK/err" || status=$?
    [ $status != 0 ] || fail "a machine was started on a full disk"
    expect_line "$WORK/err" "No space left on device"
    kill -KILL $space
else
    say "no full disk: that needs root"
fi
