/* topic.h: what `dvm help` explains besides commands: words, values, environment,
 * files, exit status. The same texts are the sections of dvm(7). */
#ifndef DVM_CONSOLE_TOPIC_H
#define DVM_CONSOLE_TOPIC_H

#include <stdbool.h>
#include <stdio.h>

struct topic_row {
    const char *term, *meaning; /* NULL ends a table */
};

struct topic {
    const char *name;
    const char *summary; /* one line */
    const char *text;    /* paragraphs parted by an empty line, lines with their ends; a line
                          * that begins with blanks is shown as it is */
    const struct topic_row *rows; /* or NULL */
    const char *also;    /* other words that it explains, parted by blanks; or NULL */
};

/* All topics in the order of help; name NULL at the end. */
extern const struct topic topic_list[];

/* The topic of a name, or NULL. */
const struct topic *topic_find(const char *name);

/* Print one line for each topic. */
void topic_overview(FILE *out);

/* Print a topic. */
void topic_explain(FILE *out, const struct topic *topic);

#endif
