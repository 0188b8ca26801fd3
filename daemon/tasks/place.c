/* place.c: see place.h. Each task in turn is given to the host with the lowest
 * load after taking it, compared without division: (a + 1) / x < (b + 1) / y. */
#include "daemon/tasks/place.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int64_t cores_of(const struct place_host *h)
{
    return h->cores > 0 ? h->cores : 1;
}

static bool is_better(const struct place_host *a, const struct place_host *b)
{
    int64_t load_a = (int64_t)a->running + a->count + 1;
    int64_t load_b = (int64_t)b->running + b->count + 1;

    return load_a * cores_of(b) < load_b * cores_of(a);
}

/* Give count more tasks. */
static void spread(struct place_host *hosts, size_t host_count, int count)
{
    for (; count > 0; count--) {
        struct place_host *best = &hosts[0];

        for (size_t i = 1; i < host_count; i++)
            if (is_better(&hosts[i], best))
                best = &hosts[i];
        best->count++;
    }
}

void place_spread(struct place_host *hosts, size_t host_count, int count)
{
    assert(host_count > 0);
    for (size_t i = 0; i < host_count; i++)
        hosts[i].count = 0;
    spread(hosts, host_count, count);
}

void place_pack(struct place_host *hosts, size_t host_count, int count)
{
    assert(host_count > 0);
    for (size_t i = 0; i < host_count; i++) {
        int64_t idle = cores_of(&hosts[i]) - hosts[i].running;

        hosts[i].count = idle <= 0 ? 0 : idle < count ? (int)idle : count;
        count -= hosts[i].count;
    }
    spread(hosts, host_count, count);
}

/* The cores that a host adds to those of the hosts before it which get tasks, too. */
static int64_t more_cores(const struct place_host *hosts, size_t at)
{
    int64_t counted = 0;

    for (size_t i = 0; hosts[at].computer && i < at; i++)
        if (hosts[i].count > 0 && hosts[i].computer == hosts[at].computer &&
            cores_of(&hosts[i]) > counted)
            counted = cores_of(&hosts[i]);
    return cores_of(&hosts[at]) > counted ? cores_of(&hosts[at]) - counted : 0;
}

void place_note(const struct place_host *hosts, size_t host_count, char *text, size_t size)
{
    int64_t cores = 0, tasks = 0;

    text[0] = '\0';
    for (size_t i = 0; i < host_count; i++) {
        if (hosts[i].count == 0)
            continue;
        cores += more_cores(hosts, i);
        tasks += hosts[i].running + hosts[i].count;
    }
    if (tasks <= cores)
        return;
    snprintf(text, size,
             "%lld tasks on %lld core%s (oversubscribed %.3g times; waiting tasks sleep)",
             (long long)tasks, (long long)cores, cores == 1 ? "" : "s",
             (double)tasks / (double)cores);
}
