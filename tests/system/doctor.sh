#!/usr/bin/env bash
# dvm doctor says that all is well only where it is, and names each thing that is not with a
# cause, a remedy and a code: of this computer, of hosts that would join (each step of a join
# broken on purpose), of members. What it looks at it leaves as it was.
# ctest: COST 18
. "$(dirname "$0")/lib.sh"

mkdir "$WORK/broken"
real_dvmd=$(command -v dvmd)

# broken NAME TEXT: a program NAME that comes first in the PATH of remote sides
broken() { printf '#!/bin/sh\n%s\n' "$2" >"$WORK/broken/$1" && chmod +x "$WORK/broken/$1"; }

cat >"$WORK/remote" <<END
#!/usr/bin/env bash
host=\$1
shift
PATH=$WORK/broken:/usr/bin:/bin
unset DVM_DAEMON
case \$host in
hung*) exec tail -f /dev/null ;;
closed*) echo "Connection closed by 192.0.2.1 port 22" >&2; exit 255 ;;
door*) echo "ann@door: Permission denied (publickey)." >&2; exit 255 ;;
name*) echo "ssh: Could not resolve hostname name1: Name or service not known" >&2; exit 255 ;;
liar*) exit 0 ;;
path*) PATH=${real_dvmd%/*}:\$PATH ;;
dir*) export DVM_DIR=/proc/none ;;
few*) ulimit -n 512 ;;
esac
exec sh -c "\$*"
END
chmod +x "$WORK/remote"

# doctor STATUS ARGUMENT...: dvm doctor, as JSON in $WORK/out
doctor() {
    local wanted=$1 status=0
    shift
    timeout -k 5 $((120 * time_scale)) dvm doctor --json "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
    expect_same "$wanted" "$status" "exit status of dvm doctor $*"
    expect_same doctor/1 "$(jq -r .schema "$WORK/out")" "schema"
    expect_same "$([ "$wanted" = 0 ] && echo true || echo false)" "$(jq -r .well "$WORK/out")" "well"
}

# found HOST CHECK STATE [CODE]: what was said of a check
found() {
    expect_same "$3 ${4:-}" "$(jq -r --arg h "$1" --arg c "$2" '.hosts[] | select(.name == $h) | .checks[] | select(.check == $c) | "\(.state) \(.code // "")"' "$WORK/out")" "$2 of $1"
    [ $# = 3 ] || [ -n "$(jq -r --arg h "$1" '.hosts[] | select(.name == $h) | .checks[] | select(.code != null) | .remedy' "$WORK/out")" ] || fail "$4 has no remedy"
}

say "this computer, without a machine: nothing is left"
doctor 0
expect_same null "$(jq .machine "$WORK/out")" "machine"
for check in version folder space memory cores clock ports dvmd; do found "this computer" $check well; done
[ ! -e "$RUNTIME/$DVM_MACHINE" ] || fail "the folder $RUNTIME/$DVM_MACHINE was left behind"

say "a host before there is a machine: all but the way back"
doctor 0 --ssh "$WORK/remote" ok1
expect_line "$WORK/err" "no machine runs"
found ok1 program well
expect_same "" "$(jq -r '.hosts[].checks[] | select(.check == "dial back") | .state' "$WORK/out")" "the way back"

say "broken: dvmd, folder, descriptors"
DVM_DAEMON=$WORK/none/dvmd doctor 3
found "this computer" dvmd bad D110
mkdir -p "$RUNTIME"
ln -s "$WORK" "$RUNTIME/$DVM_MACHINE"
doctor 3
found "this computer" folder bad J601
rm "$RUNTIME/$DVM_MACHINE"
(ulimit -n 512 && dvm doctor --json >"$WORK/out")
found "this computer" files note D103

start_machine 4
say "a machine: all pairs, all well, each by an address"
doctor 0
expect_same 5 "$(jq '.hosts | length' "$WORK/out")" "hosts"
expect_same 6 "$(jq '[.pairs[] | select(.way == "direct" and .state == "well" and .address != null and .echo > 0)] | length' "$WORK/out")" "pairs that are direct"
expect_same 12 "$(jq '[.pairs[].tries[] | select(.result == "good")] | length' "$WORK/out")" "good tries, both ways"
found sim3 daemon well
expect 0 dvm doctor
expect_line "$WORK/out" "^no fault was found$"
expect_line "$WORK/out" "^sim\[1-4\] +[0-9]+ +[0-9]+ +0 +0$"

say "hosts that would join: each step, none of them joins"
doctor 3 --ssh "$WORK/remote" "ok[1-3]" closed1 door1 name1 liar1 dir1 few1 sim2
for host in ok1 ok2 ok3; do
    found $host "dial back" well
    found $host ports well
done
found closed1 connect bad J204
found door1 login bad J303
found name1 resolve bad J101
found liar1 join bad J999
found dir1 folder bad J602
found few1 files note D103
expect_same member "$(jq -r '.hosts[] | select(.name == "sim2") | .kind' "$WORK/out")" "kind of a member"
doctor 3 --ssh "$WORK/remote" --timeout 1 hung1
found hung1 time bad J002
hosts_are 4 || fail "a host has joined that was only looked at"
no_stranger() { [ "$(find "$RUNTIME/$DVM_MACHINE" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' ')" = "sim1 sim2 sim3 sim4 " ]; }
no_stranger || fail "a folder was left behind: $(ls "$RUNTIME/$DVM_MACHINE")"

say "the same for people"
status=0
dvm doctor --ssh "$WORK/remote" ok1 closed1 >"$WORK/out" || status=$?
expect_same 3 $status "exit status"
expect_line "$WORK/out" "^bad: closed1 \(connect\): Connection closed by .* -> .* ssh -v closed1 true \[J204\]$"

say "programs: not there, copied to look and removed again, too old"
cat >"$WORK/hide" <<'END'
#!/usr/bin/env bash
# the line of the script that names the path of dvmd here loses it; then all as it comes
while IFS= read -r line; do
    case $line in own=*) line="own=''" ;; esac
    printf '%s\n' "$line"
    [ "$line" != "}" ] || break
done
exec cat
END
chmod +x "$WORK/hide"
sed "s#^exec sh -c.*#exec sh < <(\"$WORK/hide\" 2>/dev/null)#" "$WORK/remote" >"$WORK/hiding"
chmod +x "$WORK/hiding"
doctor 0 --ssh "$WORK/hiding" bare0
found bare0 program well
expect_line "$WORK/out" "dvmd is not there, and can be copied"
no_stranger || fail "a folder was left behind: $(ls "$RUNTIME/$DVM_MACHINE")"
doctor 3 --no-push --ssh "$WORK/hiding" bare0
found bare0 program bad J401
DVM_DAEMON=$WORK/none/dvmd doctor 3 --ssh "$WORK/remote" bare1
found bare1 program bad J401
broken dvmd 'echo "dvmd: --check is no option, or lacks its value; try --help" >&2; [ "$1" = --version ] || exit 2'
DVM_DAEMON=$WORK/none/dvmd doctor 3 --ssh "$WORK/remote" old1
found old1 version bad J501
rm "$WORK/broken/dvmd"
no_stranger || fail "a folder was left behind: $(ls "$RUNTIME/$DVM_MACHINE")"

say "a member whose daemon is stopped does not report, and the others do"
kill_daemon sim4 STOP
doctor 3 --timeout 6 # enough for the others
found sim3 daemon well
expect_same 3 "$(jq '[.pairs[] | select(.hosts | index("sim4")) | select(.state == "bad")] | length' "$WORK/out")" "pairs with the stopped host"
expect_same 3 "$(jq '[.pairs[] | select(.hosts | index("sim4") | not) | select(.way == "direct")] | length' "$WORK/out")" "other pairs"
kill -CONT "$(daemon_pid sim4)"

say "every code is explained"
expect 0 dvm help D201
expect_line "$WORK/out" "^remedy: "
expect 0 dvm help codes
expect_line "$WORK/out" "^D104 "
expect 0 dvm help D104 --json
expect_same 1 "$(jq '.codes | length' "$WORK/out")" "codes"
halt_machine
