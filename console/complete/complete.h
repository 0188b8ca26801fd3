/* complete.h: what may come next in a command line: for the prompt and the shells.
 *
 * Everything follows from the tables of commands, options and values; live hosts and
 * tasks are asked from the machine, without a word when there is none.
 */
#ifndef DVM_CONSOLE_COMPLETE_H
#define DVM_CONSOLE_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

/* What else fits that a shell can find better itself. */
enum complete_paths { COMPLETE_NOTHING, COMPLETE_FILES, COMPLETE_FOLDERS, COMPLETE_PROGRAMS };

struct complete_item {
    char *word;    /* the whole word, not quoted; owned */
    char *meaning; /* for people, may be ""; owned */
};

struct complete {
    bool prompt;              /* given: words that only the prompt knows are offered, too */
    const char *partial;      /* given: the word under way, "" for none; borrowed */
    struct complete_item *items; /* owned */
    size_t count, room;
    enum complete_paths paths; /* those that begin with path fit, too */
    const char *path;         /* the end of partial that is a path: points into it */
};

/* Find what fits behind the words before partial (those of the command line without
 * dvm itself). Words are offered in order; of those without memory none. May wait for
 * the machine up to some seconds. */
void complete_words(struct complete *c, int argc, char **argv);

/* Add the files, folders or programs that fit, as a shell would; a folder ends in '/'. */
void complete_add_paths(struct complete *c);

/* Free the items. */
void complete_free(struct complete *c);

/* ---- for the parts of completion ---- */

/* Offer a word, which may lack its first letters: prefix and word together must begin
 * with what is typed. */
void complete_offer(struct complete *c, const char *prefix, const char *word,
                    const char *meaning);

/* Offer hosts and tasks that the machine has now, machines that run on this computer,
 * and computers that ssh knows; prefix as above. (complete_live.c) */
void complete_hosts(struct complete *c, const char *prefix);
void complete_tasks(struct complete *c, const char *prefix);
void complete_machines(struct complete *c, const char *prefix);
void complete_computers(struct complete *c, const char *prefix);

#endif
