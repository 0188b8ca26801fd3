/* nbody.c: stars that attract each other; their data go around a ring.
 *
 * Each of n stars is pulled by all others: n^2 forces in each step. Each task has its share of
 * the stars, and meets those of the others as visitors: the tasks are a ring, and in
 * each of as many turns as there are tasks every task computes the pull of its
 * present visitors on its own stars, while it passes the visitors on to the next task
 * and takes new ones from the one before. After a full turn everybody has seen everybody,
 * and no task has ever held more than two shares besides its own.
 *
 * The ring is a grid of one dimension, made by dvm_group_cart with period 1.
 */
#include <dvm.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/share.h"

enum { X, Y, Z, DIMENSIONS };
enum { TAG_VISITORS = 1 };

#define STEP 1e-2      /* of time */
#define SOFTENING 1e-3 /* added to squared distances: no pull is infinite */
#define ROUNDING 1e-9  /* that may be in a place, of the longest way */

struct settings {
    long stars, steps;
    int check;
};

/* What of a star travels. */
struct visitor {
    double at[DIMENSIONS], mass;
};
#define VISITOR_DOUBLES (sizeof(struct visitor) / sizeof(double))

/* Stars of one task; first: number of the first among all. */
struct share {
    int64_t first, count;
    struct visitor *stars;                     /* owned */
    double (*speed)[DIMENSIONS], (*pull)[DIMENSIONS]; /* owned */
};

static void *must_have(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 1, size);

    if (!memory) {
        fprintf(stderr, "nbody: no memory for %lld stars\n", (long long)count);
        dvm_abort(DVM_WORLD, 1);
    }
    return memory;
}

/* A cloud of stars on a spiral, at rest; the same for any number of tasks. */
static void make_stars(struct share *s, int64_t first, int64_t count)
{
    s->first = first;
    s->count = count;
    s->stars = must_have(count, sizeof *s->stars);
    s->speed = must_have(count, sizeof *s->speed);
    s->pull = must_have(count, sizeof *s->pull);
    for (int64_t i = 0; i < count; i++) {
        const double number = (double)(first + i);
        struct visitor *star = &s->stars[i];

        star->at[X] = cos(2.4 * number) * sqrt(number);
        star->at[Y] = sin(2.4 * number) * sqrt(number);
        star->at[Z] = sin(0.7 * number);
        star->mass = 1 + fmod(number, 3);
    }
}

static void free_stars(struct share *s)
{
    free(s->stars);
    free(s->speed);
    free(s->pull);
}

/* Add the pull of some visitors on a share's stars. */
static void attract(struct share *s, const struct visitor *visitors, int64_t count)
{
    for (int64_t i = 0; i < s->count; i++) {
        const double *at = s->stars[i].at;

        for (int64_t k = 0; k < count; k++) {
            const double dx = visitors[k].at[X] - at[X];
            const double dy = visitors[k].at[Y] - at[Y];
            const double dz = visitors[k].at[Z] - at[Z];
            const double square = dx * dx + dy * dy + dz * dz + SOFTENING;
            const double factor = visitors[k].mass / (square * sqrt(square));

            s->pull[i][X] += factor * dx; /* of itself: 0 */
            s->pull[i][Y] += factor * dy;
            s->pull[i][Z] += factor * dz;
        }
    }
}

/* Speeds change by the pulls, places by the speeds. */
static void move(struct share *s)
{
    for (int64_t i = 0; i < s->count; i++)
        for (int d = 0; d < DIMENSIONS; d++) {
            s->speed[i][d] += STEP * s->pull[i][d];
            s->stars[i].at[d] += STEP * s->speed[i][d];
            s->pull[i][d] = 0;
        }
}

/* ---- around the ring --------------------------------------------------------------------- */

/* The ring, and room for visitors: those that are here, and those that come. */
struct ring {
    dvm_group group;
    int me, tasks, before, next;
    long stars;
    struct visitor *here, *coming; /* owned */
};

static void make_ring(struct ring *r, long stars)
{
    const int period = 1;

    dvm_group_size(DVM_WORLD, &r->tasks);
    dvm_group_cart(DVM_WORLD, 1, &r->tasks, &period, 1, &r->group);
    dvm_group_rank(r->group, &r->me);
    dvm_cart_shift(r->group, 0, 1, &r->before, &r->next);
    r->stars = stars;
    r->here = must_have(share_count(stars, r->tasks, 0), sizeof *r->here);
    r->coming = must_have(share_count(stars, r->tasks, 0), sizeof *r->coming);
}

static void free_ring(struct ring *r)
{
    free(r->here);
    free(r->coming);
    dvm_group_free(&r->group);
}

