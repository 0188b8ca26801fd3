/* split.h: a line of the prompt or of a script, cut into words as a shell does:
 * blanks part words, '...' and "..." keep them together, \ takes the next letter as
 * it is (within "...", only " and \), # at the beginning of a word begins a comment.
 * There are no variables and no patterns. */
#ifndef DVM_CONSOLE_PROMPT_SPLIT_H
#define DVM_CONSOLE_PROMPT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

struct split {
    char **words;   /* NULL at the end; owned */
    size_t count;
    char open;      /* what is not closed at the end of the line: ', ", \ or 0 */
    bool comment;   /* the line ends in a comment */
    bool between;   /* it ends behind a blank, or is empty: no word is under way */
    size_t last;    /* where the last word begins in the line, bytes */
    char *letters;  /* of the words; owned */
};

/* Cut a line. Error: NO_MEMORY (dvm_fail). */
int split_line(struct split *s, const char *line);

/* Free the words. */
void split_free(struct split *s);

/* Write word as it must stand in a line, behind an open quote (0 for none), to out of
 * size bytes: cut when it is longer. */
void split_quote(char *out, size_t size, const char *word, char open);

#endif
