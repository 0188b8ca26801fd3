/* doctor.c: what was found out, as data; see doctor.h. */
#include "console/doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>

struct doctor_host *doctor_host_add(struct doctor *d, const char *name, enum doctor_kind kind)
{
    struct doctor_host *more = realloc(d->hosts, (d->count + 1) * sizeof *more), *h;

    if (!more)
        return NULL;
    d->hosts = more;
    h = &more[d->count++];
    *h = (struct doctor_host){.kind = kind};
    snprintf(h->name, sizeof h->name, "%s", name);
    return h;
}

void doctor_free(struct doctor *d)
{
    for (size_t i = 0; i < d->count; i++)
        dvm__pb__probed__free_unpacked(d->hosts[i].report, NULL);
    free(d->hosts);
    free(d->pairs);
    d->hosts = NULL;
    d->pairs = NULL;
    d->count = d->pair_count = 0;
}

bool doctor_is_bad(const struct doctor *d)
{
    for (size_t i = 0; i < d->count; i++)
        for (size_t k = 0; k < d->hosts[i].findings.count; k++)
            if (d->hosts[i].findings.list[k].level == FINDING_BAD)
                return true;
    for (size_t i = 0; i < d->pair_count; i++)
        if (d->pairs[i].fault.level == FINDING_BAD)
            return true;
    return false;
}

const char *doctor_way_name(enum doctor_way way)
{
    static const char *const names[] = {"direct", "relayed", "unknown"};

    return names[way];
}

const char *doctor_probe_name(uint32_t result)
{
    static const char *const names[DVM_PROBE_RESULTS] = {
        "not tried", "good", "refused", "silent", "no route", "stranger"};

    return result < DVM_PROBE_RESULTS ? names[result] : "unknown";
}
