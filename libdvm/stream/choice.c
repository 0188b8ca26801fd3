/* choice.c: which of two ways is faster; see choice.h.
 *
 * The better mean wins, and once in a while the other way is taken to see whether
 * that still holds. But a copy by both tasks is always the better one.
 */
#include "stream/choice.h"

#include <stdlib.h>
#include <string.h>

#define CLASS_FIRST ((size_t)64 << 10) /* messages below it are the first class, bytes */
#define CLASS_STEP 4                   /* each class reaches so many times further */
#define LOOK_EVERY 64                  /* messages between looks at the other way */
#define MEAN_SHARE 0.25f               /* of the newest measurement in the mean */

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

    for (size_t limit = CLASS_FIRST; bytes > limit && class < CHOICE_CLASSES - 1; class++)
        limit *= CLASS_STEP;
    return class;
}

enum choice_way choice_next(struct choice *choice, size_t bytes)
{
    int class = class_of(bytes);
    const float *rate = choice->of[class].rate;
    enum choice_way best = rate[CHOICE_COPY] > rate[CHOICE_RING] ? CHOICE_COPY : CHOICE_RING;
    uint32_t number = choice->of[class].messages++;

    if (setting != AUTO)
        return setting == ALWAYS ? CHOICE_COPY : CHOICE_RING;
    if (choice->of[class].helped)
        return CHOICE_COPY;
    if (rate[CHOICE_RING] == 0 || rate[CHOICE_COPY] == 0)
        return rate[CHOICE_RING] == 0 ? CHOICE_RING : CHOICE_COPY;
    return number % LOOK_EVERY == 0 ? CHOICE_WAYS - 1 - best : best;
}

void choice_took(struct choice *choice, enum choice_way way, size_t bytes, uint64_t ns)
{
    float *mean = &choice->of[class_of(bytes)].rate[way];
    float rate = (float)bytes / (float)(ns ? ns : 1);

    *mean = *mean == 0 ? rate : *mean + MEAN_SHARE * (rate - *mean);
}

void choice_helped(struct choice *choice, size_t bytes, bool helped)
{
    choice->of[class_of(bytes)].helped = helped;
}
