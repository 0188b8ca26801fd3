#!/usr/bin/env bash
# ctest: LIMIT 600
# PVM's own example programs, which are fetched and not kept here, build unchanged against
# DVM's headers and print what they print on PVM, from the shell and from the console; those of
# Debian's package, linked with PVM's library, run as they are. Compared where PVM is installed:
# lines sorted, with tids, contexts and times masked. Not there: starter, which does not compile,
# and xep, which needs X. The numbers of the header are PVM's. Only with DVM_TEST_LONG=1, because it needs the network.
. "$(dirname "$0")/lib.sh"

long || skip "it fetches programs; DVM_TEST_LONG=1 asks for it"
[ -z "$sanitizer" ] || skip "other people's programs are not looked at with sanitizers"
cd "$WORK"
apt-get download pvm-examples >/dev/null 2>&1 || skip "the package pvm-examples cannot be fetched"
dpkg -x pvm-examples_*.deb package
tar xzf package/usr/share/doc/pvm-examples/examples.tar.gz
tar xzf package/usr/share/doc/pvm-examples/gexamples.tar.gz
mkdir include dvm pvm

libraries=$build/bindings/pvm3
headers=$source_tree/bindings/pvm3/include
peer=no
[ ! -x /usr/bin/pvmd ] || [ ! -e /usr/include/pvm3.h ] || peer=yes

# compile SIDE NAME SOURCE... : with DVM's header and libraries, or with PVM's
compile() {
    local side=$1 name=$2 cc=(gcc -std=gnu89 -w) link=(-lgpvm3 -lpvm3 -lm)
    shift 2
    if [[ $1 = *.f ]]; then
        cc=(gfortran -std=legacy -w -fno-automatic -I.)
        link=(-lfpvm3 "${link[@]}")
    fi
    if [ "$side" = dvm ]; then
        # shellcheck disable=SC2054
        cc+=(-I"$headers" -L"$libraries" -Wl,-rpath,"$libraries:$build/libdvm"
            -Wl,-rpath-link,"$build/libdvm")
    fi
    "${cc[@]}" "$@" -o "$side/$name" "${link[@]}" || fail "$name does not build on $side"
}

