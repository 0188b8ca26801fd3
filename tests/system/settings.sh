#!/usr/bin/env bash
# settings: what is wrong with a setting is told with where it was said and what to do, and
# what a setting asks for and this host has not is noted. Also where settings come from the
# options of dvm start.
. "$(dirname "$0")/lib.sh"

export HOME=$WORK/home
mkdir -p "$HOME"
unset XDG_CONFIG_HOME DVM_CONF

# noted HOST REGEX: dvm config says it of a host, and so does its log
noted() {
    expect 0 dvm config "$1"
    expect_line "$WORK/err" "^host $1: $2"
    expect_line "$(log_of "$1")" "warning: $2"
}

say "a file that is named and not there; a setting that does not exist"
DVM_CONF=$WORK/none expect 1 dvm config
expect_line "$WORK/err" "$WORK/none: No such file or directory \\(environment DVM_CONF names that file: correct or unset it\\)"
DVM_CONF=$WORK/none expect 1 dvm run true
expect_line "$WORK/err" "no machine runs, and none could be started for this run: cannot read the settings in $WORK/none: No such file or directory \\(environment DVM_CONF"
DVM_CONF=$WORK expect 1 dvm run true
expect_line "$WORK/err" "$WORK is a folder and no file of settings"
expect 1 dvm config --check "$WORK/none"
expect_count 0 "DVM_CONF" "$WORK/err"
printf 'silence = 3 s\nno_such = 1\n' >"$WORK/wrong"
DVM_CONF=$WORK/wrong expect 3 dvm doctor
expect_line "$WORK/out" "$WORK/wrong:2: there is no setting \"no_such\" \\(dvm config --keys lists them\\) -> correct it where the sentence says; what each setting takes: dvm config --keys \\[J608\\]"

say "dvm start --set: a setting without a file, for every host"
expect 2 dvm start --set silence
expect_line "$WORK/err" "--set takes KEY=VALUE, such as task_memory=1GiB, not \"silence\""
expect 2 dvm start --set no_such=1
expect_line "$WORK/err" "--set: there is no setting \"no_such\"; dvm config --keys lists them"
expect 2 dvm start --set host_task=1
expect_line "$WORK/err" "there is no setting \"host_task\"; did you mean host_tasks\?; dvm config --keys"
expect 2 dvm start --port many
expect_line "$WORK/err" "^dvm: --port: port takes a port or a range of ports .*; \"many\" is none of these"
expect 2 dvm start --hosts 2 --port 21000-21002
expect_line "$WORK/err" "^dvm: --port 21000-21002 leaves too few ports for 2 hosts; each needs two"
expect 2 dvm start --bind 300.1.1.1
expect_line "$WORK/err" "^dvm: --bind: bind takes a numeric address .*; \"300.1.1.1\" is none of these"
expect 2 dvm start --set "silence=499 ms"
expect_line "$WORK/err" "--set: silence takes a time .* from 500 ms to 1 min; \"499 ms\" is none of these"
within 30 dvm start --hosts 2 --port 21000-22999 --silence "5 s" --set host_tasks=1 --set "cgroup=$WORK/none" \
    --set offer=192.0.2.252/30
expect 7 dvm run -n 3 true
expect_line "$WORK/err" "may run 1 task \\(host_tasks, option --set host_tasks\\)"
for host in sim1 sim2; do
    noted $host "cgroup = $WORK/none \\(option --set cgroup\\) is of no use, so tasks have no cgroups: no cgroup can be made in $WORK/none: No such file or directory"
    noted $host "no address of this host lies in offer = 192\\.0\\.2\\.252/30 \\(option --set offer\\), so hosts on other computers cannot reach it"
done
expect_line "$WORK/out" "sim2 +silence +5 s"
port=$(dvm hosts --json | jq -r '.hosts[0].address' | sed 's/.*://')
if [ "$port" -lt 21000 ] || [ "$port" -gt 22998 ]; then fail "port $port is not in the range of --port"; fi

say "a port that is taken: the sentence names the setting and where it stands"
second=(env "DVM_DIR=$WORK/second" dvm --machine "$DVM_MACHINE-2")
DVM_PORT=$port within 30 "${second[@]}" start
expect 1 "${second[@]}" invite
expect_line "$WORK/err" "cannot listen on port $port \\(and reserve $((port + 1))\\) of this host: Address already in use \\(port, environment DVM_PORT; of a range a free one is taken\\)"
within 30 "${second[@]}" halt
expect 4 dvm ps --machine "$DVM_MACHINE-2"
expect_line "$WORK/err" "no daemon of the machine \"$DVM_MACHINE-2\" runs on this computer, but of other machines \\(.*; to look at one: dvm hosts --machine .*\\).*: dvm --machine $DVM_MACHINE-2 start"
DVM_PORT=$port-$((port + 1)) within 30 "${second[@]}" start
expect 1 "${second[@]}" invite
expect_line "$WORK/err" "no two neighbouring ports from $port to $((port + 1)) are free on this host; give a larger range \\(port, environment DVM_PORT\\)"
within 30 "${second[@]}" halt
halt_machine
