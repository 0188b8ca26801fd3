/* meet.c: see meet.h.
 *
 * A file beside the daemon's socket, which all tasks of the host map, has a word for each group.
 * Who comes to a barrier counts itself there by compare and swap, and looks at the word for a
 * moment; the last one makes the word say that all have come. Whoever has looked in vain takes
 * itself out again, marks the round as the daemon's, and asks the daemon, where it may sleep, is
 * seen by dvm why, and learns of ends; so do all who find the mark. So the daemon alone
 * decides about whatever is special, and a task that dies at any instruction blocks nobody.
 *
 * A group is met so when a barrier of so many members has taken place through the daemon, and
 * they were all its members, all on this host: then nobody but them can complete a round. Others
 * that come after all (who has just joined) mark the round. When the others keep this task
 * waiting too often, it asks the daemon at once for a while.
 */
#include "bindings/pvm3/groups/meet.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dvm.h"
#include "dvm_binding.h"
#include "bindings/pvm3/groups/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"

#define PLACES 1024       /* of groups; never given back before the daemon's end */
#define PROBES 8          /* places that a name may have */
#define LINE 64           /* bytes of a place */
#define LOOK_SECONDS 3e-4 /* how long to look at the word */
#define LOOKS 16          /* between looks at the clock */
#define VAIN_MOST 7       /* times in vain, each of which doubles the pause (barriers) */
#define COUNT_MAX 0x7ff

/* The word: seq 24 bits | done 16 | asked 1 | count 11 | arrived 12. seq changes when a round is
 * over, done when that was here; asked: it is the daemon's. */
#define ARRIVED(w) ((int)((w) & 0xfff))
#define COUNT(w) ((int)((w) >> 12 & 0x7ff))
#define ASKED ((uint64_t)1 << 23)
#define DONE(w) ((unsigned)((w) >> 24 & 0xffff))
#define SEQ(w) ((unsigned)((w) >> 40))
#define WORD(seq, done, count, arrived)                                                    \
    ((uint64_t)((seq) & 0xffffff) << 40 | (uint64_t)((done) & 0xffff) << 24 |              \
     (uint64_t)(count) << 12 | (uint64_t)(arrived))

struct place {
    _Atomic uint64_t key;  /* of the name; 0: free */
    _Atomic uint64_t word;
    char pad[LINE - 2 * sizeof(uint64_t)];
};

/* What this task knows of a group. */
struct known {
    struct known *next;
    struct place *place;
    int count;      /* all its members, on this host; 0: not known to be so */
    int refused;    /* a count for which it is not so */
    int pause, vain; /* barriers not to be tried here; times in a row that it was in vain */
    unsigned seq;   /* of the round that this task is in */
    char name[];
};

static struct known *groups;
static struct place *places;
static int mapped_by; /* the tid that this process had */
static long cores;    /* of the computer: to ask takes as long as to meet */

static void forget_all(void)
{
    while (groups) {
        struct known *k = groups;

        groups = k->next;
        free(k);
    }
    if (places)
        munmap(places, PLACES * sizeof *places);
    places = NULL;
}

static void map_places(void)
{
    void *map = MAP_FAILED;
    int fd = pvm3_host_file(DVM_BINDING_GROUPS);

    cores = sysconf(_SC_NPROCESSORS_ONLN);
    /* with all its blocks: to write where there are none is a SIGBUS */
    if (fd >= 0 && posix_fallocate(fd, 0, PLACES * sizeof *places) == 0)
        map = mmap(NULL, PLACES * sizeof *places, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    places = map == MAP_FAILED ? NULL : map;
}

/* Not 0; the other byte order has other places. */
static uint64_t key_of(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037) + __BYTE_ORDER__; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return hash | 1;
}

static struct place *find_place(const char *name)
{
    const uint64_t key = key_of(name);

    for (unsigned i = 0; places && i < PROBES; i++) {
        struct place *p = &places[(key / 2 + i) % PLACES];
        uint64_t there = 0;

        if (atomic_compare_exchange_strong(&p->key, &there, key) || there == key)
            return p;
    }
    return NULL;
}

static struct known *find(const char *name)
{
    struct known *k = groups;

    while (k && strcmp(k->name, name) != 0)
        k = k->next;
    return k;
}

static struct known *find_or_make(const char *name)
{
    struct known *k;
    struct place *p;

