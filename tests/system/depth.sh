#!/usr/bin/env bash
# However many receives are posted and however many messages wait, a message costs at most
# twice what it costs when nothing else is there, whichever of them it is, counted in
# instructions: 10,000 with exact tags, matched forward, backward and shuffled. Wildcards
# are a row of their own: they cost more, but not more with every message that waits.
. "$(dirname "$0")/lib.sh"

if sanitized; then skip "a sanitizer has instructions of its own"; fi
command -v callgrind_annotate >/dev/null || skip "valgrind is not installed: nothing counts instructions"

messages=10000
few=1000

# count MESSAGES: lines "NAME INSTRUCTIONS", each for one message
count() {
    local file
    rm -f "$WORK"/callgrind.*
    valgrind -q --tool=callgrind --callgrind-out-file="$WORK/callgrind.%p" \
        "$build/tests/tool_depth" "$1" >"$WORK/out" 2>"$WORK/err" ||
        { tail -n 20 "$WORK/err" >&2; fail "status $?"; }
    file=$(grep -l 'count_posted_empty' "$WORK"/callgrind.*) || fail "callgrind has counted nothing"
    callgrind_annotate --auto=no --inclusive=yes --threshold=100 --show=Ir "$file" |
        sed -nE 's/^ *([0-9,]+) .*:count_((posted|unexpected|wildcards)_[a-z]+).*/\2 \1/p' | tr -d , |
        awk -v n="$1" '{ printf "%s %d\n", $1, $2 / n }'
}

# of NAME FILE
of() { awk -v name="$1" '$1 == name { print $2 }' "$2"; }

count $messages >"$WORK/counts"
count $few >"$WORK/counts.few"
say "instructions a message, $messages waiting ($few waiting)"
while read -r name instructions; do
    say "  $name $instructions ($(of "$name" "$WORK/counts.few"))"
done <"$WORK/counts"
expect_same 12 "$(wc -l <"$WORK/counts")" "rows counted"

for what in posted unexpected; do
    empty=$(of ${what}_empty "$WORK/counts")
    for order in forward backward shuffled; do
        got=$(of ${what}_$order "$WORK/counts")
        [ "$got" -le $((2 * empty)) ] || fail "${what}_$order: $got instructions, more than twice $empty"
    done
done
for row in posted source tag both; do
    got=$(of wildcards_$row "$WORK/counts")
    was=$(of wildcards_$row "$WORK/counts.few")
    [ "$got" -le $((2 * was)) ] || fail "wildcards_$row: $got instructions with $messages, $was with $few"
done
