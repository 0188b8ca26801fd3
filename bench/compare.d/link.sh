# shellcheck shell=bash disable=SC2154
# link.sh: the section link: DVM's tasks on two simulated hosts whose direct connection takes
# 5 ms each way. The latency shows that it does.

link_ms=5

link_begin() {
    if ! wanted dvm || ! build_link; then talk "link: skipped"; return 1; fi
    dvm start --hosts 2 --bind 127.0.0.1 >"$work/lines" 2>&1 || { talk "link: no machine"; return 1; }
}

link_end() { halt_dvm; }

build_link() {
    gcc -I "$top" -O2 -std=c11 -D_GNU_SOURCE -pthread -o "$work/delay" "$top"/tests/tools/delay.c \
        "$top"/tests/support/{proxy,thread}.c &&
        gcc -O2 -std=c11 -D_GNU_SOURCE -shared -fPIC -o "$work/through.so" "$here/through.c" -ldl
}

# the port for tasks of a host is the one behind its daemon's (docs/hosts.md)
lane_port() { # HOST
    dvm hosts --json | grep -oE "\"name\": \"$1\".*" | grep -oE -m 1 '"address": "[^"]*:[0-9]+"' | head -n 1 |
        awk -F'[:"]' '{ print $(NF - 1) + 1 }'
}

link_one() { # WHERE WHO
    local port delay give_up=$((SECONDS + 20))
    [ "$2" = dvm ] || return 0
    port=$(lane_port sim2)
    rm -f "$work/hold" "$work/link"
    mkfifo "$work/hold"
    "$work/delay" "$port" $link_ms <"$work/hold" >"$work/link" &
    delay=$!
    exec 7>"$work/hold"
    until [ -s "$work/link" ] || [ $SECONDS -ge $give_up ]; do sleep 0.05; done
    take "$1" dvm env LD_PRELOAD="$work/through.so" THROUGH_FROM="$port" THROUGH_TO="$(head -n 1 "$work/link")" \
        dvm run -n 2 --where 'sim[1-2]' "$work/measure.dvm" "${quick[@]}" slow=$((2 * link_ms)) latency overlap
    exec 7>&-
    wait $delay || :
    # 1 MiB went through it at least, else nothing was delayed
    awk '$2 == "bytes" && $1 > 1048576 { found = 1 } END { exit !found }' "$work/link" ||
        talk "link: failed: the tasks did not use it"
}

link_turn() { in_turn "$1" link link_one; }
