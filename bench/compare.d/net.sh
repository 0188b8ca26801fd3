# shellcheck shell=bash disable=SC2154
# net.sh: the sections net and net4, hosts as network namespaces of this computer.
#
# Rows: net        2 tasks, one on each of two hosts; DVM as it is, which is encrypted
#           net_plain  the same with DVM's lanes not encrypted, as the peers' are not
#           net_busy   net, while something else wants all cores
#           net4       8 tasks on four hosts: collectives
# The limit is plain TCP at its better of spinning and sleeping; of bandwidth in net, where
# that is lower, the better of encrypting and decrypting alone.

net_tries=3 # Open MPI's TCP often does not connect between namespaces

net_begin() {
    if [ "$(id -u)" != 0 ]; then talk "net: skipped: network namespaces need root"; return 1; fi
    if ! ip netns list >/dev/null 2>&1; then talk "net: skipped: no network namespaces here"; return 1; fi
    net=c$(($$ % 100000))
    netns=$work/netns # a path without blanks: dvm add --ssh is cut into words
    cp "$top/tests/system/netns" "$netns"
    at_end+=("$netns down $net")
    "$netns" up "$net" 4
    rm -f "$work"/hosts[24].*
    subnet=$("$netns" address "$net" 0)/24
    net_shell
    net_hostfiles
    plain_known=no
    if wanted dvm && dvm help start | grep -e --lane-security >/dev/null; then plain_known=yes; fi
    if wanted dvm && [ $plain_known = no ]; then talk "net: this DVM has no lanes without encryption"; fi
}

net_end() { "$netns" down "$net"; }

on() { "$netns" run "$net" "$@"; }

# what the peers take for ssh: [OPTION...] ADDRESS COMMAND...
net_shell() {
    cat >"$work/shell" <<END
#!/bin/sh
while :; do case \$1 in -l | -o | -p | -i) shift 2 ;; -*) shift ;; *) break ;; esac; done
host=\$1
shift
exec "$netns" run "$net" "\${host##*.}" sh -c "\$*"
END
    chmod +x "$work/shell"
}

net_hostfiles() { # of two hosts with a task each, and of four with two
    local i
    for i in 1 2; do
        echo "$("$netns" address "$net" $i):1" >>"$work/hosts2.mpich"
        echo "$("$netns" address "$net" $i) slots=1" >>"$work/hosts2.openmpi"
    done
    for i in 1 2 3 4; do
        echo "$("$netns" address "$net" $i):2" >>"$work/hosts4.mpich"
        echo "$("$netns" address "$net" $i) slots=2" >>"$work/hosts4.openmpi"
    done
}

# net_dvm WHERE HOSTS WHAT...: a machine of so many hosts; the tasks spread over them
net_dvm() {
    local where=$1 hosts=$2 options=() n=2
    shift 2
    if [ "$where" = net_plain ]; then
        [ "$plain_known" = yes ] || return 0
        options=(--lane-security=off)
    fi
    [ "$hosts" = 2 ] || n=8
    if on 1 dvm start "${options[@]}" >"$work/lines" 2>&1 &&
        on 1 dvm add --ssh "$netns shell $net" "${net}[2-$hosts]" >"$work/lines" 2>&1; then
        take "$where" dvm "$netns" run "$net" 1 dvm run -n $n --where "${net}[1-$hosts]" "$work/measure.dvm" "$@"
    else
        talk "$where: no machine of $hosts hosts"
        tail -n 3 "$work/lines" >&2
    fi
    on 1 dvm halt >/dev/null 2>&1 || :
}

# UCX would find shared memory between namespaces of one kernel: TCP has to be asked for.
# Without MPIR_CVAR_NOLOCAL two tasks on each of four such hosts do not come to MPI_Init's
# end (MPICH 4.0.2).
net_mpich() { # WHERE HOSTS WHAT...
    local where=$1 hosts=$2 n=2
    shift 2
    [ "$hosts" = 2 ] || n=8
    take "$where" mpich "$netns" run "$net" 1 mpiexec.hydra -genv MPIR_CVAR_NOLOCAL 1 -genv UCX_TLS tcp -genv UCX_NET_DEVICES eth0 \
        -launcher rsh -launcher-exec "$work/shell" -f "$work/hosts$hosts.mpich" -iface eth0 -n $n "$work/measure.mpich" "$@"
}

