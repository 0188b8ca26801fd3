#!/usr/bin/env bash
# Tasks of one host that are in containers, each in one of its own: user, process, IPC, mount and
# network namespaces, a /dev/shm of 64 KiB. The kernel refuses process_vm_readv between them, or
# the sender's process id is another process's there, the reader's own even; and no bell is
# reached. They share memory all the same, and messages of all sizes arrive, whatever is asked
# of the way of large ones.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
container=(unshare --user --map-root-user --pid --ipc --mount --fork)
"${container[@]}" --net true 2>/dev/null || skip "no namespaces here"

step=$(pick 331 7)

cat >"$WORK/inside" <<'END'
#!/bin/sh
mount -t proc proc /proc && mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$@"
END
cat >"$WORK/box" <<END
#!/bin/sh
exec ${container[*]} "$WORK/inside" "\$@"
END
cat >"$WORK/box_net" <<END
#!/bin/sh
exec ${container[*]} --net "$WORK/inside" "\$@"
END
# of several tasks only the first to come
cat >"$WORK/box_one" <<END
#!/bin/sh
if mkdir "\$DVM_TEST_FIRST" 2>/dev/null; then exec "$WORK/box_net" "\$@"; fi
exec "\$@"
END
chmod +x "$WORK"/inside "$WORK"/box*

# all_sizes WHAT BOX [SETTING...]
all_sizes() {
    local what=$1 box=$2
    shift 2
    rm -rf "$WORK/first"
    within 200 env DVM_TEST_FIRST="$WORK/first" "$@" dvm run -n 2 "$WORK/$box" "$PROGRAMS/sizes" "$step" shm >"$WORK/out"
    expect_line "$WORK/out" 'sizes are right$'
    say "$what: $(cat "$WORK/out")"
}

start_machine 1
for way in auto always never; do
    setting=()
    [ $way = auto ] || setting=("DVM_SINGLE_COPY=$way")
    all_sizes "two containers, single copy $way" box "${setting[@]}"
    all_sizes "two containers with networks of their own, single copy $way" box_net "${setting[@]}"
    all_sizes "one inside, one outside, single copy $way" box_one "${setting[@]}"
done
halt_machine
