/* handlers: every control message is some handler's, or is named here as something
 * that the daemon is never asked; and who may not ask is told so. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#include "daemon/cluster.h"
#include "daemon/config.h"
#include "daemon/handler.h"
#include "daemon/lanes.h"
#include "daemon/local.h"
#include "daemon/names.h"
#include "daemon/tasks.h"
#include "daemon/watch.h"
#include "dvm.h"
#include "proto/control.h"
#include "tests/support/own_daemon.h"
#include "tests/support/raw_client.h"

#define FAR_SLOT 9 /* no such host */
#define NOTICE_TAG 5

struct message {
    int type;
    const char *name;
};

static const struct message messages[] = {
#define ROW(name, number) {number, #name},
    DVM_CONTROL_LIST(ROW)
#undef ROW
};
#define MESSAGES (sizeof messages / sizeof messages[0])

static const struct handler *const tables[] = {local_handlers, lanes_handlers, tasks_handlers,
                                              cluster_handlers, watch_handlers,
                                              config_handlers, names_handlers};
#define TABLES (sizeof tables / sizeof tables[0])

/* Taken before the router, or only ever told by a daemon: answers, and news for clients. */
static const int no_requests[] = {
    DVM_CTL_HELLO,       DVM_CTL_WELCOME,      DVM_CTL_REFUSE,      DVM_CTL_FAIL,
    DVM_CTL_OK,          DVM_CTL_PAIR_OFFER,   DVM_CTL_PAIR_READY,  DVM_CTL_HOST_EVENT,
    DVM_CTL_HOSTS_REPLY, DVM_CTL_TASKS_REPLY,  DVM_CTL_SPAWN_REPLY, DVM_CTL_TASK_EXIT,
    DVM_CTL_STDIO,       DVM_CTL_INVITE_REPLY, DVM_CTL_RESERVED,    DVM_CTL_LAUNCHED,
    DVM_CTL_GUESTS,
    DVM_CTL_EVENTS_REPLY, DVM_CTL_LOGS_REPLY,  DVM_CTL_CONFIG_REPLY,
    DVM_CTL_PROBED,      DVM_CTL_NAMES_REPLY,
    DVM_CTL_USAGE_REPLY, DVM_CTL_STAGED,       DVM_CTL_LANE_READY,  DVM_CTL_LANE_OFFER,
};

static bool is_no_request(int type)
{
    for (size_t i = 0; i < sizeof no_requests / sizeof no_requests[0]; i++)
        if (no_requests[i] == type)
            return true;
    return false;
}

/* The row of a number, or NULL; *count receives how many there are. */
static const struct handler *row_of(int type, int *count)
{
    const struct handler *found = NULL;

    *count = 0;
    for (size_t i = 0; i < TABLES; i++)
        for (const struct handler *row = tables[i]; row->function; row++)
            if (row->type == type) {
                found = row;
                ++*count;
            }
    return found;
}

static bool is_message(int type)
{
    for (size_t i = 0; i < MESSAGES; i++)
        if (messages[i].type == type)
            return true;
    return false;
}

Test(handlers, every_message_has_one_row_or_is_no_request)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        const struct message *m = &messages[i];
        int count;

        row_of(m->type, &count);
        cr_expect_eq(count, is_no_request(m->type) ? 0 : 1, "%s (%d) has %d rows%s", m->name,
                     m->type, count, is_no_request(m->type) ? " and is named as no request" : "");
        cr_expect(m->type > 0 && m->type < DVM_CTL_END, "%s is beyond the end", m->name);
        cr_expect_str_eq(dvm_control_name(m->type), m->name);
    }
}

Test(handlers, every_row_is_of_a_message_and_for_somebody)
{
    for (size_t i = 0; i < TABLES; i++)
        for (const struct handler *row = tables[i]; row->function; row++) {
            cr_expect(is_message(row->type), "there is no message %d", row->type);
            cr_expect(row->roles && !(row->roles & ~(unsigned)ROLE_ALL), "the roles of %s",
                      dvm_control_name(row->type));
        }
}

/* ---- a daemon ------------------------------------------------------------------------ */

static struct own_daemon own;

static void set_up(void)
{
    cr_assert(own_daemon_start(&own, false));
}

