#!/usr/bin/env bash
# config: what stands in dvmd.conf is in force on every host, a user cannot go past what an
# administrator's file says, and what is refused is refused before anything starts.
. "$(dirname "$0")/lib.sh"
unset DVM_SILENCE

# an installation of its own, whose etc is the administrator's: root's, if root tests
mkdir -p "$WORK/prefix/bin" "$WORK/prefix/etc/dvm" "$WORK/home/.config/dvm"
cp "$build/daemon/dvmd" "$WORK/prefix/bin/"
system=$WORK/prefix/etc/dvm/dvmd.conf
user=$WORK/home/.config/dvm/dvmd.conf
export DVM_DAEMON=$WORK/prefix/bin/dvmd HOME=$WORK/home
unset XDG_CONFIG_HOME DVM_CONF

# setting HOST NAME MEMBER
setting() { dvm config "$1" --json | jq -r --arg n "$2" ".hosts[0].settings[] | select(.name == \$n) | .$3"; }

say "places: the user's file goes before the installation's, the environment before both"
printf '# of the installation\nsilence = 4 s\nplacement = pack\n' >"$system"
printf 'silence = 5 s\nhost_tasks = 3\n' >"$user"
start_machine 2
expect_same "5 s" "$(setting sim1 silence value)" "silence"
expect_same "$user:1" "$(setting sim1 silence from)" "where it comes from"
expect_same pack "$(setting sim2 placement value)" "placement"
expect_same "$system:3" "$(setting sim2 placement from)" "where it comes from"
expect_same default "$(setting sim1 port from)" "where the port comes from"

say "a spawn past host_tasks is refused before anything starts"
expect 7 dvm run -n 8 touch "$WORK/started-by-mistake"
expect_line "$WORK/err" "host sim1 may run 3 tasks \\(host_tasks, $user:2\\): 0 run there, and . more would be too many"
[ ! -e "$WORK/started-by-mistake" ] || fail "something was started"
expect 0 dvm run -n 4 true
expect 0 dvm spawn -n 3 --where sim1 tail -f /dev/null
expect 7 dvm run -n 1 --where sim1 true
expect_line "$WORK/err" "host sim1 may run 3 tasks .*: 3 run there"
expect 0 dvm run -n 1 --where sim2 true
expect 1 dvm config nosuch
expect_line "$WORK/err" "has no host nosuch"
halt_machine

say "what holds for the whole machine is the first daemon's"
printf 'silence = 7 s\nlane_security = off\n' >"$user"
expect 2 dvm start --lane-security some
expect_line "$WORK/err" "lane_security takes off, auth or full; \"some\""
within 30 dvm start --lane-security auth # stronger than the file
first=$(dvm hosts --json | jq -r '.hosts[0].name')
: >"$user"
dvm invite --quiet | within 30 "$DVM_DAEMON" --host joiner --join -
expect_same auth "$(setting joiner lane_security value)" "lane_security of the joiner"
expect_same auth "$(setting "$first" lane_security value)" "lane_security of the first"
expect_same "the machine" "$(setting joiner silence from)" "where its silence comes from"
expect_same "7 s" "$(setting joiner silence value)" "its silence"
expect_same auth "$(dvm hosts --json | jq -r .lane_security)" "lane_security that dvm hosts shows"
expect 0 dvm hosts
expect_line "$WORK/out" "^lane security: auth \\(tasks of different hosts prove who they are, and do not encrypt\\)$"
if [ "$(id -u)" = 0 ]; then
    say "a host whose administrator demands more does not join"
    cp "$system" "$WORK/system"
    printf 'lane_security = full\n' >"$system"
    dvm invite --quiet >"$WORK/ticket"
    expect 1 "$DVM_DAEMON" --host strict --join "$WORK/ticket"
    expect_line "$WORK/err" "the administrator of strict demands lane_security = full, but the machine has auth .*J905"
    expect_line "$(log_of "$first")" "host strict was not let in: the administrator of strict demands"
    cp "$WORK/system" "$system"
    expect 0 "$DVM_DAEMON" --host strict --join "$WORK/ticket"
fi
halt_machine

