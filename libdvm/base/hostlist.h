/* hostlist.h: lists of host names in the form that people write.
 *
 *     list  = item { "," item }           blanks around an item are ignored
 *     item  = part { part }
 *     part  = text | "[" range { "," range } "]"
 *     range = number [ "-" number ]       01-16 keeps the width of its low end
 *
 * So "node[1-8,12]" is nine names and "r[1-2]n[01-16]" thirty-two. The order of
 * the text is kept; a name that comes a second time is left out.
 */
#ifndef DVM_BASE_HOSTLIST_H
#define DVM_BASE_HOSTLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "dvm.h"

#define HOSTLIST_NAMES_MAX 4096   /* names in one list; a machine has at most 4095 hosts */
#define HOSTLIST_TEXT_MAX 65536   /* bytes of the text of a list */
#define HOSTLIST_GROUPS_MAX 4     /* brackets in one item */
#define HOSTLIST_DIGITS_MAX 9     /* digits of a number in a range */

struct hostlist {
    char (*names)[DVM_NAME_MAX]; /* owned */
    size_t count;
};

/* Read a list. On success *out holds at least one name and is to be freed with
 * hostlist_free; on failure *out is untouched. Returns DVM_OK; ARG (not a list,
 * or over a limit), NO_MEMORY; dvm_last_error() says in words what and where. */
int hostlist_parse(struct hostlist *out, const char *text);

/* Free what the list holds and make it empty. Accepts NULL and an empty list. */
void hostlist_free(struct hostlist *list);

/* Its place in the list; count when it is not there. */
size_t hostlist_find(const struct hostlist *list, const char *name);

/* True when name is in the list. */
bool hostlist_contains(const struct hostlist *list, const char *name);

/* Write names as a list in which consecutive numbers are ranges: "node[1-8,12],lab", in
 * their order. What does not fit into size bytes is left out, and "..." says so. */
void hostlist_write(const char *const *names, size_t count, char *out, size_t size);

/* The same with names put in order before: node2 stands before node10. */
void hostlist_write_sorted(const char **names, size_t count, char *out, size_t size);

#endif
