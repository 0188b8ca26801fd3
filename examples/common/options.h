/* options.h: the command line of the examples, as a table of options. */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

enum option_kind {
    OPTION_FLAG, /* --name          target: int, set to 1 */
    OPTION_INT,  /* --name NUMBER   target: long, from low to high */
    OPTION_REAL, /* --name NUMBER   target: double, from low to high */
    OPTION_TEXT  /* --name TEXT     target: const char *, borrowed from argv */
};

struct option {
    const char *name; /* without the dashes; NULL ends a table */
    enum option_kind kind;
    void *target;     /* borrowed; its value before is the default */
    double low, high; /* limits of numbers, both allowed */
    const char *help; /* a few words; the default belongs in here */
};

#define OPTION_GO_ON (-1)

/* Read the command line into the targets of the table.
 *
 * "--name value" and "--name=value" are the same; --help is always known. With
 * speak 0 nothing is printed: all tasks get the same command line, and one voice
 * is enough. Returns OPTION_GO_ON, or the exit status the program should end
 * with: 0 after --help, 2 after a mistake (the sentence and the usage go to
 * stderr), but 0 in those tasks that do not speak. */
int options_read(int argc, char **argv, const struct option *table, int speak);

#endif
