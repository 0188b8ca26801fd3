/* config.c: see config.h. Options that have a setting of the same meaning are taken as
 * that setting, so that an administrator's limits hold for them, too. */
#include "daemon/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/join.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/links/address.h"
#include "proto/control.pb-c.h"

/* ---- reading -------------------------------------------------------------------------- */

static int set(struct settings *s, enum setting_key key, const char *value, const char *option)
{
    const char *name = setting_row(key)->name;

    return settings_set(s, name, strlen(name), value, option, SETTINGS_OPTION);
}

static int take_options(struct settings *s, const struct options *o)
{
    char from[SETTINGS_FROM_MAX];
    int r = DVM_OK;

    if (o->port && strcmp(o->port, "0") != 0)
        r = set(s, SETTING_PORT, o->port, "option --port");
    if (!r && o->bind)
        r = set(s, SETTING_BIND, o->bind, "option --bind");
    if (!r && o->silence)
        r = set(s, SETTING_SILENCE, o->silence, "option --silence");
    for (size_t i = 0; !r && i < o->set_count; i++) {
        size_t length = strcspn(o->set[i], "=");

        snprintf(from, sizeof from, "option --set %.*s", (int)length, o->set[i]);
        r = settings_set(s, o->set[i], length, o->set[i] + length + 1, from, SETTINGS_OPTION);
    }
    return r;
}

int config_read(struct settings *s, const struct options *o)
{
    int r = settings_read_usual(s);

    if (!r)
        r = take_options(s, o);
    if (r)
        join_mark(JOIN_SETTING);
    return r;
}

void config_log(const struct settings *s)
{
    for (size_t i = 0; i < s->note_count; i++)
        log_warning("%s", s->notes[i]);
}

void config_joined(struct settings *s, const struct cluster *c)
{
    const char *const *words = setting_row(SETTING_LANE_SECURITY)->choices;
    char text[SETTING_TEXT_MAX];

    snprintf(text, sizeof text, "%.3f s", cluster_silence(c));
    settings_force(s, SETTING_SILENCE, text, "the machine");
    settings_force(s, SETTING_LANE_SECURITY, words[cluster_lane_security(c)], "the machine");
}

/* Other computers reach this host by what it offers alone. */
static void note_offer(struct settings *s)
{
    char list[TICKET_ADDRESSES][TICKET_ADDRESS_BYTES];
    const struct setting *offer = &s->list[SETTING_OFFER];

    if (address_list(NULL, 1, list) <= 1)
        settings_note(s, "no address of this host lies in offer = %s (%s), so hosts on other "
                      "computers cannot reach it", offer->value.text, offer->from);
}

int config_addresses(struct settings *s, char *out, size_t size)
{
    const struct setting *bind = &s->list[SETTING_BIND];
    const struct setting_value *offer = settings_get(s, SETTING_OFFER);
    const char *wanted = bind->value.text;

    out[0] = '\0';
    address_offer(offer->nothing ? NULL : offer->text);
    if (bind->value.nothing && !offer->nothing)
        note_offer(s);
    if (bind->value.nothing)
        return DVM_OK;
    if (strchr(wanted, '/') && address_in(wanted, out, size))
        return DVM_OK;
    if (strchr(wanted, '/') || !address_is_own(wanted)) {
        join_mark(JOIN_BIND);
        return dvm_fail(DVM_ERR_ARG, "bind takes a numeric address of this host, such as "
                        "127.0.0.1, or a network that it has one of; \"%.80s\" (%s) is none",
                        wanted, bind->from);
    }
    snprintf(out, size, "%s", wanted);
    return DVM_OK;
}

/* ---- enforcing ------------------------------------------------------------------------- */

static void note_cgroup(struct settings *s, const struct cgroup *g)
{
    const struct setting *where = &s->list[SETTING_CGROUP];
    const struct setting_value *memory = settings_get(s, SETTING_TASK_MEMORY);
    const struct setting_value *cores = settings_get(s, SETTING_TASK_CORES);

    /* what was asked for by name and cannot be had */
    if ((int)where->value.number == CGROUP_PATH && !g->folder[0])
        settings_note(s, "cgroup = %s (%s) is of no use, so tasks have no cgroups: %s",
                      where->value.text, where->from, g->memory_why);
    if (!memory->nothing && !g->memory)
        settings_note(s, "task_memory is enforced by rlimit, for each process of a task, not by a "
                      "cgroup for all of them together: %s", g->memory_why);
    if (!cores->nothing && !g->cores)
        settings_note(s, "task_cores is enforced by binding each task to so many cores, not by a "
                      "cgroup: %s", g->cores_why);
}

