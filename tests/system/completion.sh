#!/usr/bin/env bash
# The shells complete dvm's command lines with the script that dvm prints: commands,
# options, words, and the hosts and tasks of the running machine. bash at a terminal of its
# own, zsh and fish where they are installed. A daemon that does not answer holds up nobody
# for more than 3 s: so on a busy computer a Tab may give nothing, and is typed again.
# ctest: COST 13
. "$(dirname "$0")/lib.sh"
export DVM_TEST_SECONDS=$((100 * time_scale)) HISTFILE=/dev/null HOME=$WORK

start_machine 2
within 30 dvm spawn -q --where sim2 tail -f /dev/null >"$WORK/tid"
tid=$(cat "$WORK/tid")
mkdir "$WORK/folder"
touch "$WORK/results.txt" "$WORK/folder/one"

say "bash"
dvm completion bash >"$WORK/dvm.bash"
bash -n "$WORK/dvm.bash"
shellcheck -s bash "$WORK/dvm.bash" || fail "shellcheck"
within 250 "$PROGRAMS/pty" bash --norc --noprofile -i <<END || fail "bash"
send PS1='ready> '; . $WORK/dvm.bash; complete -p dvm\n
expect complete -F _dvm dvm
expect ready> 
again \x15echo dvm ; dvm ver\t\n
expect protocol
expect ready> 
again \x15dvm run --whe\tsim1 -- printf 'it=%s:' "\$DVM_MACHINE"\n
expect it=$DVM_MACHINE:
expect ready> 
again \x15dvm run --where=si\t1,s\t2 -n 2 -- echo here-it-''is\n
expect here-it-is
expect here-it-is
expect ready> 
again \x15dvm kill \t\t
expect $tid
expect all
expect ready> 
send \x15
again \x15dvm signal -q HU\t$tid && echo asked-''for-it\n
expect asked-for-it
expect ready> 
again \x15dvm run cat resul\t | wc -l\n
expect 0
expect ready> 
again \x15dvm run ls fold\t\n
expect one
expect ready> 
again \x15dvm --color al\thelp exit-\t\n
expect 128 + N
expect ready> 
send exit\n
end 0
END
within 20 dvm wait "$tid" >"$WORK/out" 2>&1 || :
tasks_are 0 || fail "the completed signal has not ended $tid"

if command -v zsh >/dev/null; then
    say "zsh"
    dvm completion zsh >"$WORK/_dvm"
    zsh -n "$WORK/_dvm"
    within 250 "$PROGRAMS/pty" zsh -f -i <<END || fail "zsh"
send PS1='ready> '; autoload -U compinit; compinit -D -u; . $WORK/_dvm; echo lo''aded\n
expect loaded
expect ready> 
again \x15dvm ver\t\n
expect protocol
expect ready> 
again \x15dvm run --where=sim1,s\t2 -- echo here-it-''is\n
expect here-it-is
expect ready> 
send cd folder\n
expect ready> 
again \x15dvm run cat on\t && echo good-it-''is\n
expect good-it-is
expect ready> 
send exit\n
end 0
END
fi

if command -v fish >/dev/null; then
    say "fish"
    dvm completion fish >"$WORK/dvm.fish"
    fish -n "$WORK/dvm.fish"
    fish --no-config -c ". $WORK/dvm.fish; complete -C 'dvm run --where=sim1,s'; complete -C 'dvm hos'" >"$WORK/out"
    expect_line "$WORK/out" "^--where=sim1,sim2"
    expect_line "$WORK/out" "^hosts"
fi

say "a daemon that does not answer"
kill_daemon sim1 STOP
# it ends without a word after its own 3 s; to ask a daemon takes 10 s and ends with a sentence
expect 5 dvm complete --line -- "dvm run --where s"
expect_same "" "$(cat "$WORK/out" "$WORK/err")" "what it says"
kill_daemon sim1 CONT
killed_hosts=()
halt_machine