say "oversubscribe = refuse; a range of ports"
base=$((10000 + RANDOM % 4000 * 2)) # no other test chooses there
printf 'oversubscribe = refuse\nport = %d-%d\n' $base $((base + 40)) >"$user"
within 60 dvm start --hosts 3 --cores 2
dvm hosts --json | jq -r '.hosts[].address' >"$WORK/addresses"
while read -r address; do
    port=${address##*:}
    if [ "$port" -lt $base ] || [ "$port" -gt $((base + 40)) ]; then fail "$address is out of the range"; fi
done <"$WORK/addresses"
expect 0 dvm run -n 2 --where sim2 true
expect 7 dvm run -n 3 --where sim2 true
expect_line "$WORK/err" "host sim2 has 2 cores and is not to be oversubscribed \\(oversubscribe, $user:1\\)"
halt_machine

say "a cap on the log, under a flood of lines"
: >"$user"
within 30 "$DVM_DAEMON" --debug --machine "$DVM_MACHINE" --host h --set "log_size=64 KiB"
log=$(log_of h)
flooded() { dvm run -q -n 50 true && [ -e "$log.old" ]; }
await 60 flooded
for file in "$log" "$log.old"; do
    size=$(stat -c %s "$file")
    [ "$size" -le 65536 ] || fail "$file has $size bytes"
done
expect_same "option --set log_size" "$(setting h log_size from)" "where the cap comes from"
halt_machine

say "mistakes are told with file and line, and nothing starts"
printf 'silence = 3 s\ntask_memroy = 2 GiB\n' >"$user"
expect 1 dvm start
expect_line "$WORK/err" "$user:2: there is no setting \"task_memroy\"; did you mean task_memory\\?"
expect 1 dvm config
printf 'silence = 3\ntask_memroy = 2 GiB\nport = 7100\nport = 7200\n' >"$user"
expect 1 dvm config --check "$user"
expect_line "$WORK/err" "$user:1: silence takes"
expect_line "$WORK/err" "$user:2: there is no setting"
expect_line "$WORK/err" "$user:4: port is set a second time"
printf 'silence = 3\n' >"$user"
expect 1 dvm start
expect_line "$WORK/err" "$user:1: silence takes a time with its unit"
expect 1 dvm config
expect 1 dvmd --foreground --silence 3
expect_line "$WORK/err" "silence takes a time with its unit"
rm "$user"
DVM_CONF=$WORK/nosuch expect 1 dvm start
expect_line "$WORK/err" "$WORK/nosuch: No such file"
expect 0 dvm config --check "$source_tree/deploy/dvmd.conf.example"
expect 0 dvm config
expect_line "$WORK/out" "^[^ ]+ +task_memory +unlimited"

say "limits of a task: memory, files, cores"
printf 'task_memory = 64 MiB\ntask_files = 77\ntask_cores = 1\n' >"$user"
start_machine 1
expect 0 dvm run -n 1 sh -c 'ulimit -n'
expect_line "$WORK/out" "^77$"
if [ "$(dvm config --json | jq -r '.hosts[0].settings[] | select(.name == "task_memory") | .enforced')" = cgroup ]; then
    expect 137 dvm run -n 1 tail /dev/zero
    expect_line "$WORK/err" "rank 0 \\(host sim1, pid [0-9]+\\) was killed after .* s: over its memory limit of 64 MiB \\(task_memory, $user:1\\)"
else
    expect 1 dvm run -n 1 tail /dev/zero
    expect_line "$WORK/err" "rank 0 \\(host sim1.* exited with status 1 after .*; its memory was near the limit of 64 MiB \\(task_memory, $user:1\\)"
    expect_same rlimit "$(setting sim1 task_memory enforced)" "how memory is enforced"
fi
if [ "$(setting sim1 task_cores enforced)" = binding ]; then
    expect 0 dvm run -n 1 nproc
    expect_line "$WORK/out" "^1$"
fi
expect 0 dvm run -n 2 true
halt_machine

[ "$(id -u)" = 0 ] || { say "not root: an administrator's file cannot be made, its limits are left to unit.settings"; exit 0; }

say "an administrator's limits hold against file, environment and option"
printf 'host_tasks = 2\nport = 7000-7999\nlane_security = full\n' >"$system"
printf 'host_tasks = 50\nlane_security = off\n' >"$user"
DVM_PORT=9000 within 30 dvm start
host=$(dvm hosts --json | jq -r '.hosts[0].name')
expect_same 2 "$(setting "$host" host_tasks value)" "host_tasks"
expect_same "$system:1" "$(setting "$host" host_tasks limit_from)" "whose limit"
expect_same full "$(setting "$host" lane_security value)" "lane_security"
expect_same 7000-7999 "$(setting "$host" port value)" "port"
expect 0 dvm config
expect_line "$WORK/err" "$user:1: host_tasks = 50 is not taken, as it goes past what the administrator allows here: 2 \\($system:1\\)"
expect_line "$(log_of "$host")" "warning: $user:1: host_tasks = 50 is not taken"
expect 7 dvm run -n 3 true
expect_line "$WORK/err" "may run 2 tasks \\(host_tasks, $system:1\\)"
halt_machine
expect 1 dvm start --port 9000
expect_line "$WORK/err" "option --port: port = 9000 goes past what the administrator allows here, which is 7000-7999 \\($system:2\\)"
chmod 666 "$system"
within 30 dvm start
expect_same 50 "$(setting "$host" host_tasks value)" "host_tasks of a file that others may write"
expect 0 dvm config
expect_line "$WORK/err" "$system may be written by others than its owner, so what it says are no limits"
halt_machine

say "a full disk under the log: the machine lives, and says later what is missing"
mkdir "$WORK/small"
mount -t tmpfs -o size=256k none "$WORK/small" 2>/dev/null || { say "no file system can be mounted here: the disk stays as it is"; exit 0; }
at_end+=("umount '$WORK/small'")
export DVM_DIR=$WORK/small/h
: >"$system"
: >"$user"
within 30 "$DVM_DAEMON" --debug --machine "$DVM_MACHINE" --host h
head -c 1M /dev/zero >"$WORK/small/rest" 2>/dev/null || :
for ((i = 0; i < 3; i++)); do
    expect 0 dvm run -q -n 20 echo lives
    expect_count 20 '^lives$' "$WORK/out"
done
rm "$WORK/small/rest"
expect 0 dvm hosts
await 10 grep -qE "warning: [0-9]+ pieces are missing here: they could not be written" "$DVM_DIR/log"
halt_machine
