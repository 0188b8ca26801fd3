/* value.h: the words that stand for values in usage lines: HOSTS, TASK, FILE, ...
 *
 * The word itself says what kind of value is meant, so that option tables and
 * operands need to say nothing further: completion, manual pages and help all
 * look the word up here. A text may name alternatives, parted by '|': words of
 * this table, or words in small letters that stand for themselves, such as
 * "kill|notify|ignore" or "RANKS|all|none". A test refuses a word that is in an
 * option table or in operands and not here.
 */
#ifndef DVM_CONSOLE_VALUE_H
#define DVM_CONSOLE_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#define VALUE_NAME_MAX 64 /* bytes of a word or its alternatives with the NUL */

enum value_kind {
    VALUE_TEXT,     /* anything: nothing can be offered */
    VALUE_NUMBER,
    VALUE_TIME,
    VALUE_WORD,     /* a word that stands for itself */
    VALUE_HOST,     /* a host of the machine, or a list of them */
    VALUE_COMPUTER, /* a name that ssh knows, or a list of them */
    VALUE_TASK,     /* the tid of a task */
    VALUE_TARGET,   /* tasks by a tid, a host, or "all" (targets.h) */
    VALUE_MACHINE,
    VALUE_SIGNAL,
    VALUE_FILE,
    VALUE_FOLDER,
    VALUE_PROGRAM,
    VALUE_COMMAND,  /* of the console */
    VALUE_TOPIC,    /* of dvm help */
    VALUE_CODE      /* why a host did not join */
};

struct value {
    const char *name;    /* the word in usage lines */
    enum value_kind kind;
    const char *words;   /* alternatives that it stands for, or NULL */
    const char *meaning; /* for the manual */
};

/* All words; name NULL at the end. */
extern const struct value value_list[];

/* The value of a word of length bytes, or NULL. */
const struct value *value_find(const char *word, size_t length);

/* Called for each alternative; v is NULL for a word that stands for itself. */
typedef void value_each_f(void *arg, const struct value *v, const char *word, size_t length);

/* Go through the alternatives of a text such as "RANKS|all"; a value that has
 * words of its own is gone through instead of itself. */
void value_each(const char *text, value_each_f *each, void *arg);

/* Whether all alternatives are known or stand for themselves. */
bool value_known(const char *text);

/* Take from an operands text, such as "[--] PROGRAM [ARGUMENT...]", the name of
 * operand number index, without brackets and dots; the last one with dots goes on
 * for ever. Returns false when there is none. */
bool value_operand(const char *operands, size_t index, char name[VALUE_NAME_MAX]);

#endif
