/* command.h: a command of the console: one file, one table. */
#ifndef DVM_CONSOLE_COMMAND_H
#define DVM_CONSOLE_COMMAND_H

#include "console/console.h"
#include "console/value.h"

#define COMMAND_ANY (-1)           /* operands_max: no limit */
#define COMMAND_SETTINGS_MAX 256   /* bytes of a command's settings */

struct command {
    const char *name;
    const char *alias;     /* other names, parted by blanks (PVM's words for it), or NULL */
    const char *operands;  /* as shown in its usage line, words of value.h; "" for none */
    const char *summary;   /* one line */
    const char *text;      /* the rest of its help, lines with their ends */
    const struct option_row *options; /* or NULL */
    const struct option_hint *hints;  /* or NULL */
    const void *defaults;  /* of its settings, copied before each use; or NULL */
    size_t settings_size;
    int operands_min, operands_max;
    bool stops;            /* the first operand ends the options */
    bool moves;            /* a session goes on with the machine that it has named */
    bool hidden;           /* for programs: not in lists, no manual page */
    const char *examples;  /* or NULL: lines "COMMAND LINE  # what it does", with their ends */
    /* Does it; settings: as read. Returns an exit code. */
    int (*function)(struct console *c, const void *settings, int argc, char **argv);
};

extern const struct command command_start;
extern const struct command command_add;
extern const struct command command_rm;
extern const struct command command_invite;
extern const struct command command_groups;
extern const struct command command_hosts;
extern const struct command command_run;
extern const struct command command_spawn;
extern const struct command command_pvm;
extern const struct command command_ps;
extern const struct command command_why;
extern const struct command command_top;
extern const struct command command_kill;
extern const struct command command_signal;
extern const struct command command_wait;
extern const struct command command_events;
extern const struct command command_logs;
extern const struct command command_halt;
extern const struct command command_doctor;
extern const struct command command_config;
extern const struct command command_version;
extern const struct command command_help;
extern const struct command command_completion;
extern const struct command command_complete;

/* All commands in the order of help; NULL at the end. */
extern const struct command *const command_list[];

/* The command of a name or alias, or NULL. */
const struct command *command_find(const char *name);

/* Take the next of a command's other names: *at is its alias at first. Returns false
 * at the end. */
bool command_next_alias(const char **at, char name[VALUE_NAME_MAX]);

/* Read argv, whose first element is the command's name, and do the command. c
 * holds what was said before the command's name. Returns an exit code. */
int command_run_line(struct console *c, int argc, char **argv);

/* Say that the word is none that dvm help explains, and which one may have been meant.
 * Returns EXIT_USAGE. */
int command_unknown_word(const struct console *c, const char *word);

/* Do what argv[0..argc-1] says: options of every command, then a command. base: what
 * holds unless they say otherwise; borrowed. Returns an exit code. */
int command_words(const struct console *base, int argc, char **argv);

/* The console's whole main: options of every command, then a command, or without one
 * the prompt or script. */
int command_main(int argc, char **argv);

/* Print what --help prints. */
void command_explain(FILE *out, const struct command *command);

/* Print the list of commands. */
void command_overview(FILE *out);

#endif
