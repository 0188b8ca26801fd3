/* options.h: the option table of a command, and what is made of it.
 *
 * A command describes its options once. From the table come the reading of the
 * command line, the usage errors, --help, the manual pages and completion in the
 * shells and at the prompt.
 */
#ifndef DVM_CONSOLE_OPTIONS_H
#define DVM_CONSOLE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,   /* bool, set to true */
    OPTION_INT,    /* int, between low and high */
    OPTION_TEXT,   /* const char *, borrowed from argv */
    OPTION_LIST,   /* struct option_list: may be repeated */
    OPTION_TIME,   /* double, seconds: "90", "1.5s", "500 ms", "10m", "10 min", "2h" */
    OPTION_COLOR   /* enum option_color: auto, always, never */
};

enum option_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

#define OPTION_LIST_MAX 16 /* times that one option may be given */

struct option_list {
    const char *texts[OPTION_LIST_MAX]; /* borrowed from argv */
    size_t count;
};

struct option_row {
    const char *name;  /* without its dashes; NULL ends a table */
    char letter;       /* short form, 0 for none */
    enum option_kind kind;
    size_t offset;     /* of its value in the settings */
    const char *value; /* what it is called in help and so what it is: a word of value.h,
                        * or alternatives such as "kill|notify|ignore"; NULL for a flag */
    const char *help;
    double low, high;  /* limits of a number, in its unit */
};

/* An option that other systems have for the same purpose, and what is said to who gives it. */
struct option_hint {
    const char *name; /* with its dashes; NULL ends a table */
    const char *hint; /* a clause: "there is no option NAME: HINT" */
};

#define OPTION_END {NULL, 0, OPTION_FLAG, 0, NULL, NULL, 0, 0}

/* What is read: argv and where in it. */
struct options {
    const struct option_row *rows;   /* the command's own; may be NULL */
    void *settings;                  /* where their values go */
    const struct option_row *common; /* rows that every command has */
    void *common_settings;
    const struct option_hint *hints; /* or NULL */
    bool stop;                       /* options end with the first operand */
};

#define OPTIONS_SENTENCE_MAX 256 /* bytes of an error with its NUL */

/* Read argv[1..argc-1]. Operands are moved to the front of argv (from argv[0] on)
 * in their order; returns how many there are, or -1 with a sentence in error, of
 * OPTIONS_SENTENCE_MAX bytes. argv[argc] stays NULL at the end of the operands. */
int options_read(const struct options *o, int argc, char **argv, char *error);

/* Read a length of time. Returns false when text is none. */
bool options_time(const char *text, double *seconds);

/* Print one line for each row, in columns. */
void options_help(FILE *out, const struct option_row *rows);

/* The row whose name or letter is given as it stands in argv ("--where", "-n"),
 * or NULL. */
const struct option_row *options_find(const struct option_row *rows, const char *text);

#endif
