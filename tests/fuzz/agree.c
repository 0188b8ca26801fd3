/* What a member of a group may say about agreements: words of any content among deaths and
 * agreements that begin. Nothing is decided twice, what is sent is well formed, and the last word
 * of a machine is one that another takes. The same words, as what a member tells of its
 * collectives, are taken or dropped. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coll/coll.h"
#include "coll/records.h"
#include "group/agree.h"
#include "proto/wire.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MOST 12

static int members;

/* A sender of good will: the machine of another member takes it. */
static void send_word(void *arg, int rank, const uint8_t *word, size_t bytes)
{
    const int *self = arg;
    struct agreement *other;

    if (rank == *self || rank < 0 || rank >= members || bytes != agree_word_max(members))
        abort();
    other = agree_new(members, rank, send_word, (int[]){rank});
    if (other)
        agree_word(other, *self, word, bytes);
    agree_free(other);
}

static void last_word(const struct agreement *a)
{
    size_t bytes;
    uint8_t *last = agree_last_word(a, &bytes);

    if (last && agree_asks_for(last, bytes, last, bytes))
        abort(); /* it is an answer */
    free(last);
}

#define RECORD_ASK 2 /* would be answered, and there is nobody */

static struct coll collectives;

static void tell_collectives(int rank, const uint8_t *word, size_t bytes)
{
    const uint8_t *at = word;

    if (rank < members && bytes >= 8 && (uint32_t)wire_get(&at, 8) != RECORD_ASK)
        records_word(collectives.group, rank, word, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct group group = {.coll = &collectives};
    struct input in = {data, size};
    int self, begun = 0, alive;
    struct agreement *a;

    members = 1 + (int)input_int(&in, 1) % SIZE_MOST;
    self = (int)input_int(&in, 1) % members;
    alive = members;
    group.size = members;
    group.rank = self;
    collectives = (struct coll){.group = &group, .sequence = UINT32_MAX};
    a = agree_new(members, self, send_word, &self);
    while (a && in.left > 0) {
        int what = (int)input_int(&in, 1) % 4, rank = (int)input_int(&in, 1) % (members + 1);

        if (what == 0) {
            agree_begin(a, input_int(&in, 8), (unsigned)rank % 2, 1);
            begun++;
        } else if (what == 1 && rank < members && rank != self) {
            alive -= !agree_is_gone(a, rank);
            agree_gone(a, rank);
        } else {
            size_t length = input_int(&in, 1);

            length = length < in.left ? length : in.left;
            agree_word(a, rank, in.at, length);
            tell_collectives(rank, in.at, length);
            in.at += length;
            in.left -= length;
        }
        if (agree_decided(a) && (begun == 0 || agree_awaited(a) != -1))
            abort();
        /* who is alone needs nobody */
        if (begun > 0 && alive == 1 && !agree_decided(a))
            abort();
    }
    if (a)
        last_word(a);
    agree_free(a);
    records_free(&collectives);
    return 0;
}
