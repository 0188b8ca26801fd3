#!/usr/bin/env bash
# Whatever can keep a host from joining is told as HOST did not join (STEP): CAUSE ->
# REMEDY [CODE], by dvm add and by dvmd --join: each step is broken here on purpose. (What
# ssh itself can say: join_sshd.sh and unit.console.) Bad hosts do not disturb good ones,
# and nothing of them is left.
# ctest: COST 26
. "$(dirname "$0")/lib.sh"

# a port that no other daemon of this computer chooses: it is free when the machine has ended
say "start a machine"
port=$((20000 + $$ % 5000 * 2)) # no other test chooses there
until within 30 dvm start --port $port 2>"$WORK/err"; do
    expect_line "$WORK/err" "J604"
    port=$((port + 2))
done
await 10 hosts_are 1
mkdir "$WORK/broken"
real_dvmd=$(command -v dvmd)

# broken NAME TEXT: a program NAME that comes first in the PATH of remote sides
broken() { printf '#!/bin/sh\n%s\n' "$2" >"$WORK/broken/$1" && chmod +x "$WORK/broken/$1"; }

# the remote side of a host: its own name tells what is wrong with it
cat >"$WORK/remote" <<END
#!/usr/bin/env bash
host=\$1
shift
PATH=$WORK/broken:/usr/bin:/bin
unset DVM_DAEMON
if [ -d "$WORK/begun" ]; then
    : >"$WORK/begun/\$host"
    until all=("$WORK"/begun/*) && [ \${#all[@]} = 20 ]; do sleep 0.2; done # polls for the others
fi
case \$host in
hung*) exec tail -f /dev/null ;;
late*) until [ -e "$WORK/joined" ]; do sleep 0.2; done; exit 0 ;; # polls
closed*) echo "Connection closed by 192.0.2.1 port 22" >&2; exit 255 ;;
liar*) exit 0 ;;
path*) PATH=${real_dvmd%/*}:\$PATH ;;
dir*) export DVM_DIR=/proc/none ;;
esac
exec sh -c "\$*"
END
chmod +x "$WORK/remote"

# add ARGUMENT...: dvm add; what it said is in $WORK/out and $WORK/err
add() { timeout -k 5 $((120 * time_scale)) dvm add --ssh "$WORK/remote" "$@" >"$WORK/out" 2>"$WORK/err" || status=$?; }

# told HOST STEP CODE [CAUSE]: the verdict of dvm add
told() { expect_line "$WORK/err" "^dvm: $1 did not join \($2\): .*${4:-}.* -> .*\[$3\]$"; }

say "20 hosts of which 3 fail: 17 join, all at the same time, with 3 verdicts"
# none goes on until all are asked, and one has no verdict until the 17 have joined
mkdir "$WORK/begun"
(status=0; add "ok[1-17]" late1 closed1 liar1; exit $status) &
adding=$!
await 60 hosts_are 18
: >"$WORK/joined"
status=0; wait $adding || status=$?
expect_same 3 $status "exit status (3: partly)"
expect_count 17 "^ok[0-9]+ joined$" "$WORK/out"
expect_count 3 "did not join" "$WORK/err"
told closed1 connect J204 "Connection closed by"
for host in late1 liar1; do told $host join J999; done
hosts_are 18 || fail "17 hosts are not there"
rm -r "$WORK/begun"

say "one that hangs"
status=0
add --timeout 1 hung1
expect_same 1 $status "exit status (1: none)"
told hung1 time J002 "no answer within"

say "the same for programs"
status=0
add --json ok1 closed1
expect_same 1 $status "exit status (1: none)"
expect_same "J204 connect" "$(jq -r '.hosts[] | select(.name == "closed1") | "\(.code) \(.step)"' "$WORK/out")" "code and step"
expect_same "J901 register" "$(jq -r '.hosts[] | select(.name == "ok1") | "\(.code) \(.step)"' "$WORK/out")" "code and step"
expect_same "ssh -v closed1 true" "$(jq -r '.hosts[] | select(.name == "closed1") | .remedy' "$WORK/out" | grep -o 'ssh -v.*')" "remedy"

say "start: the command"
dvm add --ssh "$WORK/none" a 2>"$WORK/err" || :
told a start J001 "No such file"

say "program: found by PATH, not found, not for this system, not to be copied, broken"
export DVM_DAEMON=$WORK/none/dvmd
add path1
expect_line "$WORK/out" "^path1 joined$"
add bare1
told bare1 program J401 "there is no $WORK/none/dvmd"
unset DVM_DAEMON
cp "$real_dvmd" "$WORK/dvmd"
export DVM_DAEMON=$WORK/dvmd
# it is found here, but to the remote side its path leads nowhere
broken uname 'echo Linux sparc64'
cp "$WORK/remote" "$WORK/remote.good"
cat >"$WORK/hide" <<'END'
#!/usr/bin/env bash
# the first line of the script that names a path loses it; then everything as it comes
while IFS= read -r line; do
    case $line in own=*) line="own=''" ;; esac
    printf '%s\n' "$line"
    [ "$line" != "}" ] || break
done
exec cat
END
chmod +x "$WORK/hide"
sed -i "s#^exec sh -c.*#exec sh < <(\"$WORK/hide\" 2>/dev/null)#" "$WORK/remote"
add bare2
told bare2 program J404 "Linux sparc64"
rm "$WORK/broken/uname"
broken head 'exit 1'
add bare3
told bare3 program J405 "could not be written"
rm "$WORK/broken/head"
add bare4
expect_line "$WORK/out" "^bare4 joined .dvmd was copied there"
broken dvmd 'echo "dvmd: error while loading shared libraries: libzmq.so.5: cannot open" >&2; exit 127'
add --no-push bare5
told bare5 program J402 "libzmq.so.5"
broken dvmd "echo \"dvmd: /lib/libc.so.6: version \\\`GLIBC_2.99' not found\" >&2; exit 1"
add --no-push bare6
told bare6 program J403 "GLIBC_2.99"
add bare7
expect_line "$WORK/out" "^bare7 joined .dvmd was copied there"
rm "$WORK/broken/dvmd"
mv "$WORK/remote.good" "$WORK/remote"
unset DVM_DAEMON

say "folder: not to be made, a link, in use"
add dir1
told dir1 folder J602 "/proc/none"
ln -s "$WORK" "$RUNTIME/$DVM_MACHINE/link1"
add link1
told link1 folder J601
rm "$RUNTIME/$DVM_MACHINE/link1"
within 30 dvmd --host lock1
add lock1
told lock1 folder J603 "runs already"
kill "$(daemon_pid lock1)"

# refused CODE STEP ARGUMENT...: dvmd --join says the code itself
refused() {
    local code=$1 step=$2 status=0
    shift 2
    timeout -k 5 $((60 * time_scale)) dvmd --host refused "$@" 2>"$WORK/err" || status=$?
    [ $status = 1 ] || fail "dvmd --join ended with $status instead of 1"
    expect_line "$WORK/err" "^dvmd: .* -> .*\[$code\]$"
    expect 0 dvm help "$code"
    expect_line "$WORK/out" "at the step \"$step\""
    await 10 no_process_of refused
}

say "port: in use, another host's address"
dvm invite -q --uses 2 >"$WORK/ticket"
refused J604 port --join "$WORK/ticket" --port "$port"
refused J605 port --join "$WORK/ticket" --bind 192.0.2.254
refused J607 option --join "$WORK/ticket" --machine "no/name"

say "ticket: none, altered, expired, used up"
refused J805 ticket --join "$WORK/none"
: >"$WORK/empty"
refused J805 ticket --join "$WORK/empty"
sed 's/^\(.\{19\}\)A/\1B/; t; s/./A/20' "$WORK/ticket" >"$WORK/altered"
refused J801 ticket --join "$WORK/altered"
dvm invite -q --for 1s >"$WORK/expired"
expired_at=$(($(now_ms) + 1100))
past() { [ "$(now_ms)" -ge $expired_at ]; }
await 5 past
refused J803 ticket --join "$WORK/expired"
dvm invite -q >"$WORK/once"
within 30 dvmd --join "$WORK/once" --host once
refused J804 ticket --join "$WORK/once"
say "--ready-fd hears the code, too"
dvmd --host refused --foreground --join "$WORK/once" --ready-fd 3 3>"$WORK/ready" 2>/dev/null && fail "a used ticket was taken"
expect_line "$WORK/ready" "^error .*\[J804\]$"

say "^C ends what was started, too"
cat >"$WORK/hanging" <<END
#!/usr/bin/env bash
echo \$\$ >"$WORK/hanging.new" && mv "$WORK/hanging.new" "$WORK/hanging.pid"
exec tail -f /dev/null
END
chmod +x "$WORK/hanging"
# a shell lets what runs in its background ignore SIGINT
env --default-signal=INT dvm add --ssh "$WORK/hanging" anyhost >"$WORK/out" 2>&1 &
adding=$!
await 10 test -s "$WORK/hanging.pid"
kill -INT "$adding"
status=0; wait "$adding" || status=$?
expect_same 130 "$status" "status of the interrupted dvm add"
has_ended() { ! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }
await 10 has_ended "$(cat "$WORK/hanging.pid")"

say "ticket of a machine that has ended: nobody there, then another machine's daemon there"
halt_machine
within 60 dvmd --join "$WORK/ticket" --host refused 2>"$WORK/err" && fail "a machine that has ended let a host in"
expect_line "$WORK/err" "no daemon answered at .*:$port.* \[J701\]$"
DVM_MACHINE=$DVM_MACHINE-b within 30 dvm start --port "$port"
DVM_MACHINE=$DVM_MACHINE-b dvm invite -q >"$WORK/other" # it listens from now on
refused J802 ticket --join "$WORK/ticket"
DVM_MACHINE=$DVM_MACHINE-b within 30 dvm halt