# build_all SIDE
build_all() {
    local side=$1 source name
    cp "$headers/fpvm3.h" include/
    [ "$side" = dvm ] || cp /usr/include/fpvm3.h include/
    for source in examples/*.c gexamples/*.c; do
        name=$(basename "$source" .c)
        case $name in
        starter | taskf) ;; # the first does not compile anywhere, the second is a part
        bwtest)
            compile "$side" dbwtest "$source" -DPACK -DENCODE=PvmDataDefault
            compile "$side" rbwtest "$source" -DPACK -DENCODE=PvmDataRaw
            compile "$side" ibwtest "$source" -DPACK -DENCODE=PvmDataInPlace
            compile "$side" pbwtest "$source"
            ;;
        gmbi | lmbi | rme | task0 | task1 | task_end)
            compile "$side" "$name" "$source" examples/taskf.c ;;
        *) compile "$side" "$name" "$source" ;;
        esac
    done
    command -v gfortran >/dev/null || return 0
    compile "$side" fmaster1 examples/master1.f
    compile "$side" fslave1 examples/slave1.f
    compile "$side" fgexample examples/gexample.f
    compile "$side" hitc examples/hitc.f
    compile "$side" hitc_slave examples/hitc_slave.f
    compile "$side" frsg gexamples/frsg.f
    compile "$side" fspmd examples/spmd.f
}

# show: a program's lines without what differs from run to run, and without what PVM says of
# its inside: its group server, which is in the mailbox, its table of handlers; behind PVM's text of an error stands
# DVM's sentence
show() {
    sed -E 's/^(pvm> )*//; s/t4[0-9a-f]{4}lmbi/TIDlmbi/g; s/\bt?(0x)?4[0-9a-f]{4}\b/TID/g
        s/\b2[0-9]{5}\b/NUMBER/g; s/T = [0-9]+ .*Data/TIME/; s/[^ ]*\/([a-z]+[0-9]*( |$))/\1/g
        s/(libpvm \[TID\]: [a-z_]+\(\): [^:]*):.*/\1/; s/ +/ /g
        s/(context|ctx) (= )?[0-9]+/\1 CONTEXT/; s/= [0-9]{6},/= NUMBER,/
        /handles\[|Message Handler Info|^pvmdisplaymhfinfo|^mhf_server TID: (mhf_server:|startup)/d
        /Class "pvmgs"/,+1d; /^gmbi: class name: <pvmgs>/,+1d; s/^gmbi: [0-9]+ mbox/gmbi: mbox/
        /pvm_gettid\(\): No such instance|^$/d' | sort
}

# compare NAME: what was printed on both
compare() {
    [ -s dvm.out ] || [ -s dvm.err ] || fail "$1 printed nothing"
    if [ $peer = yes ]; then
        diff <(show <pvm.out) <(show <dvm.out) >differences ||
            { head -20 differences >&2; fail "$1 prints something else than on PVM"; }
    fi
    say "$1: ok"
}

# run_example INPUT PROGRAM ARGUMENT...: on both; what it prints must be the same
run_example() {
    local input=$1
    shift
    PATH=$WORK/dvm:$PATH within 30 "$@" <<<"$input" >dvm.out 2>dvm.err || :
    if [ $peer = yes ]; then
        PATH=$WORK/pvm:$PATH within 30 "$@" <<<"$input" >pvm.out 2>pvm.err || :
    fi
    compare "$*"
}

# run_lines NAME TEXT: a script that uses the programs, and prints their statuses where it
# wants to
run_lines() {
    local name=$1
    printf '%s\n' "$2" >lines
    PATH=$WORK/dvm:$PATH within 60 bash lines >dvm.out 2>dvm.err || :
    if [ $peer = yes ]; then
        PATH=$WORK/pvm:$PATH within 60 bash lines >pvm.out 2>pvm.err || :
    fi
    compare "$name"
}

# tell_console SIDE WORD...: the console is told to spawn, and to quit when the job has ended
tell_console() {
    local side=$1 pid
    shift
    rm -f in
    mkfifo in
    if [ "$side" = pvm ]; then
        stdbuf -oL pvm <in >pvm.out 2>pvm.err &
    else
        PVM_PATH=$WORK/dvm dvm pvm <in >dvm.out 2>dvm.err &
    fi
    pid=$!
    exec 3>in
    echo "spawn $*" >&3
    await 30 grep -q '\[1\] finished' "$side.out"
    echo quit >&3
    exec 3>&-
    wait $pid || fail "the console of $side ended with $?"
}

# from_console WORD...: spawned by both consoles
from_console() {
    tell_console dvm "$@"
    [ $peer = no ] || tell_console pvm "$@"
    compare "spawn $*"
}

# numbers FOLDER: the constants of a header and the sizes of its structures, by PVM's names
numbers() {
    {
        printf '#include <stdio.h>\n#include <pvm3.h>\nint main(void) {\n'
        echo '#include <pvm3.h>' | gcc -E -dM -I /usr/include - |
            sed -nE 's/^#define ((Pvm|PVM_)[A-Za-z_]+) .*/\1/p' | grep -vE 'PVM_VER$|DirectIndex' | sort |
            sed 's/.*/printf("& %d\\n", (int)(&));/'
        for s in pvmhostinfo pvmtaskinfo pvmminfo pvmmboxinfo; do
            printf 'printf("%s %%zu\\n", sizeof(struct %s));\n' "$s" "$s"
        done
        echo 'return 0; }'
    } >numbers.c
    gcc -I "$1" numbers.c -o numbers && ./numbers
}

if [ $peer = yes ]; then
    say "the headers say the same"
    numbers /usr/include >pvm.numbers
    numbers "$headers" >dvm.numbers
    diff pvm.numbers dvm.numbers || fail "numbers differ from those of PVM's header"
fi

say "build them"
build_all dvm
if [ $peer = yes ]; then
    build_all pvm
    export PVM_ROOT=/usr/lib/pvm3 PVM_ARCH=LINUX64 PVM_ALLOW_ROOT=1 PVM_TMP=$WORK/tmp
    export PVM_PATH=$WORK/pvm:/usr/bin
    mkdir "$PVM_TMP"
    env -u DVM_MACHINE pvmd -nlocalhost >pvmd.out 2>&1 </dev/null &
    pvmd=$!
    at_end+=("kill $pvmd 2>/dev/null || :")
    await 10 grep -q tmp pvmd.out
fi
start_machine

for example in hello master1 spmd "inherita inherit1" "inherita inherit3" inheritb; do
    # shellcheck disable=SC2086
    run_example "" $example
done
for example in "ge 4" "gexamp 4" "joinleave 100" tst tjl "thb 3"; do
    # shellcheck disable=SC2086
    run_example "" $example
done
run_example $'10\n4' gexample
run_example $'4\n5' trsg
if [ -e dvm/fmaster1 ]; then
    run_example 3 fmaster1
    run_example $'10\n4' fgexample
    run_example $'4\n5' frsg
    run_example "" hitc
fi

for example in "gs 4" tjf; do
    # shellcheck disable=SC2086
    run_example "" $example
done
run_lines timing 'timing | sed -E "s/t4[0-9a-f]{4}/TID/; s/[0-9.]+//g"'

say "the mailbox"
run_lines "task0, task1, task_end" 'task0 service & until gmbi service | grep -q "<service>"; do :; done
task1 service; task1 service; task_end service 0; wait'
run_lines "lmbi, gmbi, rme" 'lmbi 3 pm e; gmbi; rme nosuch 1; echo $?; lmbi 2 d e; gmbi "lm*"'
run_lines mbox 'for words in "" pers query "query 0" "query 1" "pers favail" favail info "delete 0" \
    "pers owrit" "pers minst" info minst "owrit minst pers" "minst rddel" pers query default \
    default33; do mbox $words; echo "mbox $words: $?"; done'

say "handlers of messages: two are loaded, and hit"
run_lines "mhf_server, mhf_tickle" 'mhf_server >told & until gmbi mhf_server | grep -q "<mhf_server>"; do :; done
printf "%s\n" 1 5 0 1 0 4 5 0 1 "hello there" 1 7 0 7 4 7 0 7 42 4 5 0 1 again 0 9 | mhf_tickle; wait; cat told'

say "from the console"
for example in "-4 -> spmd" "-> hello" "-> master1" "-3 -> gexample" "-3 -> ptest 3 0 8 1" \
    "-> trsg" "-> gexamp 4" "-> thb 3" "-> inheritb" "-> inherita inherit1" "-> tst" "-> tjl" \
    "-2 -> dbwtest" "-2 -> ibwtest" "-2 -> rbwtest" "-2 -> pbwtest"; do
    # shellcheck disable=SC2086
    from_console $example
done
if [ -e dvm/fspmd ]; then
    for example in "-4 -> fspmd" "-> frsg" "-> fmaster1" "-> hitc"; do
        # shellcheck disable=SC2086
        from_console $example
    done
fi

say "the package's programs, as they are"
for example in hello.pvm master1 gexamp fmaster1; do
    input=3
    within 60 dvm run --pvm "package/usr/bin/$example" <<<"$input" >out 2>err || :
    [ -s out ] || [ -s err ] || fail "$example printed nothing"
done
expect_line out "I got"
halt_machine
if [ $peer = yes ]; then
    kill "$pvmd"
    await 10 dead "$pvmd"
fi
