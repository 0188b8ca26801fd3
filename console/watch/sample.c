/* sample.c: the implementation of sample.h.
 *
 * Daemons tell totals; a rate is the difference to the sample before, over the time that
 * passed on that host's own clock, so that a late answer makes no wrong rate.
 */
#include "console/watch/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/text/words.h"

#define MS 1000.0
#define PERCENT 100.0

/* ---- rates --------------------------------------------------------------------------- */

/* By second; 0 when the total is not one that goes on. */
static double rate(uint64_t now, uint64_t before, uint64_t ms)
{
    return ms > 0 && now >= before ? (double)(now - before) * MS / (double)ms : 0;
}

static int task_by_tid(const void *a, const void *b)
{
    const struct sample_task *x = a, *y = b;

    return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static const struct sample_task *old_task(const struct sample *before, int tid)
{
    struct sample_task key = {.tid = tid};

    if (!before || before->task_count == 0)
        return NULL;
    return bsearch(&key, before->tasks, before->task_count, sizeof *before->tasks, task_by_tid);
}

static const struct sample_host *old_host(const struct sample *before, int slot)
{
    for (size_t i = 0; before && i < before->host_count; i++)
        if (before->hosts[i].slot == slot && before->hosts[i].known)
            return &before->hosts[i];
    return NULL;
}

static void count(struct sample_count *c, uint64_t total, const struct sample_count *old,
                  uint64_t ms)
{
    c->total = total;
    c->rate = old ? rate(total, old->total, ms) : 0;
}

/* ---- what a host answers ----------------------------------------------------------------- */

static void take_task(struct sample_task *t, const Dvm__Pb__TaskUsage *m, int slot,
                      const struct sample_task *old, uint64_t ms)
{
    *t = (struct sample_task){.tid = m->task->tid, .rank = (int)m->task->rank, .slot = slot,
                              .pid = m->task->pid, .age = m->task->age, .cpu_ms = m->cpu_ms,
                              .memory = m->memory, .processes = m->processes,
                              .state = m->state > ' ' && m->state < 0x7f ? (char)m->state : '?',
                              .counted = m->counted};
    snprintf(t->host, sizeof t->host, "%s", m->task->host);
    t->program = strdup(m->task->program);
    t->cpu = old ? rate(m->cpu_ms, old->cpu_ms, ms) * PERCENT / MS : 0;
    if (!m->counted)
        return;
    if (old && !old->counted)
        old = NULL;
    count(&t->sent_messages, m->sent_messages, old ? &old->sent_messages : NULL, ms);
    count(&t->sent_bytes, m->sent_bytes, old ? &old->sent_bytes : NULL, ms);
    count(&t->received_messages, m->received_messages, old ? &old->received_messages : NULL, ms);
    count(&t->received_bytes, m->received_bytes, old ? &old->received_bytes : NULL, ms);
}

static int take_tasks(struct sample *s, const struct sample *before,
                      const struct sample_host *h, const struct sample_host *old,
                      const Dvm__Pb__UsageReply *m)
{
    struct sample_task *bigger = realloc(s->tasks, (s->task_count + m->n_tasks + 1) *
                                                       sizeof *bigger);

    if (!bigger)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks");
    s->tasks = bigger;
    for (size_t i = 0; i < m->n_tasks; i++) {
        struct sample_task *t = &s->tasks[s->task_count];

        if (!m->tasks[i]->task)
            continue;
        take_task(t, m->tasks[i], h->slot,
                  old ? old_task(before, m->tasks[i]->task->tid) : NULL,
                  old && h->now_ms > old->now_ms ? h->now_ms - old->now_ms : 0);
        if (!t->program)
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks");
        s->task_count++;
    }
    return DVM_OK;
}

static int take_reply(struct sample *s, const struct sample *before, struct sample_host *h,
                      const Dvm__Pb__UsageReply *m)
{
    const struct sample_host *old = old_host(before, h->slot);
    uint64_t ms = old && m->now_ms > old->now_ms ? m->now_ms - old->now_ms : 0;

    h->known = true;
    h->tasks = (unsigned)m->n_tasks;
    h->processors = m->processors;
    h->load = m->load;
    h->memory_total = m->memory_total;
    h->memory_free = m->memory_free;
    h->daemon_memory = m->daemon_memory;
    h->now_ms = m->now_ms;
    h->busy_ms = m->busy_ms;
    h->daemon_cpu_ms = m->daemon_cpu_ms;
    if (old && m->processors)
        h->cpu = rate(m->busy_ms, old->busy_ms, ms) * PERCENT / MS / m->processors;
    if (h->cpu > PERCENT)
        h->cpu = PERCENT; /* its clock ticks less often than ours */
    if (old)
        h->daemon_cpu = rate(m->daemon_cpu_ms, old->daemon_cpu_ms, ms) * PERCENT / MS;
    return take_tasks(s, before, h, old, m);
}

static int take_answer(struct sample *s, const struct sample *before, struct sample_host *h,
                       const struct ask *a)
{
    Dvm__Pb__UsageReply *m =
        a->result ? NULL : dvm__pb__usage_reply__unpack(NULL, a->length, a->payload);
    int r;

    if (!m) {
        s->failed++;
        s->code = a->result ? a->result : DVM_ERR_PROTOCOL;
        snprintf(h->error, sizeof h->error, "%s",
                 a->result ? a->sentence : "its daemon's answer cannot be read");
        return DVM_OK;
    }
    r = take_reply(s, before, h, m);
    dvm__pb__usage_reply__free_unpacked(m, NULL);
    return r;
}

/* ---- all hosts ------------------------------------------------------------------------------ */

static void name_hosts(struct sample *s, const Dvm__Pb__HostsReply *hosts, struct ask *asks)
{
    snprintf(s->machine, sizeof s->machine, "%s", hosts->machine);
    s->host_count = hosts->n_hosts;
    for (size_t i = 0; i < hosts->n_hosts; i++) {
        const Dvm__Pb__Host *h = hosts->hosts[i];

        s->hosts[i] = (struct sample_host){.slot = (int)h->slot, .state = h->state,
                                           .cores = h->cores, .tasks = h->tasks};
        snprintf(s->hosts[i].name, sizeof s->hosts[i].name, "%s", h->name);
        asks[i] = (struct ask){.dst = DVM_TID_DAEMON((int)h->slot), .type = DVM_CTL_USAGE,
                               .want = DVM_CTL_USAGE_REPLY};
    }
}

int sample_take(struct client *client, struct sample *before, struct sample *out)
{
    Dvm__Pb__HostsReply *hosts;
    struct ask *asks;
    int r;

    *out = (struct sample){0};
    r = ask_hosts(client, &hosts);
    if (r)
        return r;
    asks = calloc(hosts->n_hosts + 1, sizeof *asks);
    out->hosts = calloc(hosts->n_hosts + 1, sizeof *out->hosts);
    if (asks && out->hosts) {
        name_hosts(out, hosts, asks);
        ask_all(client, asks, out->host_count, ASK_SECONDS);
    } else {
        r = dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of hosts");
    }
    if (before)
        sample_sort(before, SAMPLE_TID);
    for (size_t i = 0; i < out->host_count && !r; i++)
        r = take_answer(out, before, &out->hosts[i], &asks[i]);
    if (asks)
        ask_free(asks, out->host_count);
    free(asks);
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    return r;
}

void sample_free(struct sample *s)
{
    for (size_t i = 0; i < s->task_count; i++)
        free(s->tasks[i].program);
    free(s->tasks);
    free(s->hosts);
    *s = (struct sample){0};
}

/* ---- words and orders --------------------------------------------------------------------- */

static const struct {
    char letter;
    const char *word, *color;
} states[] = {
    {'W', "waiting", "yellow"}, {'R', "running", "green"}, {'S', "sleeping", "blue"},
    {'D', "disk", "red"},       {'T', "stopped", "red"},   {'t', "stopped", "red"},
    {'Z', "ended", "red"},      {'I', "sleeping", "blue"},
};

const char *sample_state(char state)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (states[i].letter == state)
            return states[i].word;
    return "unknown";
}

