#!/usr/bin/env bash
# dvm without a command. At a terminal: a prompt with the grammar of the command line that
# completes, keeps lines in a private file, survives every error, gives up a line on ^C,
# keeps no machine alive, and leaves the machine when it is left. Else: a script.
. "$(dirname "$0")/lib.sh"
export DVM_HISTORY=$WORK/state/history NO_COLOR=1 DVM_TEST_SECONDS=$((100 * time_scale))

# at_prompt: drive dvm at a terminal by the script on stdin
at_prompt() { within 400 "$PROGRAMS/pty" dvm "$@" || fail "at the prompt (line ${BASH_LINENO[0]})"; }

say "without a machine"
at_prompt <<'END'
expect No machine
expect (no machine)> 
send hosts\n
expect no daemon of the machine
expect (no machine)> 
send conf\n
expect no daemon of the machine
expect > 
send quit\n
end 0
END
[ ! -e "$RUNTIME/$DVM_MACHINE" ] || fail "the prompt has started something"

say "a machine from start to halt, PVM's words, errors"
at_prompt <<'END'
expect (no machine)> 
send start --hosts 2 --name \
send \n
expect > 
send start --hosts 2\n
expect 2 of 2 hosts usable
expect > 
send conf\n
expect sim2
expect survives
expect > 
send ps -a\n
expect PARENT
expect > 
send hsots\n
expect did you mean hosts?
expect > 
send quit now\n
expect quit takes nothing behind it
expect > 
send dvm\n
expect this is dvm
expect > 
send help quit\n
expect leave; the machine goes on
expect > 
send grüße\n
expect there is no command "grüße"
expect > 
send kill 'a b\n
expect the line ends within '
expect > 
send dvm run -n 1 -- printf 'one two %s' "x y"\n
expect one two x y\e[7m~
expect > 
send spawn -n 2 tail -f /dev/null   # in the background\n
expect 0x80
expect > 
send delete sim2\n
expect sim2 has left
expect > 
send \x04
end 0
END
hosts_are 1 || fail "leaving the prompt has changed the machine"
expect_same 600 "$(stat -c %a "$DVM_HISTORY")" "mode of the history"
expect_same 700 "$(stat -c %a "$WORK/state")" "mode of its folder"
expect_line "$DVM_HISTORY" "^dvm run -n 1 -- printf 'one two %s' \"x y\"$"

say "completion, history, ^C"
within 30 dvm spawn -q tail -f /dev/null >"$WORK/tid"
echo the-text-of-it >"$WORK/a file"
at_prompt <<END
expect > 
send ver\t\n
expect protocol
expect > 
send hos\t\t
send \x03
expect ^C
expect > 
send run --whe\tsi\t\n
expect something is missing: dvm run
expect > 
send kill 0x\t
expect $(cut -c 3- "$WORK/tid" | cut -c 1)
send \x03
expect > 
send signal -q \t\t
expect USR1
send \x03
expect > 
send run cat a\t\n
expect the-text-of-it
expect > 
send \e[A\e[A\e[A\n
expect protocol
expect > 
send run -- sh -c 'echo it-runs; exec tail -f /dev/null'\n
expect \nit-runs
send \x03
expect > 
send run printf 'no line end'\n
expect no line end\e[7m~
expect > 
send nothing-like-it\e[D\x15help words\n
expect coordinator
expect > 
send  secret\n
expect > 
send halt\n
expect has ended
end 0
END
! grep -q secret "$DVM_HISTORY" || fail "a line with a blank before it was kept"
await 10 no_process_left

say "signals: the terminal is put back"
for signal in 15 1; do
    within 400 "$PROGRAMS/pty" sh -c "trap : TERM HUP; stty -a >'$WORK/before'; dvm; stty -a >'$WORK/after'; echo e''nd" <<END || fail "signal $signal"
expect > 
send half a line
expect half a line
signal $signal
expect end
end 0
END
    diff "$WORK/before" "$WORK/after" || fail "signal $signal left another terminal"
done

say "a script"
expect 0 dvm
printf '%s\n' "# a comment" "start --hosts 2 --name $DVM_MACHINE-2" "hosts --json" "run cat" "hlat" \
    "run -n 1 -- sh -c 'exit 3'" "  halt" >"$WORK/script"
scratch+=("$RUNTIME/$DVM_MACHINE-2")
status=0
within 60 dvm <"$WORK/script" >"$WORK/out" 2>"$WORK/err" || status=$?
expect_same 3 $status "status of the last that failed"
expect_same "$DVM_MACHINE-2" "$(jq -r .machine "$WORK/out")" "the machine that the script started"
expect_line "$WORK/err" "did you mean halt"
expect_line "$WORK/err" "line 5 ended with 2: hlat"
expect_line "$WORK/err" "machine $DVM_MACHINE-2 has ended"
printf 'version\nquit\nhlat\n' | within 20 dvm >"$WORK/out" 2>"$WORK/err" || fail "quit does not leave"
printf 'version' | within 20 dvm | expect_line /dev/stdin protocol
