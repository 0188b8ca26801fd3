# shellcheck shell=bash
# ticket.sh: tickets taken apart and put together again, for tests that forge them.
#
# Between the functions goes the ticket's body (docs/protocol-links.md) as hexadecimal
# digits, without its checksum, which ticket_text makes anew.

to_hex() { od -An -v -tx1 | tr -d ' \n'; }

# from_hex: the bytes of digits on standard input
from_hex() {
    printf '%b' "$(sed 's/../\\x&/g')"
}

# ticket_hex: the body of the ticket on standard input
ticket_hex() {
    local text
    text=$(sed -n 's/^dvm1://p' | tr -- '-_' '+/')
    while [ $((${#text} % 4)) != 0 ]; do text+='='; done
    text=$(base64 -d <<<"$text" | to_hex)
    echo "${text::-8}"
}

# ticket_text: the ticket of a body
ticket_text() {
    local body sum=2166136261 i
    body=$(cat)
    for ((i = 0; i < ${#body}; i += 2)); do
        sum=$((((sum ^ 16#${body:i:2}) * 16777619) & 0xffffffff))
    done
    for ((i = 0; i < 32; i += 8)); do body+=$(printf '%02x' $((sum >> i & 255))); done
    echo "dvm1:$(from_hex <<<"$body" | base64 -w0 | tr -- '+/' '-_' | tr -d '=')"
}

# ticket_with_secret HEX, ticket_with_server HEX: a body with another secret or another
# public key of the server: the last 32 bytes, and those before
ticket_with_secret() { sed -E "s/.{64}\$/$1/"; }
ticket_with_server() { sed -E "s/.{64}(.{64})\$/$1\\1/"; }

# ticket_with_port OLD NEW: a body with another port in all addresses; both have as many
# digits
ticket_with_port() {
    [ ${#1} = ${#2} ] || return 1
    sed "s/$(printf ':%s' "$1" | to_hex)/$(printf ':%s' "$2" | to_hex)/g"
}