    if (mapped_by != pvm_mytid()) {
        forget_all();
        mapped_by = pvm_mytid();
        map_places();
    }
    k = find(name);
    p = k ? NULL : find_place(name);
    if (!p)
        return k;
    k = calloc(1, sizeof *k + strlen(name) + 1);
    if (!k)
        return NULL;
    strcpy(k->name, name);
    k->place = p;
    k->next = groups;
    groups = k;
    return k;
}

/* This round is the daemon's. */
static void mark(struct known *k)
{
    uint64_t w = atomic_load(&k->place->word);

    do
        k->seq = SEQ(w);
    while (!(w & ASKED) && !atomic_compare_exchange_weak(&k->place->word, &w, w | ASKED));
}

/* Count this task; *before: the word until then. false: the round is the daemon's. */
static bool arrive(struct known *k, int count, uint64_t *before)
{
    uint64_t w = atomic_load(&k->place->word), next;

    do {
        k->seq = SEQ(w);
        if (w & ASKED)
            return false;
        if (ARRIVED(w) > 0 && COUNT(w) != count)
            next = w | ASKED;
        else if (ARRIVED(w) + 1 >= count)
            next = WORD(SEQ(w) + 1, DONE(w) + 1, 0, 0);
        else
            next = WORD(SEQ(w), DONE(w), count, ARRIVED(w) + 1);
    } while (!atomic_compare_exchange_weak(&k->place->word, &w, next));
    *before = w;
    return !(next & ASKED);
}

/* Whether the round that began with a word is not going on here. */
static bool over(uint64_t before, uint64_t w)
{
    return SEQ(w) != SEQ(before) || w & ASKED;
}

/* Leave the core to its other thread for a moment. */
static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Look at the word until the round is over. false: the time for that is. */
static bool look(const struct known *k, int count, uint64_t before)
{
    const bool crowd = count > cores;
    const double end = dvm_wtime() + LOOK_SECONDS;

    do
        for (int i = 0; i < LOOKS; i++) {
            if (over(before, atomic_load(&k->place->word)))
                return true;
            if (crowd)
                sched_yield();
            else
                relax();
        }
    while (dvm_wtime() < end);
    return false;
}

/* Take this task out, if it was in vain. Returns whether all have met. */
static bool leave(struct known *k, uint64_t before)
{
    uint64_t w = atomic_load(&k->place->word);

    do
        if (SEQ(w) != SEQ(before))
            return DONE(w) != DONE(before);
    while (!atomic_compare_exchange_weak(&k->place->word, &w, (w | ASKED) - 1));
    return false;
}

static bool meet(struct known *k, int count)
{
    bool met, in_time;
    uint64_t before;

    if (!arrive(k, count, &before))
        return false;
    in_time = look(k, count, before);
    met = leave(k, before);
    if (met)
        k->vain = 0;
    else if (!in_time && k->vain < VAIN_MOST)
        k->vain++;
    if (!met && !in_time)
        k->pause = (1 << (k->vain - 1)) - 1;
    return met;
}

bool pvm3_meet(const char *name, int count)
{
    struct known *k = find_or_make(name);

    if (!k)
        return false;
    if (k->count == count && k->pause == 0)
        return meet(k, count);
    k->pause -= k->pause > 0;
    mark(k);
    return false;
}

/* Whether so many are all members, and all on this host. */
static bool all_here(const char *name, int count)
{
    int *tids = malloc((size_t)count * sizeof *tids);
    size_t size = 0;
    bool here = tids && dvm_named_tids(name, tids, (size_t)count, &size) == DVM_OK &&
                size == (size_t)count;

    for (int i = 0; here && i < count; i++)
        here = PVM3_TID_HOST(tids[i]) == PVM3_TID_HOST(mapped_by);
    free(tids);
    return here;
}

void pvm3_meet_asked(const char *name, int count, bool met)
{
    struct known *k = find(name);
    uint64_t w = k ? atomic_load(&k->place->word) : 0;

    if (!k || !met)
        return;
    /* the first who comes back ends the round */
    while (SEQ(w) == k->seq && !atomic_compare_exchange_weak(&k->place->word, &w,
                                                             WORD(SEQ(w) + 1, DONE(w), 0, 0))) {
    }
    if (k->count == count || k->refused == count || count > COUNT_MAX)
        return;
    k->count = all_here(name, count) ? count : 0;
    k->refused = k->count ? 0 : count;
}

void pvm3_meet_forget(const char *name)
{
    struct known *k = find(name);

    if (k)
        k->count = k->refused = k->pause = k->vain = 0;
}
