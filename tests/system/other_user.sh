#!/usr/bin/env bash
# Another user on the same computer can read no key, socket, segment or output of a
# machine, cannot connect to it, and cannot put himself in the place of its folder; what
# the kernel shows to everybody (arguments, names of sockets) holds no secret. And a
# task's word is good for its own machine only.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root, to be two users"
command -v setpriv >/dev/null || skip "there is no setpriv"
other=65534
victim=$((20000 + $$ % 40000)) # a user of this test alone
as_user=(setpriv --clear-groups --no-new-privs)
as_other=("${as_user[@]}" --reuid "$other" --regid "$other" -- env HOME=/nonexistent)
as_victim=("${as_user[@]}" --reuid "$victim" --regid "$victim" -- env HOME=/nonexistent)
chmod 755 "$WORK"
"${as_other[@]}" dvm version >"$WORK/out" 2>&1 || skip "the build folder cannot be read by other users"
[ ! -e "/tmp/dvm-$victim" ] || skip "/tmp/dvm-$victim exists"
scratch+=("/tmp/dvm-$victim" "/tmp/dvm-$other/$DVM_MACHINE" "/tmp/dvm-$victim.was")

umask 000 # the daemon must not count on it
start_machine 2
await 20 hosts_are 2
folder=$RUNTIME/$DVM_MACHINE/sim1
dvm run -n 4 "$PROGRAMS/steady" 600 >"$WORK/run" 2>&1 &
run=$!
at_end+=("kill $run 2>/dev/null")
await 20 tasks_are 4
# shellcheck disable=SC2016
dvm run -n 1 sh -c 'echo $DVM_TOKEN; echo $DVM_SOCKET; exec cat' <"/dev/null" >"$WORK/token" ||
    fail "no token was told"

say "modes"
expect_same "" "$(find "$RUNTIME/$DVM_MACHINE" -perm /077)" "files that are open to others"

say "files, sockets, processes"
for path in "$folder" "$folder/log" "$folder/lock" "$folder/socket"; do
    [ -e "$path" ] || fail "there is no $path"
    ! "${as_other[@]}" cat "$path" >/dev/null 2>&1 || fail "$path can be read"
    ! "${as_other[@]}" ls "$path" >/dev/null 2>&1 || fail "$path can be listed"
done
"${as_other[@]}" "$PROGRAMS/stranger" socket "$folder/socket" >"$WORK/out"
expect_line "$WORK/out" '^not connected: Permission denied'
expect 7 "${as_other[@]}" DVM_DIR="$folder" dvm hosts
expect_line "$WORK/err" "$folder is closed to this user: a machine is its own user's alone; set DVM_DIR to a folder of yours, or unset it"
for pid in $(machine_pids); do
    case $(cat "/proc/$pid/comm" 2>/dev/null || :) in
    dvmd* | steady) ;;
    *) continue ;;
    esac
    for what in environ maps mem; do
        ! "${as_other[@]}" head -c 1 "/proc/$pid/$what" >/dev/null 2>&1 ||
            fail "/proc/$pid/$what can be read"
    done
    ! "${as_other[@]}" ls "/proc/$pid/fd" >/dev/null 2>&1 || fail "/proc/$pid/fd can be listed"
    for fd in "/proc/$pid/fd"/*; do
        case $(readlink "$fd" || :) in
        /memfd:*) ! "${as_other[@]}" head -c 1 "$fd" >/dev/null 2>&1 || fail "a segment can be read" ;;
        esac
    done
done

say "what everybody may see"
token=$(sed -n 1p "$WORK/token")
[ ${#token} = 32 ] || fail "'$token' is no token"
for pid in $(machine_pids); do
    ! tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -E 'dvm1:|DVM_TOKEN' ||
        fail "a ticket or token is in the arguments of process $pid"
done
# bells, of whichever machine runs beside this one, can be seen by their names; the kernel drops
# what has not the key, which lies in the inbox
! grep -E '@.*dvm' /proc/net/unix | grep -Ev ' @dvm-bell-[0-9a-f]{16}$' ||
    fail "there is an abstract socket"

say "by the console"
expect 7 "${as_other[@]}" env "DVM_DIR=$folder" dvm hosts
expect 4 "${as_other[@]}" dvm hosts
expect_line "$WORK/err" 'no daemon of the machine'

say "the folder stands open: the daemon asks the kernel"
# the victim's own: that of this test's user is other tests', too
within 30 "${as_victim[@]}" dvm start
socket=$(find "/tmp/dvm-$victim/$DVM_MACHINE" -name socket)
open=${socket%/socket}
chmod 777 "/tmp/dvm-$victim" "/tmp/dvm-$victim/$DVM_MACHINE" "$open" "$socket"
"${as_other[@]}" "$PROGRAMS/stranger" socket "$socket" >"$WORK/out"
chmod 700 "/tmp/dvm-$victim" "/tmp/dvm-$victim/$DVM_MACHINE" "$open"
chmod 600 "$socket"
expect_line "$WORK/out" '^connected, then the end'
expect_line "$open/log" "process [0-9]+ of user $other was refused: the machine is of user $victim"
within 30 "${as_victim[@]}" dvm halt
rm -rf "/tmp/dvm-$victim"

say "another user was there first"
# taken WORDS: a victim who starts a machine is told so
taken() {
    expect 1 "${as_victim[@]}" dvm start
    expect_line "$WORK/err" "$1"
    expect 7 "${as_victim[@]}" dvm run -n 1 /bin/true
    expect_line "$WORK/err" "$1"
    rm -rf "/tmp/dvm-$victim"
}
"${as_other[@]}" mkdir -m 777 "/tmp/dvm-$victim"
taken "/tmp/dvm-$victim belongs to user $other and not to you"
"${as_other[@]}" ln -s "$WORK" "/tmp/dvm-$victim"
taken "/tmp/dvm-$victim is a link or no folder"
"${as_other[@]}" touch "/tmp/dvm-$victim"
taken "/tmp/dvm-$victim is a link or no folder"
"${as_victim[@]}" mkdir -m 755 "/tmp/dvm-$victim"
taken "/tmp/dvm-$victim is open to others \(mode 0755\); run: chmod 700 /tmp/dvm-$victim"
expect 0 "${as_victim[@]}" dvm run -n 2 "$PROGRAMS/meet"

say "of the same user, but of another machine"
DVM_MACHINE=$DVM_MACHINE-other within 30 dvm start
socket=$(find "$RUNTIME/$DVM_MACHINE-other" -name socket)
status=0
DVM_SOCKET=$socket DVM_TOKEN=$token "$PROGRAMS/meet" >"$WORK/out" 2>"$WORK/err" || status=$?
[ $status != 0 ] || fail "a task of one machine became one of another"
cat "$WORK/err"
expect_line "$WORK/err" 'token'
DVM_MACHINE=$DVM_MACHINE-other within 30 dvm halt

tasks_are 4 || fail "tasks were lost"
kill -INT $run
wait $run || :
halt_machine
