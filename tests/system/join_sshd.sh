#!/usr/bin/env bash
# dvm add over a real sshd: a host joins, with dvmd found or copied; and what ssh itself
# says when it fails (a key or host key that is not known, nobody listening, a name that
# does not exist) gets its step, code and remedy.
# ctest: COST 12
. "$(dirname "$0")/lib.sh"

sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) || skip "there is no sshd here (Debian: openssh-server)"
command -v ssh >/dev/null || skip "there is no ssh here"

folder=$WORK/ssh
mkdir -m 700 "$folder"
for name in host mine stranger bare; do ssh-keygen -q -t ed25519 -N '' -f "$folder/$name"; done
{
    cat "$folder/mine.pub"
    # who has this key lands in a root folder that has next to nothing
    # shellcheck disable=SC2016
    printf 'command="%s shell %s n1 \\"$SSH_ORIGINAL_COMMAND\\"" ' "$source_tree/tests/system/bare" "$WORK/root"
    cat "$folder/bare.pub"
} >"$folder/authorized"
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd

# serve: an sshd for one port that was free a moment ago
serve() {
    port=$((30000 + RANDOM % 2700)) # no other test chooses there
    cat >"$folder/config" <<END
Port $port
ListenAddress 127.0.0.1
HostKey $folder/host
AuthorizedKeysFile $folder/authorized
PidFile $folder/pid
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
AcceptEnv DVM_MACHINE
PermitUserRC no
END
    "$sshd" -f "$folder/config" -E "$folder/log" && wait_until "$least" test -s "$folder/pid"
}
# shellcheck disable=SC2016
at_end+=('kill "$(cat "$folder/pid")" 2>/dev/null')
for _ in 1 2 3 4 5; do ! serve || break; done
[ -s "$folder/pid" ] || { cat "$folder/log" >&2; skip "sshd does not start here"; }
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$folder/host.pub")" >"$folder/known.good"
: >"$folder/known.none"
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$folder/stranger.pub")" >"$folder/known.changed"

# config NAME LINE...: a configuration of ssh with host n1 and those lines
config() {
    local name=$1
    shift
    {
        printf 'Host n1\n  HostName 127.0.0.1\n  Port %s\n  SendEnv DVM_MACHINE\n' "$port"
        printf '  IdentitiesOnly yes\n  StrictHostKeyChecking yes\n'
        printf '  %s\n' "$@"
    } >"$folder/config.$name"
}
add() { # CONFIG ARGUMENT...
    local name=$1
    shift
    within 150 dvm add --timeout 120 --ssh "ssh -F $folder/config.$name -o BatchMode=yes -o ConnectTimeout=60" "$@" \
        >"$WORK/out" 2>"$WORK/err" || :
}
told() { expect_line "$WORK/err" "^dvm: n1 did not join \($1\): .*$3.* -> .*n1.*\[$2\]$"; }

config good "UserKnownHostsFile $folder/known.good" "IdentityFile $folder/mine"
config stranger "UserKnownHostsFile $folder/known.good" "IdentityFile $folder/stranger"
config bare "UserKnownHostsFile $folder/known.good" "IdentityFile $folder/bare"
config unknown "UserKnownHostsFile $folder/known.none" "IdentityFile $folder/mine"
config changed "UserKnownHostsFile $folder/known.changed" "IdentityFile $folder/mine"
config closed "UserKnownHostsFile $folder/known.good" "Port 1"
sed -i 's/^  Port [0-9]*$//' "$folder/config.closed"
printf 'Host n1\n  HostName no-such-host.invalid\n' >"$folder/config.nowhere"

start_machine
await 10 hosts_are 1
say "what ssh says when it fails"
add stranger n1
told login J303 "Permission denied .publickey"
add unknown n1
told "host key" J301 "Host key verification failed"
add changed n1
told "host key" J302 "HAS CHANGED"
add closed n1
told connect J201 "Connection refused"
add nowhere n1
expect_line "$WORK/err" "^dvm: n1 did not join \(resolve\): .*no-such-host.invalid.* \[J101\]$"

say "a host joins, and takes part"
add good n1
expect_line "$WORK/out" "^n1 joined$"
await 10 hosts_are 2
expect 0 dvm run -n 4 "$PROGRAMS/meet" say
expect_line "$WORK/out" "on n1$"
within 20 dvm rm n1
await 10 hosts_are 1

if [ "$(id -u)" = 0 ] && unshare --mount --uts true 2>/dev/null; then
    say "a host without dvmd and its libraries gets a copy over the same connection"
    "$source_tree/tests/system/bare" up "$WORK/root"
    add bare n1
    expect_line "$WORK/out" "^n1 joined .dvmd was copied there"
    await 10 hosts_are 2
    expect 0 dvm rm n1
    bare_is_clean() { [ -z "$(ls -A "$WORK/root/tmp")" ]; }
    await 10 bare_is_clean
fi
halt_machine
