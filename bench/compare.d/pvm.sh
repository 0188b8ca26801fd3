# shellcheck shell=bash disable=SC2054,SC2154
# pvm.sh: the section pvm: programs of PVM on DVM's libpvm3 (column DVM) against the same
# programs on PVM's own, in turns.
#
# Its rows: pvm      2 tasks on one host (bench/measure with api_pvm.c), a spawn by
#                    pvm_spawn, and NetPIPE's module for PVM as Debian ships it
#           pvm8     8 tasks: barrier and collectives
#           pvm_net  2 tasks, one on each of two hosts (network namespaces; root), which DVM
#                    encrypts and PVM does not; pvm_net_plain: DVM does not, either

pvm_begin() {
    if ! wanted dvm || ! build_pvm_on_dvm; then talk "pvm: skipped: no libpvm3 of DVM"; return 1; fi
    start_dvm
    get_netpipe || talk "pvm: no NetPIPE"
    pvm_hosts=no
    if [ "$(id -u)" != 0 ] || ! ip netns list >/dev/null 2>&1; then talk "pvm: no network namespaces here"; else pvm_net_begin; fi
}

pvm_end() {
    halt_dvm
    [ "$pvm_hosts" = no ] || "$pvm_netns" down "$pvm_net"
}

# ---- two hosts -----------------------------------------------------------------------------

pvm_on() { "$pvm_netns" run "$pvm_net" "$@"; }

pvm_net_begin() {
    pvm_hosts=yes
    pvm_net=p$(($$ % 100000))
    pvm_netns=$work/pvm_netns
    cp "$top/tests/system/netns" "$pvm_netns"
    at_end+=("$pvm_netns down $pvm_net")
    "$pvm_netns" up "$pvm_net" 2
    if wanted pvm && ! pvm_net_peer >"$work/lines" 2>&1; then
        talk "pvm: PVM has no two hosts"
        tail -n 3 "$work/lines" >&2
    fi
}

# PVM's daemons on both, each with a folder of its own, the second through what it takes for rsh
pvm_net_peer() {
    local give_up=$((SECONDS + 20)) first second
    first=$("$pvm_netns" address "$pvm_net" 1)
    second=$("$pvm_netns" address "$pvm_net" 2)
    mkdir "$work/pvm1" "$work/pvm2"
    cat >"$work/pvm_shell" <<END
#!/bin/sh
while :; do case \$1 in -l | -o | -p | -i) shift 2 ;; -*) shift ;; *) break ;; esac; done
shift
PVM_TMP=$work/pvm2 exec "$pvm_netns" run "$pvm_net" 2 sh -c "ulimit -n 1024; \$*"
END
    chmod +x "$work/pvm_shell"
    export PVM_RSH=$work/pvm_shell
    PVM_DPATH=$(command -v pvmd || command -v pvmd3)
    export PVM_DPATH
    (cd "$work" && ulimit -n 1024 && PVM_TMP=$work/pvm1 exec "$pvm_netns" run "$pvm_net" 1 "$PVM_DPATH" "-n$first" </dev/null >"$work/pvmd1.out" 2>&1) &
    until [ -s "$work/pvmd1.out" ]; do
        if [ $SECONDS -ge $give_up ]; then return 1; fi
        sleep 0.05
    done
    printf 'add %s\nquit\n' "$second" | PVM_TMP=$work/pvm1 timeout 30 "$pvm_netns" run "$pvm_net" 1 pvm | grep '^1 successful'
}

pvm_net_dvm() { # WHERE [OPTION]
    local where=$1 name=${DVM_MACHINE:?}
    shift
    export DVM_MACHINE=$name-net
    if pvm_on 1 dvm start "$@" >"$work/lines" 2>&1 && pvm_on 1 dvm add --ssh "$pvm_netns shell $pvm_net" "${pvm_net}2" >"$work/lines" 2>&1; then
        BENCH_TASKS=2 BENCH_HOST=${pvm_net}2 PATH=$on_dvm:$PATH take "$where" dvm "$pvm_netns" run "$pvm_net" 1 \
            dvm run --pvm -n 1 --where "${pvm_net}1" measure_pvm "${quick[@]}" latency bandwidth
    else
        talk "$where: no machine of two hosts"
        tail -n 3 "$work/lines" >&2
    fi
    pvm_on 1 dvm halt >/dev/null 2>&1 || :
    export DVM_MACHINE=$name
}

pvm_net_one() { # WHERE WHO
    local first
    first=$(wc -l <"$figures")
    case $2 in
    dvm)
        pvm_net_dvm pvm_net
        pvm_net_dvm pvm_net_plain --lane-security=off
        ;;
    pvm)
        PVM_TMP=$work/pvm1 BENCH_TASKS=2 BENCH_HOST=$("$pvm_netns" address "$pvm_net" 2) take "$1" pvm \
            "$pvm_netns" run "$pvm_net" 1 bash -c 'cd "$0" && ulimit -n 1024 && PATH=$0:$PATH exec "$@"' "$work" \
            measure_pvm "${quick[@]}" latency bandwidth
        awk -v first="$first" 'NR > first { $1 = "pvm_net_plain"; print }' "$figures" >"$work/more"
        cat "$work/more" >>"$figures"
        ;;
    esac
}

