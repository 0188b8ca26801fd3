/* choice.c: which of three ways is faster; see choice.h.
 *
 * The best mean wins, and once in a while another way is taken to see whether that still
 * holds. But from BOTH_SURE bytes on a copy by both tasks is always the best.
 */
#include "stream/choice.h"

#include <stdlib.h>
#include <string.h>

#include "lane/both.h"

#define BOTH_SURE ((size_t)192 << 10)
#define LOOK_EVERY 64                  /* messages between looks at another way */
#define MEAN_SHARE 0.25f               /* of the newest measurement in the mean */

/* Sizes below a limit, bytes, and a bit for each way that they may take. */
static const struct {
    size_t limit;
    unsigned ways;
} classes[CHOICE_CLASSES] = {
    {BOTH_LEAST, 1 << CHOICE_RING | 1 << CHOICE_COPY},
    {BOTH_SURE, 1 << CHOICE_RING | 1 << CHOICE_COPY | 1 << CHOICE_BOTH},
    {(size_t)2 << 20, 1 << CHOICE_RING | 1 << CHOICE_BOTH},
    {SIZE_MAX, 1 << CHOICE_RING | 1 << CHOICE_BOTH},
};

static enum { AUTO, ALWAYS, NEVER } setting;

void choice_start(void)
{
    const char *text = getenv("DVM_SINGLE_COPY");

    setting = AUTO;
    if (text && strcmp(text, "always") == 0)
        setting = ALWAYS;
    else if (text && strcmp(text, "never") == 0)
        setting = NEVER;
}

static int class_of(size_t bytes)
{
    int class = 0;

    while (class < CHOICE_CLASSES - 1 && bytes >= classes[class].limit)
        class++;
    return class;
}

static bool may(int class, int way)
{
    return classes[class].ways >> way & 1;
}

/* A way that was not measured yet, else the best. */
static enum choice_way best_of(const float *rate, int class)
{
    enum choice_way best = CHOICE_RING;

    for (int way = CHOICE_RING; way < CHOICE_WAYS; way++) {
        if (!may(class, way))
            continue;
        if (rate[way] == 0)
            return way;
        if (rate[way] > rate[best])
            best = way;
    }
    return best;
}

/* The others take turns. */
static enum choice_way other_than(enum choice_way best, int class, uint32_t turn)
{
    int way = best;

    do
        way = (way + 1 + turn % 2) % CHOICE_WAYS;
    while (!may(class, way) || way == (int)best);
    return way;
}

enum choice_way choice_next(struct choice *choice, size_t bytes)
{
    int class = class_of(bytes);
    const float *rate = choice->of[class].rate;
    uint32_t number = choice->of[class].messages++;
    enum choice_way best;

    if (setting == NEVER)
        return CHOICE_RING;
    if (setting == ALWAYS || choice->of[class].helped)
        return may(class, CHOICE_BOTH) ? CHOICE_BOTH : CHOICE_COPY;
    best = best_of(rate, class);
    if (number % LOOK_EVERY || rate[best] == 0)
        return best;
    return other_than(best, class, number / LOOK_EVERY);
}

void choice_took(struct choice *choice, enum choice_way way, size_t bytes, uint64_t ns)
{
    float *mean = &choice->of[class_of(bytes)].rate[way];
    float rate = (float)bytes / (float)(ns ? ns : 1);

    *mean = *mean == 0 ? rate : *mean + MEAN_SHARE * (rate - *mean);
}

void choice_helped(struct choice *choice, size_t bytes, bool helped)
{
    int class = class_of(bytes);

    choice->of[class].helped = helped && !may(class, CHOICE_COPY);
}
