/* values.h: inside the book: values that tasks have put under a name. */
#ifndef DVMD_NAMES_VALUES_H
#define DVMD_NAMES_VALUES_H

#include "daemon/names/book_state.h"

/* One value. A name may have several, at different indexes. */
struct value {
    char *name; /* owned */
    int index;
    int owner;      /* tid; 0: it has ended, and anybody may change or delete it */
    uint32_t flags; /* DVM_VALUE_KEEP and so on */
    uint8_t *data;  /* owned */
    size_t size;
};

/* Put a copy under name at a place where none is. False: no memory. */
bool values_add(struct book *b, const struct value *v);

/* Bytes that a value counts for. */
size_t values_cost(const char *name, size_t size);

/* Free all. */
void values_free(struct book *b);

/* The values of a task, or all of a slot's for tid 0, are nobody's, or are gone. */
void values_bury(struct book *b, int tid, int slot);

/* Put an ask, which has its name, among those that wait for values; take it out if it is. */
void values_await(struct book *b, struct held *ask);
void values_unwait(struct book *b, struct held *ask);

/* To and from a message. False: no memory, or it makes no sense. */
bool values_write(const struct book *b, Dvm__Pb__NameBook *m);
bool values_read(struct book *b, const Dvm__Pb__NameBook *m);

#endif
