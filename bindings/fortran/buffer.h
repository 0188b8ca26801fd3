/* buffer.h: Fortran's variables, arrays and sections as memory, count and type. */
#ifndef DVM_FORTRAN_BUFFER_H
#define DVM_FORTRAN_BUFFER_H

#include <ISO_Fortran_binding.h>
#include <stdbool.h>

#include "call.h"

#define BUFFER_UNKNOWN SIZE_MAX /* nobody knows how much memory there is */

/* An argument. Its elements are counted in units of type: a character variable of five
 * letters is five of DVM_CHAR, one of a derived type as many DVM_BYTE as it is long. */
struct buffer {
    const char *name;           /* "dvm_send: buf", for sentences */
    const CFI_cdesc_t *argument;
    dvm_type type;
    size_t unit;                /* units of one element of the argument */
    size_t room;                /* units in the argument, or BUFFER_UNKNOWN */
    size_t count;               /* units meant, set by buffer_count */
    bool together;              /* it is a single piece of memory */
    void *at;                   /* memory for the library: the argument's, or a copy */
    size_t copied;              /* bytes of the copy; 0: there is none */
};

/* Look at an argument. type: given by the program, or NULL. Errors: ARG (an array without
 * memory; a module that was compiled by another compiler). */
int buffer_look(struct buffer *b, const char *name, const CFI_cdesc_t *argument,
                const dvm_type *type);

/* Whether the argument is DVM_IN_PLACE. */
bool buffer_in_place(const struct buffer *b);

/* Set count: what the program gives, or all that there is, divided among so many parts.
 * Error: ARG (negative, not known, or does not divide). */
int buffer_count(struct buffer *b, const int64_t *count, size_t parts);

/* Get the first units of the argument for the library, which finds them at b->at. They are
 * copied where the argument is no single piece of memory. With DVM_IN_PLACE b->at is that.
 * Errors: ARG (the argument has less), NO_MEMORY. */
int buffer_open(struct buffer *b, size_t units);

/* End that. bytes: how much of the copy the library has changed, which goes back to the
 * argument from its beginning on; BUFFER_UNKNOWN: all of it. */
void buffer_close(struct buffer *b, size_t bytes);

/* The same while it goes on, for what is used again: fetch the copy anew, or store as much of it.
 * Nothing is done where there is no copy. */
void buffer_load(struct buffer *b);
void buffer_store(struct buffer *b, size_t bytes);

/* How many bytes of the buffer a message has filled. */
size_t buffer_came(const struct buffer *b, const struct dvm_status *status);

/* Copy bytes between the beginning of an argument and packed memory. */
void buffer_copy(const CFI_cdesc_t *argument, void *packed, size_t bytes, bool to_argument);

#endif