void config_limits(struct settings *s, struct keeper_limits *limits, struct cgroup *cgroup)
{
    const struct setting_value *where = settings_get(s, SETTING_CGROUP);
    rlim_t files = (rlim_t)settings_number(s, SETTING_TASK_FILES);

    limits->memory = (uint64_t)settings_number(s, SETTING_TASK_MEMORY);
    limits->cores = settings_number(s, SETTING_TASK_CORES);
    limits->cgroup = cgroup;
    if (files && files > limits->files.rlim_max)
        settings_note(s, "task_files = %llu is more than this daemon may hand on, which is %llu "
                      "(ulimit -Hn)", (unsigned long long)files,
                      (unsigned long long)limits->files.rlim_max);
    else if (files)
        limits->files = (struct rlimit){files, files};
    *cgroup = (struct cgroup){.lock = -1, .memory_why = "cgroup = off",
                               .cores_why = "cgroup = off"};
    if ((int)where->number != CGROUP_OFF)
        cgroup_open(cgroup, (int)where->number == CGROUP_PATH ? where->text : "",
                    limits->memory > 0, limits->cores > 0);
    note_cgroup(s, cgroup);
}

/* ---- CONFIG ---------------------------------------------------------------------------- */

const char *config_enforced(const struct daemon *d, enum setting_key key)
{
    const struct cgroup *g = keeper_cgroup(d->keeper);

    if (settings_get(d->settings, key)->nothing)
        return "";
    switch (key) {
    case SETTING_HOST_TASKS:
    case SETTING_LOG_SIZE:
        return "dvmd";
    case SETTING_OVERSUBSCRIBE:
        return (int)settings_number(d->settings, key) == OVERSUBSCRIBE_REFUSE ? "dvmd" : "";
    case SETTING_TASK_MEMORY:
        return g && g->memory ? "cgroup" : "rlimit";
    case SETTING_TASK_CORES:
        return g && g->cores ? "cgroup" : "binding";
    case SETTING_TASK_FILES:
        return "rlimit";
    case SETTING_CGROUP:
        return g && g->folder[0] ? g->folder : "";
    default:
        return "";
    }
}

static void fill(const struct daemon *d, enum setting_key key, Dvm__Pb__Setting *to)
{
    const struct setting *from = &d->settings->list[key];

    dvm__pb__setting__init(to);
    to->name = (char *)(uintptr_t)setting_row(key)->name;
    to->value = (char *)(uintptr_t)from->value.text;
    to->number = from->value.number;
    to->from = (char *)(uintptr_t)from->from;
    to->limit = (char *)(uintptr_t)(from->limit_from[0] ? from->limit.text : "");
    to->limit_from = (char *)(uintptr_t)from->limit_from;
    to->enforced = (char *)(uintptr_t)config_enforced(d, key);
}

static void on_config(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__ConfigReply reply = DVM__PB__CONFIG_REPLY__INIT;
    Dvm__Pb__Setting rows[SETTING_COUNT], *pointers[SETTING_COUNT];
    char *notes[SETTINGS_NOTES_MAX];

    for (int key = 0; key < SETTING_COUNT; key++) {
        fill(d, (enum setting_key)key, &rows[key]);
        pointers[key] = &rows[key];
    }
    for (size_t i = 0; i < d->settings->note_count; i++)
        notes[i] = d->settings->notes[i];
    reply.settings = pointers;
    reply.n_settings = SETTING_COUNT;
    reply.notes = notes;
    reply.n_notes = d->settings->note_count;
    daemon_answer(d, CLUSTER_CONTROL, frame, DVM_CTL_CONFIG_REPLY, &reply.base);
}

const struct handler config_handlers[] = {
    {DVM_CTL_CONFIG, on_config, ROLE_ALL},
    {0, NULL, 0},
};
