/* copy.h: bytes straight from the memory of another task of this host.
 *
 * A large message may be copied once, by its receiver, instead of twice through a
 * ring: process_vm_readv. It needs the kernel's leave, and the process must be the
 * one that is meant: each copy also reads a random number whose place and value the
 * other task has told (proto/segment.h), in the same call and so of the same process.
 */
#ifndef DVM_LANE_COPY_H
#define DVM_LANE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/segment.h"

/* What is known of a task whose memory may be read; zeroed: nothing, so it may not. */
struct copy_source {
    int pid;
    uint64_t cookie, cookie_at;
    bool unwritable; /* to write there has failed */
};

/* Make this task's cookie, and let its siblings read where the system asks for that. Once
 * is enough: later calls do nothing. */
void copy_start(void);

/* Write who this task is into a ring of its own. */
void copy_tell(struct dvm_ring *ring);

/* Read that from a ring of another task, which is not trusted. */
void copy_learn(struct copy_source *source, const struct dvm_ring *ring);

/* Copy bytes from its address from. false: it cannot be, and will not be tried again;
 * what is in to then is undefined. */
bool copy_read(struct copy_source *source, uint64_t from, void *to, size_t bytes);

/* Copy bytes to its address to. false: not all was written, and it will not be tried again. */
bool copy_write(struct copy_source *source, uint64_t to, const void *from, size_t bytes);

/* Whether it still is, as far as can be told. */
bool copy_lives(const struct copy_source *source);

#endif
