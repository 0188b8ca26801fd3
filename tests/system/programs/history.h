/* history.h: what a task of history.c writes down of each message, and
 * tools/history.c reads: a file of records a task for what it sent, one for what it got. */
#ifndef TESTS_SYSTEM_PROGRAMS_HISTORY_H
#define TESTS_SYSTEM_PROGRAMS_HISTORY_H

#include <stdint.h>

#define HISTORY_TASKS_MAX 64
#define HISTORY_TAGS 4

/* Records stand in the order of sending, and in that of posting the receives: what one
 * task sent to another with one tag must stand in the same order in both files. */
struct history_record {
    uint32_t sum;   /* of the payload */
    uint32_t bytes; /* of the message */
    uint8_t peer;   /* rank of the receiver, or of the sender */
    uint8_t tag;
    uint8_t used;   /* 0: a receive that got nothing */
    uint8_t how;    /* by which call; for who reads a record that is wrong */
    uint32_t order; /* number of this message in its row, as the sender counts */
};

#endif