const char *sample_color(char state)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (states[i].letter == state)
            return states[i].color;
    return "red";
}

static const char *const orders[SAMPLE_ORDERS] = {
    [SAMPLE_CPU] = "cpu",           [SAMPLE_MEMORY] = "memory", [SAMPLE_SENT] = "sent",
    [SAMPLE_RECEIVED] = "received", [SAMPLE_TID] = "tid",
};

const char *sample_order_name(enum sample_order order)
{
    return order < SAMPLE_ORDERS ? orders[order] : "";
}

enum sample_order sample_order(const char *name)
{
    for (enum sample_order i = 0; i < SAMPLE_ORDERS; i++)
        if (!strcmp(orders[i], name))
            return i;
    return SAMPLE_ORDERS;
}

static int descending(double x, double y, const void *a, const void *b)
{
    return x > y ? -1 : x < y ? 1 : task_by_tid(a, b);
}

static int by_cpu(const void *a, const void *b)
{
    const struct sample_task *x = a, *y = b;

    return descending(x->cpu, y->cpu, a, b);
}

static int by_memory(const void *a, const void *b)
{
    const struct sample_task *x = a, *y = b;

    return descending((double)x->memory, (double)y->memory, a, b);
}

static int by_sent(const void *a, const void *b)
{
    const struct sample_task *x = a, *y = b;

    return descending(x->sent_bytes.rate, y->sent_bytes.rate, a, b);
}