/* One step: the visitors travel while their pull is computed, which only reads them. */
static void step(struct ring *r, struct share *s)
{
    memcpy(r->here, s->stars, (size_t)s->count * sizeof *r->here);
    for (int turn = 0; turn < r->tasks; turn++) {
        /* in this turn the stars of the task that is turn places before are here */
        const int owner = (r->me - turn + r->tasks) % r->tasks;
        const int64_t count = share_count(r->stars, r->tasks, owner);
        const int64_t come = share_count(r->stars, r->tasks, (owner + r->tasks - 1) % r->tasks);
        const int last = turn == r->tasks - 1;
        struct dvm_request *requests[2] = { NULL, NULL };
        struct visitor *swap = r->here;

        if (!last) {
            dvm_irecv(r->group, r->before, TAG_VISITORS, r->coming,
                      (size_t)come * VISITOR_DOUBLES, DVM_DOUBLE, &requests[0]);
            dvm_isend(r->group, r->next, TAG_VISITORS, r->here, (size_t)count * VISITOR_DOUBLES,
                      DVM_DOUBLE, &requests[1]);
        }
        attract(s, r->here, count);
        dvm_waitall(2, requests, NULL);
        r->here = r->coming;
        r->coming = swap;
    }
    move(s);
}

/* ---- the check ---------------------------------------------------------------------------- */

/* The largest difference of two stars' coordinates. */
static double farthest(const struct visitor *a, const struct visitor *b, int64_t count)
{
    double largest = 0;

    for (int64_t i = 0; i < count; i++)
        for (int d = 0; d < DIMENSIONS; d++)
            largest = fmax(largest, fabs(a[i].at[d] - b[i].at[d]));
    return largest;
}

/* Rank 0 moves all stars alone and compares places. The pulls on a star are the same numbers,
 * added in another order: so places differ by rounding, and by no more. Returns 1 when they
 * are near enough. */
static int compare(const struct settings *s, const struct visitor *all)
{
    struct share alone, begin;
    double way, apart;

    make_stars(&begin, 0, s->stars);
    make_stars(&alone, 0, s->stars);
    for (long k = 0; k < s->steps; k++) {
        attract(&alone, alone.stars, alone.count);
        move(&alone);
    }
    way = farthest(alone.stars, begin.stars, s->stars);
    apart = farthest(alone.stars, all, s->stars);
    printf("check: %s stars went %.2e at most, and are %.2e at most from where one task has them "
           "(limit %.2e)\n", apart <= ROUNDING * way ? "ok" : "FAILED", way, apart, ROUNDING * way);
    free_stars(&begin);
    free_stars(&alone);
    return apart <= ROUNDING * way;
}

/* Bring all stars to rank 0; returns them there, NULL elsewhere. */
static struct visitor *gather(const struct ring *r, const struct share *s)
{
    struct visitor *all = must_have(r->me == 0 ? r->stars : 0, sizeof *all);
    size_t *counts = must_have(2 * r->tasks, sizeof *counts), *offsets = counts + r->tasks;

    for (int rank = 0; rank < r->tasks; rank++) {
        counts[rank] = (size_t)share_count(r->stars, r->tasks, rank) * VISITOR_DOUBLES;
        offsets[rank] = (size_t)share_first(r->stars, r->tasks, rank) * VISITOR_DOUBLES;
    }
    dvm_gatherv(r->group, 0, s->stars, counts[r->me], all, counts, offsets, DVM_DOUBLE);
    free(counts);
    if (r->me == 0)
        return all;
    free(all);
    return NULL;
}

/* ---- the program --------------------------------------------------------------------------- */

/* Move the stars, tell, check. Returns the exit status. */
static int run(const struct settings *s)
{
    double start, seconds;
    struct visitor *all = NULL;
    struct share mine;
    struct ring ring;
    int good = 1;

    make_ring(&ring, s->stars);
    make_stars(&mine, share_first(s->stars, ring.tasks, ring.me),
               share_count(s->stars, ring.tasks, ring.me));
    dvm_barrier(ring.group); /* start the clock when everybody is there */
    start = dvm_wtime();
    for (long k = 0; k < s->steps; k++)
        step(&ring, &mine);
    dvm_barrier(ring.group);
    seconds = dvm_wtime() - start;
    if (ring.me == 0)
        printf("nbody: %ld stars, %d tasks, %ld steps, %.3f s, %.1f million pulls a second\n",
               s->stars, ring.tasks, s->steps, seconds,
               1e-6 * (double)s->stars * (double)s->stars * (double)s->steps / seconds);
    if (s->check)
        all = gather(&ring, &mine);
    if (all)
        good = compare(s, all);
    free(all);
    free_stars(&mine);
    free_ring(&ring);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings s = { .stars = 3000, .steps = 10 };
    const struct option table[] = {
        { "stars", OPTION_INT, &s.stars, 1, 1e7, "how many (3000)" },
        { "steps", OPTION_INT, &s.steps, 1, 1e6, "steps of time (10)" },
        { "check", OPTION_FLAG, &s.check, 0, 0, "compare with one task's places" },
        { .name = NULL },
    };
    int me, status;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    status = options_read(argc, argv, table, me == 0);
    if (status == OPTION_GO_ON)
        status = run(&s);
    dvm_finalize();
    return status;
}
