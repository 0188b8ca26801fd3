/* completion.c: dvm completion: prints the script that teaches a shell to complete.
 *
 * The scripts know no command and no option: they ask `dvm complete` at each Tab,
 * which has the tables and the machine. So they never grow old.
 */
#include "console/command.h"

#include <stdio.h>
#include <string.h>

/* bash parts words also at = and :, and replaces only what stands behind the last of them. */
static const char bash[] =
    "# completion of dvm in bash; made by: dvm completion bash\n"
    "_dvm() {\n"
    "    local dvm=${1/#\\~/$HOME} line word cut=''\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        word=${line%%$'\\t'*}\n"
    "        case $line in\n"
    "        :word*)\n"
    "            line=${line#*$'\\t'}\n"
    "            [[ $COMP_WORDBREAKS != *[=:]* ]] || cut=${line%\"${line##*[=:]}\"}\n"
    "            ;;\n"
    "        :files*)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"${line#*$'\\t'}\")\n"
    "            ;;\n"
    "        :folders*)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- \"${line#*$'\\t'}\")\n"
    "            ;;\n"
    "        :programs*)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -c -- \"${line#*$'\\t'}\")\n"
    "            ;;\n"
    "        ?*)\n"
    "            COMPREPLY+=(\"${word#\"$cut\"}\")\n"
    "            ;;\n"
    "        esac\n"
    "    done < <(\"$dvm\" complete --line -- \"${COMP_LINE:0:COMP_POINT}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _dvm dvm\n";

static const char zsh[] =
    "#compdef dvm\n"
    "# completion of dvm in zsh; made by: dvm completion zsh\n"
    "_dvm() {\n"
    "    local dvm=${(Q)words[1]/#\\~/$HOME} line word tab=$'\\t' paths=''\n"
    "    local -a found\n"
    "    for line in \"${(@f)$($dvm complete -- \"${(@Q)words[2,CURRENT-1]}\" "
    "\"${(Q)PREFIX}\" 2>/dev/null)}\"; do\n"
    "        word=${line%%$tab*}\n"
    "        case $word in\n"
    "            :word | '') ;;\n"
    "            :*) paths=$word ;;\n"
    "            *) found+=(\"${word//:/\\\\:}:${line#*$tab}\") ;;\n"
    "        esac\n"
    "    done\n"
    "    (( ! ${#found} )) || _describe -V dvm found\n"
    "    [[ -z $paths || $PREFIX != --*=* ]] || compset -P '*='\n"
    "    case $paths in\n"
    "        :files) _files ;;\n"
    "        :folders) _files -/ ;;\n"
    "        :programs) if [[ $PREFIX = */* ]]; then _files; else _command_names -e; fi ;;\n"
    "    esac\n"
    "}\n"
    "if [[ $funcstack[1] = _dvm ]]; then _dvm \"$@\"; else compdef _dvm dvm; fi\n";

static const char fish[] =
    "# completion of dvm in fish; made by: dvm completion fish\n"
    "function __dvm_complete\n"
    "    set -l before (commandline -opc)\n"
    "    set -l dvm $before[1]\n"
    "    set -e before[1]\n"
    "    set -l word (commandline -ct)\n"
    "    set -l option (string match -r -- '^--[^=]*=' $word)\n"
    "    for line in ($dvm complete -- $before \"$word\" 2>/dev/null)\n"
    "        set -l path (string replace -r '^[^\\t]*\\t' '' -- $line)\n"
    "        switch $line\n"
    "            case ':word*'\n"
    "            case ':files*'\n"
    "                printf '%s\\n' $option(__fish_complete_path \"$path\")\n"
    "            case ':folders*'\n"
    "                printf '%s\\n' $option(__fish_complete_directories \"$path\")\n"
    "            case ':programs*'\n"
    "                __fish_complete_command\n"
    "            case '*'\n"
    "                printf '%s\\n' $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c dvm -f -a '(__dvm_complete)'\n";

static const struct {
    const char *shell, *script;
} scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

static int completion(struct console *c, const void *settings, int argc, char **argv)
{
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (!strcmp(argv[0], scripts[i].shell)) {
            fputs(scripts[i].script, stdout);
            return EXIT_OK;
        }
    console_wrong(c, "there is no completion for \"%.60s\"; there is one for bash, zsh and fish",
                  argv[0]);
    return EXIT_USAGE;
}

const struct command command_completion = {
    .name = "completion",
    .operands = "SHELL",
    .summary = "print the script that makes a shell complete dvm's command lines",
    .text = "An installed dvm has put the scripts where shells look for them below its prefix;\n"
            "with another prefix than /usr or /usr/local, read the script when a shell starts.\n"
            "Commands, options, values, and the hosts and tasks of the running machine are\n"
            "completed.\n",
    .operands_min = 1,
    .operands_max = 1,
    .function = completion,
    .examples = "eval \"$(dvm completion bash)\"      # in ~/.bashrc\n"
                "eval \"$(dvm completion zsh)\"       # in ~/.zshrc, behind compinit\n"
                "dvm completion fish | source       # in ~/.config/fish/config.fish\n",
};
