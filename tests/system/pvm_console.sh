#!/usr/bin/env bash
# dvm pvm does the commands of PVM's console, and what it prints is what PVM 3.4.6 prints,
# letter by letter where scripts read it; `pvm` is on the PATH of dvm run --pvm.
. "$(dirname "$0")/lib.sh"
export HOME=$WORK PVM_PATH=$WORK/bin NO_COLOR=1
unset PVM_ROOT PVM_ARCH PVM_EXPORT
mkdir "$WORK/bin"
printf '#!/bin/sh\necho "said $*"\n' >"$WORK/bin/say"
printf '#!/bin/sh\nexec tail -f /dev/null\n' >"$WORK/bin/stay"
printf '#!/bin/sh\necho no way there >&2\nexit 255\n' >"$WORK/bin/far"
chmod +x "$WORK/bin"/*

# console [WORD...]: a console with these words, which is told what to do by tell
console() {
    rm -f "$WORK/in"
    mkfifo "$WORK/in"
    dvm pvm "$@" <"$WORK/in" >"$WORK/out" 2>"$WORK/err" &
    console_pid=$!
    exec 3>"$WORK/in"
}
tell() { printf '%s\n' "$@" >&3; }
# lines without the prompt that may stand in front of what comes unasked
said() { sed 's/^pvm> //' "$WORK/out" >"$WORK/said"; }
is_said() { said && grep -Eq -- "$1" "$WORK/said"; }
says() { await 20 is_said "$1"; }
console_ends() {
    exec 3>&-
    wait "$console_pid" || fail "the console ended with $?"
    said
}

# answers TEXT LINE...: told the lines, a console prints the text, with a prompt before each
answers() {
    local expected=$1
    shift
    printf '%s\n' "$@" | dvm pvm >"$WORK/out" 2>"$WORK/err" || fail "dvm pvm: $?"
    printf 'pvmd already running.\n%s\npvm> \nConsole: exit handler called\npvmd still running.\n' \
        "$expected" >"$WORK/expected"
    diff "$WORK/expected" "$WORK/out" || fail "not what PVM says"
}

start_machine 3
await 10 hosts_are 3

say "what is the same each time"
case $(uname -m) in
    x86_64) arch=LINUX64 ;;
    *) arch=$(dvm run --pvm sh -c 'echo $PVM_ARCH') ;;
esac
printf -v table '%24s %8s %8s %7s' HOST DTID ARCH SPEED
printf -v one '%24s %8s %8s %7s' sim1 40000 "$arch" 1000
dvm pvm <<<conf >"$WORK/conf"
grep -Fq -- "3 hosts, 1 data format" "$WORK/conf" || fail "conf: $(cat "$WORK/conf")"
grep -Fq -- "$table       DSIG" "$WORK/conf" || fail "conf: $(cat "$WORK/conf")"
grep -Fq -- "$one 0x00" "$WORK/conf" || fail "conf: $(cat "$WORK/conf")"
answers "pvm> version
3.4.6
pvm> echo a  'b  c' # d
a b  c
pvm> alias x echo hi
pvm> alias
x	echo hi
pvm> x there
hi there
pvm> unalias x
pvm> x
x: not found
pvm> export A B
pvm> unexport A
pvm> export
PVM_EXPORT=B
pvm> setenv FOO bar
pvm> setenv FOO
bar
pvm> getopt PvmFragSize
PvmFragSize Currently Set to 4080
pvm> setopt PvmRoute 3
PvmRoute Changed from 1 to 3
pvm> getopt route
PVM Option \"route\" Unknown.
pvm> mstat sim2 nosuch
                    sim2  ok
                  nosuch  No such host
pvm> pstat 40999
t   40999  No such task
pvm> ps -a
                    HOST      TID   FLAG 0x COMMAND
pvm> jobs
pvm> put foo 1 x
pvm> reset foo
\"foo\" arg to reset not valid
pvm> kill
kill: wrong #args
pvm> spawn -2
incorrect arg count
pvm> spawn -2 nosuch
0 successful
No such file
No such file
pvm> spawn -nohost say
0 successful
No such host
pvm> delete nosuch
0 successful
                    HOST  STATUS
                  nosuch  No such host
pvm> trace nosuch
no such event \"nosuch\"
pvm> trace opt time
pvm> trace opt

Trace Options set to \"time\"
" \
    version "echo a  'b  c' # d" 'alias x echo hi' alias 'x there' 'unalias x' x 'export A B' \
    'unexport A' export 'setenv FOO bar' 'setenv FOO' 'getopt PvmFragSize' 'setopt PvmRoute 3' \
    'getopt route' 'mstat sim2 nosuch' 'pstat 40999' 'ps -a' jobs 'put foo 1 x' 'reset foo' kill \
    'spawn -2' 'spawn -2 nosuch' 'spawn -nohost say' 'delete nosuch' 'trace nosuch' 'trace opt time' 'trace opt'

say "jobs"
console
tell names 'spawn -2 -> say 1 "2 3"'
says '^\[1\] finished$'
expect_line "$WORK/said" '^<foo>:$'
expect_line "$WORK/said" '^2 successful$'
expect_count 2 '^\[1:t[0-9a-f]+\] said 1 2 3$' "$WORK/said"
expect_count 2 '^\[1:t[0-9a-f]+\] EOF$' "$WORK/said"
tell "spawn ->$WORK/file say a" "spawn -sim2:/tmp -> pwd"
says '^\[2\] finished$'
says '^\[3:t[0-9a-f]+\] /tmp$'
tell "spawn ->$WORK/file say b" "spawn ->>$WORK/file say c"
says '^\[4\] finished$'
expect_line "$WORK/said" "/file: File exists$"
expect_same "said a EOF said c EOF" "$(sed 's/^[^ ]* //' "$WORK/file" | xargs)" "the file"
tell "spawn -~sim1 -3 -> stay"
says '^3 successful$'
tell 'jobs -l' 'ps -x' 'ps -al' "echo seen"
says '^seen$'
expect_count 3 "^ +sim[23] +[0-9a-f]+ +4[0-9a-f]{4} +[0-9]+ +2/f (stay|tail) +$" "$WORK/said"
expect_line "$WORK/said" '^ +sim1   \(cons\) +4/c - +$'
tell "spawn -> $PROGRAMS/children 3 leave"
says '^\[6\] finished$'
expect_count 4 '^\[6:t[0-9a-f]+\] EOF$' "$WORK/said" # also what they spawn
tell "sig 9 $(dvm ps --json | jq -r '[.tasks[] | .tid][0]' | xargs printf %x)"
says '^\[5:t[0-9a-f]+\] EOF$'
tell reset
says '^\[5\] finished$'
dvm invite --for 600 | dvmd --join - --host sim4 --simulated
await 10 hosts_are 4
tell "spawn -sim4 -2 -> stay"
says '^\[7\]$'
await 20 tasks_are 2
kill_daemon sim4
says '^\[7\] finished$'
expect_count 2 '^\[7:t10[0-9a-f]{4}\] EOF$' "$WORK/said"
await 10 grep -q 'host sim4 was lost, and 2 tasks of jobs with it: ' "$WORK/err"
tell quit
console_ends

say "hosts, and a host file"
cat >"$WORK/hosts" <<END
# hosts of a test
* wd=/tmp ep=$WORK/bin
sim2 sp=2000 xx=1
sim3 sp=3000
&sim9 lo=me \\
    dx=/nowhere
END
export PVM_RSH=$WORK/bin/far
console "$WORK/hosts"
tell conf 'add sim3 sim9 far1 far2 "far3 zz=1"' 'delete sim3' conf 'halt now' halt
console_ends
expect_line "$WORK/err" 'host file, line 3: there is no such option of a host: "xx=1"'
expect_line "$WORK/said" '^ +sim3 +[8c]0000 +LINUX[^ ]* +3000 0x'
expect_line "$WORK/said" '^ +sim3 Duplicate host$'
expect_line "$WORK/said" "^ +sim9 Can't start pvmd$"
expect_line "$WORK/said" "^ +far1 Can't start pvmd$"
expect_line "$WORK/said" "^ +far3 zz=1 Bad parameter$"
expect_line "$WORK/err" 'add: there is no such option of a host: "zz=1"'
expect_line "$WORK/err" "host sim9, dx="
expect_line "$WORK/said" '^ +sim3  deleted$'
expect_line "$WORK/said" '^2 hosts, 1 data format$'
expect_line "$WORK/said" '^halt: wrong #args$'
await 10 no_process_left

say "pvm on the PATH, which starts a machine"
unset PVM_RSH
pvm=$(dvm run --pvm sh -c 'command -v pvm')
printf 'conf\nhalt\n' | within 60 "$pvm" >"$WORK/out" || fail "$pvm: $?"
expect_line "$WORK/out" '^1 host, 1 data format$'