net_openmpi() { # WHERE HOSTS WHAT...
    local where=$1 hosts=$2 lanes=tcp,self n=2 try before
    shift 2
    if [ "$hosts" = 4 ]; then lanes=tcp,vader,self n=8; fi
    for try in $(seq $net_tries); do
        before=$(wc -l <"$figures")
        time_limit=100 take "$where" openmpi "$netns" run "$net" 1 mpirun.openmpi --mca plm_rsh_agent "$work/shell" \
            --mca pml ob1 --mca btl $lanes --mca btl_tcp_if_include "$subnet" --mca oob_tcp_if_include "$subnet" \
            --mca btl_base_warn_component_unused 0 --hostfile "$work/hosts$hosts.openmpi" -np $n "$work/measure.openmpi" "$@"
        [ "$(wc -l <"$figures")" = "$before" ] || return 0
        talk "$where: Open MPI, try $try of $net_tries"
    done
}

net_limit() { # WHERE
    on 2 timeout "$time_limit" "$work/limits" "${quick[@]}" tcp-server "$("$netns" address "$net" 2)" &
    take "$1" limit "$netns" run "$net" 1 "$work/limits" "${quick[@]}" tcp "$("$netns" address "$net" 2)"
    kill $! 2>/dev/null || :
    wait $! 2>/dev/null || :
}

# the limits of net, from those of net_plain: what encryption alone takes comes on top
net_sealed_limit() {
    local first=$1 # line of $figures
    take net limit "$work/limits" "${quick[@]}" seal
    awk -v first="$first" '
        $1 == "net" && $2 == "limit" && NR > first { if ($4 > seal) seal = $4 }
        $1 == "net_plain" && $2 == "limit" && NR > first { line[++n] = $0 }
        END {
            for (i = 1; i <= n; i++) {
                $0 = line[i]
                $1 = "net"
                if ($3 ~ /^tcp_/) continue
                if ($3 ~ /^bandwidth_/ && seal && seal < $4) $4 = seal
                print
            }
        }' "$figures" >"$work/more"
    cat "$work/more" >>"$figures"
}

net_pair() { # WHERE WHO: WHERE is net; whoever does not encrypt has the same figures in both
    local first what=("${quick[@]}" latency bandwidth window collective sweep)
    first=$(wc -l <"$figures")
    case $2 in
    limit)
        net_limit net_plain
        net_sealed_limit "$first"
        ;;
    dvm)
        net_dvm net 2 "${what[@]}"
        net_dvm net_plain 2 "${what[@]}"
        ;;
    mpich | openmpi)
        "net_$2" net_plain 2 "${what[@]}"
        awk -v first="$first" 'NR > first { $1 = "net"; print }' "$figures" >"$work/more"
        cat "$work/more" >>"$figures"
        ;;
    esac
}

net_busy_one() { # WHERE WHO
    case $2 in
    limit) net_limit "$1" ;;
    pvm) ;;
    *) "net_$2" "$1" 2 "${quick[@]}" latency ;;
    esac
}

net_busy_turn() { # TURN: while as many processes as there are cores compute
    local busy
    mkfifo "$work/hold"
    "$work/limits" busy "$(nproc)" <"$work/hold" &
    busy=$!
    exec 7>"$work/hold"
    in_turn "$1" net_busy net_busy_one
    exec 7>&-
    wait $busy || :
    rm "$work/hold"
    sed -i '/^net_busy limit bandwidth_/d' "$figures"
}

net_four() { # WHERE WHO
    case $2 in
    limit | pvm) ;;
    # MPICH spins: with 8 tasks on few cores it may take for ever
    *) time_limit=120 "net_$2" "$1" 4 "${quick[@]}" collective ;;
    esac
}

net_turn() {
    in_turn "$1" net net_pair
    net_busy_turn "$1"
}

net4_begin() { net_begin; }
net4_turn() { in_turn "$1" net4 net_four; }
net4_end() { net_end; }
