/* buffer.h: message buffers and their ids.
 *
 * A buffer holds one message: bytes in its encoding, and what else is known of it. In place,
 * its items stay where they are until it is sent: a list of pieces. What came under a type of
 * DVM, converted to this host's representation, is raw.
 */
#ifndef PVM3_BUFFER_H
#define PVM3_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dvm.h"

struct pvm3_piece {
    const void *data; /* the program's */
    size_t bytes;
    dvm_type type;    /* of its items */
};

struct pvm3_buffer {
    int id;              /* 0: none yet */
    int encoding;        /* PvmData... */
    int tag, ctx, wid;
    int src, dst;        /* tids */
    int packed;          /* 0: its bytes are the elements of one array, as pvm_psend has sent it */
    bool placed;         /* its bytes are where the receive wanted them, not here */
    bool traced;         /* from a traced task at its birth: its end is to be told, too */
    bool own_event;      /* packed with PvmDataTrace: each item with what it is */
    bool queued;         /* in the queue of what has come: not the program's yet */
    bool foreign;        /* raw, from a host that stores data in another way */
    unsigned char stored; /* that way, as in a header, if it is foreign */
    unsigned char *data; /* room for a header, then the bytes; owned */
    size_t bytes;        /* of the message */
    size_t room;         /* for it; what is large comes from store.h */
    size_t next;         /* the byte that is unpacked next */
    struct pvm3_piece *pieces; /* in place; owned */
    size_t piece_count, piece_room;
    struct pvm3_buffer *following, *before; /* in the queue */
};

#define PVM3_HEADER 16 /* bytes in front of a packed message */

/* Its bytes. */
static inline unsigned char *pvm3_buffer_data(const struct pvm3_buffer *b)
{
    return b->data + PVM3_HEADER;
}

/* Make a buffer with room for so many bytes, without an id; NULL: no memory. */
struct pvm3_buffer *pvm3_buffer_make(int encoding, size_t room);

/* Free it, and its id. Accepts NULL. */
void pvm3_buffer_free(struct pvm3_buffer *b);

/* Give it an id, if it has none. Returns the id, or 0 when there is no memory. */
int pvm3_buffer_name(struct pvm3_buffer *b);

/* The buffer of an id; NULL when there is none. */
struct pvm3_buffer *pvm3_buffer_find(int id);

/* Room for more bytes behind those there, which are counted at once. Returns where they go,
 * or NULL when there is no memory. */
unsigned char *pvm3_buffer_add(struct pvm3_buffer *b, size_t bytes);

/* Note a piece that stays where it is. false: no memory. */
bool pvm3_buffer_add_piece(struct pvm3_buffer *b, const void *data, size_t bytes, dvm_type type);

/* Copy the pieces into the buffer as they are now; the header's room stays in front. Returns
 * the bytes (header and message), or NULL without memory. *owned: to be freed by the caller. */
unsigned char *pvm3_buffer_gather(const struct pvm3_buffer *b, bool *owned);

/* Free what pvm3_buffer_gather made of a message of so many bytes. */
void pvm3_buffer_free_bytes(unsigned char *all, size_t bytes);

/* The send buffer and the receive buffer; NULL for none. */
struct pvm3_buffer *pvm3_sending(void);
struct pvm3_buffer *pvm3_receiving(void);

/* Make this the receive buffer, and free the one that was. Returns its id. PvmNoMem. */
int pvm3_receive_into(struct pvm3_buffer *b);

/* Make this the receive buffer without freeing anything; returns the one that was. */
struct pvm3_buffer *pvm3_receive_swap(struct pvm3_buffer *b);

#endif
