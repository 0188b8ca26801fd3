#!/usr/bin/env bash
# The mistakes of examples/mistakes.c end with the sentences that docs/tutorial/mistakes.md promises.
. "$(dirname "$0")/lib.sh"

# page: lines "MISTAKE<tab>WORDS" of the table, a line for each piece of text in backquotes
page() {
    sed -nE 's/^\| `([a-z_]+)` \| (.*) \| .*$/\1\t\2/p' "$source_tree/docs/tutorial/mistakes.md" |
        awk -F'\t' '{ n = split($2, part, "`"); for (i = 2; i <= n; i += 2) print $1 "\t" part[i] }'
}

# as_said WORDS FILE: they are in it, ... standing for anything
as_said() { grep -Eq -- "$(sed -E 's/[][().*+?{}|^$\\]/\\&/g; s/(\\\.){3}/.*/g' <<<"$1")" "$2"; }

all=$({ "$EXAMPLES/mistakes" 2>&1 || :; } | awk '/^    / { print $1 }')
[ "$(wc -w <<<"$all")" -ge 13 ] || fail "mistakes lists none"
for mistake in $all; do
    words=$(page | awk -F'\t' -v m="$mistake" '$1 == m { print $2 }')
    [ -n "$words" ] || fail "the page does not know $mistake"
    : >"$WORK/said" # what the last one said is not this one's
    dvm run -n 4 --watch 1s "$EXAMPLES/mistakes" "$mistake" >"$WORK/out" 2>"$WORK/said" </dev/null &
    run=$!
    if [ "$mistake" = deadlock ]; then
        await 60 as_said "$words" "$WORK/said"
        kill -TERM $run
    fi
    status=0
    wait $run || status=$?
    [ $status != 0 ] || fail "$mistake ended well"
    while read -r line; do
        as_said "$line" "$WORK/said" || { cat "$WORK/said" >&2; fail "$mistake: nothing like '$line'"; }
    done <<<"$words"
done