# ---- one host ------------------------------------------------------------------------------

# the same sources as PVM's, against DVM's header and libraries
build_pvm_on_dvm() {
    local lib flags=(-O2 -w -std=c11 -D_GNU_SOURCE)
    lib=$(find "$prefix" -name libpvm3.so.3 -printf '%h\n' -quit)
    [ -n "$lib" ] || return 1
    flags+=(-I "$prefix/include/dvm/pvm3" -L "$lib" -Wl,-rpath-link,"$(dirname "$(dirname "$lib")")")
    on_dvm=$work/on_dvm
    mkdir "$on_dvm"
    gcc "${flags[@]}" -o "$on_dvm/measure_pvm" "${measure[@]}" "$here/measure/api_pvm.c" -lgpvm3 -lpvm3 &&
        gcc "${flags[@]}" -o "$on_dvm/spawn_pvm" "$here/spawn_pvm.c" -lpvm3
}

get_netpipe() {
    netpipe=$(command -v NPpvm) && return
    [ "$as_is" = no ] || return 1
    (cd "$work" && apt-get -q download netpipe-pvm && dpkg -x netpipe-pvm_*.deb netpipe) >"$work/netpipe.log" 2>&1 &&
        netpipe=$work/netpipe/usr/bin/NPpvm
}

# a first task of WHO's machine, which finds its programs there: into the array as
as_first() { # WHO
    case $1 in
    dvm) as=(env PATH="$on_dvm:$PATH" dvm run --pvm -n 1) ;;
    pvm) as=(bash -c 'cd "$0" && ulimit -n 1024 && PATH=$0:$PATH exec "$@"' "$work") ;;
    esac
}

# The one that measures wants to find just one other task, so it tries until that is there.
netpipe_once() { # WHO BYTES
    local as options=(-l "$2" -u "$2" -p 0 -o "$work/netpipe.out") partner give_up=$((SECONDS + 30)) status=1
    local time_limit=60 # it needs few
    [ ${#quick[@]} = 0 ] || options+=(-n 20)
    rm -f "$work/netpipe.out"
    as_first "$1"
    timeout -k 5 "$time_limit" "${as[@]}" "$netpipe" "${options[@]}" >"$work/partner" 2>&1 </dev/null &
    partner=$!
    while [ $status != 0 ] && [ $SECONDS -lt $give_up ]; do
        status=0
        timeout -k 5 "$time_limit" "${as[@]}" "$netpipe" -h localhost "${options[@]}" >"$work/lines" 2>"$work/errors" </dev/null || status=$?
    done
    [ $status = 0 ] || kill $partner 2>/dev/null || :
    wait $partner || status=$?
    awk -v n="$2" '$1 == n { print $3 }' "$work/netpipe.out" 2>/dev/null | tail -n 1
    return $status
}

# On PVM, on a busy computer, the two may take each other for somebody else, and wait for ever.
netpipe_tries() { # WHO BYTES
    local seconds
    for _ in 1 2 3; do
        if seconds=$(netpipe_once "$@"); then
            echo "$seconds"
            return
        fi
    done
    return 1
}

netpipe_rows() { # WHO
    local seconds
    # PVM's server of groups stays, and would be one task too many
    if [ "$1" = pvm ]; then printf 'reset\nquit\n' | (cd "$work" && pvm) >"$work/lines" 2>&1 || :; fi
    if seconds=$(netpipe_tries "$1" 8); then
        awk -v who="$1" -v s="$seconds" 'BEGIN { print "pvm", who, "netpipe_8B", s * 1e6, "us" }' >>"$figures"
    else
        talk "pvm: NetPIPE failed with $1"
    fi
    if seconds=$(netpipe_tries "$1" 1048576); then
        awk -v who="$1" -v s="$seconds" 'BEGIN { print "pvm", who, "netpipe_1MiB", 1.048576 / s, "MB/s" }' >>"$figures"
    else
        talk "pvm: NetPIPE failed with $1"
    fi
}

pvm_one() { # WHERE WHO
    local n=64 as
    [ ${#quick[@]} = 0 ] || n=4
    case $2 in dvm | pvm) ;; *) return 0 ;; esac
    as_first "$2"
    BENCH_TASKS=2 take "$1" "$2" "${as[@]}" measure_pvm "${quick[@]}" latency bandwidth
    take_spawned "$1" "$2" $n "${as[@]}" spawn_pvm $n 1
    [ -z "${netpipe:-}" ] || netpipe_rows "$2"
}

pvm_eight() { # WHERE WHO
    local as
    case $2 in dvm | pvm) ;; *) return 0 ;; esac
    as_first "$2"
    BENCH_TASKS=8 take "$1" "$2" "${as[@]}" measure_pvm "${quick[@]}" collective
}

pvm_turn() {
    in_turn "$1" pvm pvm_one
    in_turn "$1" pvm8 pvm_eight
    [ "$pvm_hosts" = no ] || in_turn "$1" pvm_net pvm_net_one
}
