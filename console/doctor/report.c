/* report.c: dvm doctor for programs: doctor/1 of docs/json.md. */
#include <stdio.h>

#include "console/doctor/doctor.h"

#define US_PER_SECOND 1e6

static json_t *time_json(uint32_t us)
{
    return us ? json_real(us / US_PER_SECOND) : json_null();
}

/* Add code, cause and remedy to an object. */
static void add_fault(json_t *to, const char *code, const char *cause, const char *host)
{
    char remedy[FINDING_REMEDY_BYTES];

    if (!code[0])
        return;
    finding_remedy(code, host, remedy, sizeof remedy);
    json_object_set_new(to, "code", json_string(code));
    json_object_set_new(to, "cause", console_text(cause));
    json_object_set_new(to, "remedy", console_text(remedy));
}

static json_t *check_json(const struct doctor_host *h, const struct finding *f)
{
    json_t *one = json_pack("{s:o,s:s,s:o}", "check", console_text(f->check), "state",
                            finding_level_name(f->level), "found", console_text(f->text));

    add_fault(one, f->code, f->text, h->kind == DOCTOR_SELF ? "localhost" : h->name);
    return one;
}

static json_t *host_json(const struct doctor_host *h)
{
    static const char *const kinds[] = {"here", "candidate", "member"};
    enum finding_level worst = FINDING_WELL;
    json_t *checks = json_array();

    for (size_t i = 0; i < h->findings.count; i++) {
        const struct finding *f = &h->findings.list[i];

        worst = f->level > worst ? f->level : worst;
        json_array_append_new(checks, check_json(h, f));
    }
    return json_pack("{s:o,s:s,s:s,s:o}", "name", console_text(h->name), "kind", kinds[h->kind],
                     "state", finding_level_name(worst), "checks", checks);
}

static void add_tries(json_t *list, const struct doctor_host *from, const struct doctor_host *to,
                      const Dvm__Pb__ProbedHost *view)
{
    for (size_t i = 0; view && i < view->n_addresses; i++) {
        const Dvm__Pb__ProbedAddress *a = view->addresses[i];

        json_array_append_new(
            list, json_pack("{s:s,s:s,s:o,s:s,s:o,s:o}", "from", from->name, "to", to->name,
                            "address", console_text(a->address), "result",
                            doctor_probe_name(a->result), "round_trip", time_json(a->rtt_us),
                            "ready", time_json(a->ready_us)));
    }
}

/* Connections between tasks of the two. */
static json_t *lane_json(const struct doctor_pair *p)
{
    char cause[2 * DVM_NAME_MAX + FINDING_TEXT_BYTES + 32];
    json_t *one = json_pack("{s:s,s:s,s:o?}", "state", finding_level_name(p->lane_fault.level),
                            "way", doctor_way_name(p->lane), "address",
                            p->lane_address[0] ? console_text(p->lane_address) : NULL);

    snprintf(cause, sizeof cause, "%s does not reach the lane port of %s: %s", p->low->name,
             p->high->name, p->lane_fault.text);
    add_fault(one, p->lane_fault.code, cause, p->high->name);
    return one;
}

static json_t *pair_json(const struct doctor_pair *p)
{
    json_t *tries = json_array(), *one;
    char cause[2 * DVM_NAME_MAX + FINDING_TEXT_BYTES + 32];

    add_tries(tries, p->high, p->low, p->there);
    add_tries(tries, p->low, p->high, p->back);
    one = json_pack("{s:[s,s],s:s,s:s,s:b,s:o?,s:o,s:o,s:o}", "hosts", p->low->name, p->high->name,
                    "state", finding_level_name(p->fault.level), "way", doctor_way_name(p->way),
                    "connected", (int)p->connected, "address",
                    p->address[0] ? console_text(p->address) : NULL, "round_trip",
                    time_json(p->rtt_us), "echo", time_json(p->echo_us), "tries", tries);
    snprintf(cause, sizeof cause, "%s does not reach %s: %s", p->who->name, p->where->name,
             p->fault.text);
    add_fault(one, p->fault.code, cause, p->where->name);
    json_object_set_new(one, "lane", lane_json(p));
    return one;
}

void doctor_json(const struct doctor *d)
{
    json_t *hosts = json_array(), *pairs = json_array();

    for (size_t i = 0; i < d->count; i++)
        json_array_append_new(hosts, host_json(&d->hosts[i]));
    for (size_t i = 0; i < d->pair_count; i++)
        json_array_append_new(pairs, pair_json(&d->pairs[i]));
    console_json(json_pack("{s:s,s:s?,s:b,s:s?,s:o,s:o}", "schema", "doctor/1", "machine",
                           d->machine[0] ? d->machine : NULL, "well", (int)!doctor_is_bad(d),
                           "coordinator", d->coordinator ? d->coordinator->name : NULL, "hosts",
                           hosts, "pairs", pairs));
}