static void tear_down(void)
{
    cr_assert_eq(own_daemon_stop(&own), 0);
}

/* Send what this role may not; each is answered, and by FAIL. Returns how many. */
static int try_forbidden(struct raw_client *c, enum role role)
{
    int tried = 0, count, code;

    for (size_t i = 0; i < MESSAGES; i++) {
        const struct handler *row = row_of(messages[i].type, &count);
        uint64_t ref;

        if (row && (row->roles & role))
            continue;
        ref = raw_control(c, DVM_TID_DAEMON(c->slot), messages[i].type, NULL);
        cr_assert(raw_receive(c, RAW_SECONDS) > 0, "%s has no answer", messages[i].name);
        cr_assert_eq(c->frame.tag, DVM_CTL_FAIL, "%s was answered with %s", messages[i].name,
                     dvm_control_name(c->frame.tag));
        cr_assert_eq(c->frame.ref, ref);
        cr_assert(c->frame.flags & DVM_FLAG_REPLY);
        cr_assert_not_null(strstr(raw_text(c, &code), messages[i].name), "'%s' does not name %s",
                           raw_text(c, &code), messages[i].name);
        cr_assert_eq(code, DVM_ERR_UNSUPPORTED);
        tried++;
    }
    return tried;
}

static void try_role(enum role role)
{
    struct raw_client *c = raw_enrol(own.folder, (int)role, NULL);
    int tried;

    cr_assert_not_null(c);
    tried = try_forbidden(c, role);
    /* all that are no requests, and those between daemons */
    cr_assert_gt(tried, (int)(sizeof no_requests / sizeof no_requests[0]));
    raw_control(c, DVM_TID_DAEMON(c->slot), DVM_CTL_HOSTS, NULL);
    cr_assert(raw_expect(c, DVM_CTL_HOSTS_REPLY), "the daemon goes on");
    raw_close(c);
}

Test(handlers, what_a_task_may_not_ask_is_refused, .init = set_up, .fini = tear_down)
{
    try_role(ROLE_TASK);
}

Test(handlers, what_a_console_may_not_ask_is_refused, .init = set_up, .fini = tear_down)
{
    try_role(ROLE_CONSOLE);
}

/* The daemon asks the other host's itself, and must hear that it cannot be reached. */
Test(handlers, a_wish_about_a_host_that_is_not_there, .init = set_up, .fini = tear_down)
{
    struct raw_client *c = raw_enrol(own.folder, ROLE_TASK, NULL);
    Dvm__Pb__Notify m = DVM__PB__NOTIFY__INIT;
    int32_t tid = DVM_TID_MAKE(FAR_SLOT, 1);
    bool notice = false, ok = false;

    cr_assert_not_null(c);
    m.what = DVM_TASK_EXIT;
    m.tids = &tid;
    m.n_tids = 1;
    m.tag = NOTICE_TAG;
    raw_control(c, DVM_TID_DAEMON(c->slot), DVM_CTL_NOTIFY, &m.base);
    while (!(notice && ok)) {
        cr_assert(raw_receive(c, RAW_SECONDS) > 0, "nothing more is told");
        ok = ok || (c->frame.op == DVM_OP_CONTROL && c->frame.tag == DVM_CTL_OK);
        notice = notice || (c->frame.op == DVM_OP_EAGER && c->frame.kind == DVM_KIND_NOTIFY &&
                            c->frame.tag == NOTICE_TAG && c->frame.src == tid);
    }
    raw_close(c);
}

/* Notify messages have neither credit nor a place in the order of a stream. */
Test(handlers, a_task_cannot_make_a_notify_message, .init = set_up, .fini = tear_down)
{
    struct raw_client *c = raw_enrol(own.folder, ROLE_TASK, NULL);
    struct dvm_frame f = {.op = DVM_OP_EAGER, .kind = DVM_KIND_NOTIFY};
    int code;

    cr_assert_not_null(c);
    f.src = f.dst = c->tid;
    cr_assert(raw_send(c, f, NULL, 0, NULL, 0));
    cr_assert(raw_expect(c, DVM_CTL_REFUSE));
    raw_text(c, &code);
    cr_assert_eq(code, DVM_ERR_PROTOCOL);
    raw_close(c);
}
