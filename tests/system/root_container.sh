#!/usr/bin/env bash
# Root in a container is no obstacle: with a file system of few writable places and no
# network, as root, everything works without a switch that allows it.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
unshare --net --pid --mount --uts --ipc --fork true 2>/dev/null || skip "no namespaces here"

cat >"$WORK/inside" <<'END'
#!/usr/bin/env bash
# pid 1 of a container: own processes, own mounts, no network but a loopback that is down
set -eu
mount -t proc proc /proc
mount -t tmpfs -o size=64k tmpfs /dev/shm
touch /run/.containerenv 2>/dev/null || :
hostname container
dvm run -n 3 "$PROGRAMS/meet" say
dvm start
dvm run -n 2 "$PROGRAMS/meet" say
dvm hosts
dvm halt
END
chmod +x "$WORK/inside"
expect 0 unshare --net --pid --mount --uts --ipc --fork "$WORK/inside"
expect_count 3 "^[0-2] of 3 on " "$WORK/out"
expect_count 2 "^[0-1] of 2 on container" "$WORK/out"