static int by_received(const void *a, const void *b)
{
    const struct sample_task *x = a, *y = b;

    return descending(x->received_bytes.rate, y->received_bytes.rate, a, b);
}

void sample_sort(struct sample *s, enum sample_order order)
{
    static int (*const compare[SAMPLE_ORDERS])(const void *a, const void *b) = {
        [SAMPLE_CPU] = by_cpu,           [SAMPLE_MEMORY] = by_memory, [SAMPLE_SENT] = by_sent,
        [SAMPLE_RECEIVED] = by_received, [SAMPLE_TID] = task_by_tid,
    };

    if (s->task_count > 0 && order < SAMPLE_ORDERS)
        qsort(s->tasks, s->task_count, sizeof *s->tasks, compare[order]);
}

/* ---- JSON ------------------------------------------------------------------------------ */

static json_t *host_json(const struct sample_host *h)
{
    json_t *o = json_pack("{s:s,s:i,s:s,s:i,s:i,s:o?}", "name", h->name, "slot", h->slot, "state",
                          words_host_state(h->state), "cores", (int)h->cores, "tasks",
                          (int)h->tasks, "error", h->known ? NULL : console_text(h->error));

    if (h->known)
        json_object_update_new(
            o, json_pack("{s:f,s:f,s:i,s:I,s:I,s:f,s:I}", "load", h->load, "cpu", h->cpu,
                         "processors", (int)h->processors, "memory_total",
                         (json_int_t)h->memory_total, "memory_free", (json_int_t)h->memory_free,
                         "daemon_cpu", h->daemon_cpu, "daemon_memory",
                         (json_int_t)h->daemon_memory));
    return o;
}

static void put_count(json_t *o, const char *name, const struct sample_count *c, bool counted)
{
    char by_second[64];

    snprintf(by_second, sizeof by_second, "%s_rate", name);
    json_object_set_new(o, name, counted ? json_integer((json_int_t)c->total) : json_null());
    json_object_set_new(o, by_second, counted ? json_real(c->rate) : json_null());
}

static json_t *task_json(const struct sample_task *t)
{
    json_t *o = json_pack("{s:i,s:i,s:s,s:i,s:o,s:f,s:s,s:f,s:f,s:I,s:i}", "tid", t->tid, "rank",
                          t->rank, "host", t->host, "pid", t->pid, "program",
                          console_text(t->program), "age", t->age, "state",
                          sample_state(t->state), "cpu", t->cpu, "cpu_seconds",
                          (double)t->cpu_ms / MS, "memory", (json_int_t)t->memory, "processes",
                          (int)t->processes);

    put_count(o, "sent_messages", &t->sent_messages, t->counted);
    put_count(o, "sent_bytes", &t->sent_bytes, t->counted);
    put_count(o, "received_messages", &t->received_messages, t->counted);
    put_count(o, "received_bytes", &t->received_bytes, t->counted);
    return o;
}

json_t *sample_json(const struct sample *s, double seconds)
{
    json_t *hosts = json_array(), *tasks = json_array();

    for (size_t i = 0; i < s->host_count; i++)
        json_array_append_new(hosts, host_json(&s->hosts[i]));
    for (size_t i = 0; i < s->task_count; i++)
        json_array_append_new(tasks, task_json(&s->tasks[i]));
    return json_pack("{s:s,s:s,s:f,s:o,s:o}", "schema", "top/1", "machine", s->machine, "seconds",
                     seconds, "hosts", hosts, "tasks", tasks);
}
