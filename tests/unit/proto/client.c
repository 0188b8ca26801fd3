/* The console's connection: long messages in parts, errors of a daemon that is
 * silent, refuses, goes away, or sends what is no message. */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/runtime.h"
#include "proto/client.h"
#include "proto/control.pb-c.h"
#include "tests/support/acting_daemon.h"

#define LONG_BYTES 300000 /* more than four frames */
#define LONG 60.0         /* seconds that an answer may take */
#define SHORT 0.5         /* seconds without one */

static size_t parts_seen, bytes_seen;

static void serve(int client, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__InviteReply reply = DVM__PB__INVITE_REPLY__INIT;
    Dvm__Pb__HostEvent e = DVM__PB__HOST_EVENT__INIT;
    Dvm__Pb__Host h = DVM__PB__HOST__INIT;
    Dvm__Pb__Refuse fail = DVM__PB__REFUSE__INIT;
    char *text, byte;

    switch (f->tag) {
    case DVM_CTL_INVITE: /* answered by a text of LONG_BYTES, in parts */
        text = malloc(LONG_BYTES + 1);
        memset(text, 'x', LONG_BYTES);
        text[LONG_BYTES] = '\0';
        reply.ticket = text;
        acting_send(client, DVM_CTL_STDIO, NULL); /* something else comes first */
        acting_reply_parts(client, f, DVM_CTL_INVITE_REPLY, &reply.base, 1000);
        free(text);
        break;
    case DVM_CTL_SPAWN: /* counted, and answered when complete */
        parts_seen++;
        bytes_seen += f->length;
        if (f->extra + f->length == f->size) {
            reply.ticket = (char *)(bytes_seen == f->size && parts_seen > 4 ? "good" : "bad");
            acting_reply(client, f, DVM_CTL_INVITE_REPLY, &reply.base);
        }
        break;
    case DVM_CTL_TASKS: /* the host goes down instead of answering */
        h.slot = 2;
        h.name = (char *)"two";
        e.event = 3;
        e.host = &h;
        acting_send(client, DVM_CTL_HOST_EVENT, &e.base);
        break;
    case DVM_CTL_HALT:
        close(client);
        break;
    case DVM_CTL_ABORT: /* told why, then cut off with something unread */
        fail.code = DVM_ERR_CLOSING;
        fail.text = (char *)"the coordinator sim1 was lost";
        if (recv(client, &byte, 1, MSG_PEEK) < 0) /* until the second request is there */
            abort();
        acting_send(client, DVM_CTL_REFUSE, &fail.base);
        close(client);
        break;
    case DVM_CTL_KILL:
        if (send(client, "no frame", 8, 0) < 0)
            abort();
        break;
    case DVM_CTL_REMOVE:
        acting_fail(client, f, DVM_ERR_NO_HOST, "there is no such host");
        break;
    default: /* silence */
        break;
    }
}

static struct acting daemon_;
static struct client *client;

static void begin(void)
{
    int fd;

    acting_start(&daemon_, serve);
    cr_assert_eq(runtime_connect(daemon_.folder, &fd), DVM_OK, "%s", dvm_last_error());
    cr_assert_eq(client_open(&client, fd, "test", false), DVM_OK, "%s", dvm_last_error());
}

static void end(void)
{
    client_close(client);
    acting_stop(&daemon_);
}

TestSuite(client, .init = begin, .fini = end, .timeout = 240);

static int call(int slot, int type, int want, struct dvm_frame *f, const uint8_t **payload)
{
    return client_call(client, DVM_TID_DAEMON(slot), type, NULL, want, f, payload, LONG);
}

Test(client, welcome)
{
    cr_expect_eq(client_info(client)->tid, ACTING_CONSOLE_TID);
    cr_expect_eq(client_info(client)->slot, 1);
    cr_expect_str_eq(client_info(client)->machine, "fake");
    cr_expect_str_eq(client_info(client)->host, "fake1");
}

Test(client, long_answer_in_parts)
{
    Dvm__Pb__InviteReply *reply;
    struct dvm_frame f;
    const uint8_t *payload;

    cr_assert_eq(call(1, DVM_CTL_INVITE, DVM_CTL_INVITE_REPLY, &f, &payload), DVM_OK, "%s",
                 dvm_last_error());
    reply = dvm__pb__invite_reply__unpack(NULL, f.length, payload);
    cr_assert_not_null(reply);
    cr_expect_eq(strlen(reply->ticket), LONG_BYTES);
    dvm__pb__invite_reply__free_unpacked(reply, NULL);
}

Test(client, long_request_in_parts)
{
    Dvm__Pb__Spawn s = DVM__PB__SPAWN__INIT;
    Dvm__Pb__InviteReply *reply;
    struct dvm_frame f;
    const uint8_t *payload;

    s.program = calloc(1, LONG_BYTES + 1);
    cr_assert_not_null(s.program);
    memset(s.program, 'y', LONG_BYTES);
    cr_assert_eq(client_call(client, DVM_TID_DAEMON(1), DVM_CTL_SPAWN, &s.base,
                             DVM_CTL_INVITE_REPLY, &f, &payload, LONG),
                 DVM_OK, "%s", dvm_last_error());
    reply = dvm__pb__invite_reply__unpack(NULL, f.length, payload);
    cr_expect_str_eq(reply->ticket, "good");
    dvm__pb__invite_reply__free_unpacked(reply, NULL);
    free(s.program);
}

Test(client, errors)
{
    struct dvm_frame f;
    const uint8_t *payload;

    cr_expect_eq(call(1, DVM_CTL_REMOVE, DVM_CTL_OK, &f, &payload), DVM_ERR_NO_HOST);
    cr_expect_str_eq(dvm_last_error(), "there is no such host");
    cr_expect_eq(call(2, DVM_CTL_TASKS, DVM_CTL_TASKS_REPLY, &f, &payload), DVM_ERR_HOST_GONE);
    cr_expect(strstr(dvm_last_error(), "host two was lost"), "%s", dvm_last_error());
    cr_expect_eq(client_call(client, DVM_TID_DAEMON(1), DVM_CTL_NOTIFY, NULL, DVM_CTL_OK, &f,
                             &payload, SHORT), DVM_ERR_TIMEOUT);
    cr_expect(strstr(dvm_last_error(), "no answer to NOTIFY"), "%s", dvm_last_error());
    cr_expect_eq(call(1, DVM_CTL_INVITE, DVM_CTL_OK, &f, &payload), DVM_ERR_PROTOCOL);
    cr_expect_eq(call(1, DVM_CTL_KILL, DVM_CTL_OK, &f, &payload), DVM_ERR_PROTOCOL);
    cr_expect_eq(client_receive(client, &f, &payload, 0), DVM_ERR_TIMEOUT);
}

Test(client, daemon_gone)
{
    struct dvm_frame f;
    const uint8_t *payload;

    cr_expect_eq(call(1, DVM_CTL_HALT, DVM_CTL_OK, &f, &payload), DVM_ERR_LOST_DAEMON);
    cr_expect(strstr(dvm_last_error(), "host fake1 was lost"), "%s", dvm_last_error());
}

/* What a daemon says before it ends is heard, though it did not read everything. */
Test(client, daemon_ends_in_words)
{
    struct dvm_frame f;
    const uint8_t *payload;
    int dst = DVM_TID_DAEMON(1);

    cr_assert_eq(client_send(client, dst, DVM_CTL_ABORT, NULL, NULL), DVM_OK);
    cr_assert_eq(client_send(client, dst, DVM_CTL_PING, NULL, NULL), DVM_OK);
    cr_expect_eq(client_receive(client, &f, &payload, LONG), DVM_ERR_LOST_DAEMON);
    cr_expect_str_eq(dvm_last_error(),
                     "the daemon of host fake1 has ended: the coordinator sim1 was lost");
    cr_expect_eq(client_receive(client, &f, &payload, LONG), DVM_ERR_LOST_DAEMON);
    cr_expect(strstr(dvm_last_error(), "the coordinator sim1 was lost"), "%s", dvm_last_error());
    cr_expect_eq(client_send(client, dst, DVM_CTL_PING, NULL, NULL), DVM_ERR_LOST_DAEMON);
    cr_expect(strstr(dvm_last_error(), "the coordinator sim1 was lost"), "%s", dvm_last_error());
}

/* The daemon's end of a socket pair that does what a thread says. */
static void *refuse(void *arg)
{
    int fd = *(int *)arg;
    uint8_t bytes[DVM_FRAME_MAX];
    struct dvm_frame f;
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);

    if (got > 0 && !dvm_frame_decode(&f, bytes, (size_t)got)) {
        Dvm__Pb__Refuse r = DVM__PB__REFUSE__INIT;

        r.code = DVM_ERR_VERSION;
        r.text = (char *)"dvm 0.1.0 is too old for dvmd 7.0.0";
        acting_reply(fd, &f, DVM_CTL_REFUSE, &r.base);
    }
    close(fd);
    return NULL;
}

Test(client, refused_in_words)
{
    struct client *other = NULL;
    pthread_t thread;
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    cr_assert_eq(pthread_create(&thread, NULL, refuse, &ends[1]), 0);
    cr_expect_eq(client_open(&other, ends[0], "test", false), DVM_ERR_VERSION);
    cr_expect_null(other);
    cr_expect_str_eq(dvm_last_error(), "dvm 0.1.0 is too old for dvmd 7.0.0");
    pthread_join(thread, NULL);
}

/* The daemon had no memory for the connection: it said so before it has read HELLO, and closed. */
Test(client, refused_before_it_has_spoken)
{
    Dvm__Pb__Refuse refuse = DVM__PB__REFUSE__INIT;
    const struct dvm_frame nothing = {.src = 1 << DVM_TID_N_BITS};
    struct client *other = NULL;
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    refuse.code = DVM_ERR_NO_MEMORY;
    refuse.text = (char *)"no memory for another connection";
    acting_reply(ends[1], &nothing, DVM_CTL_REFUSE, &refuse.base);
    close(ends[1]);
    cr_expect_eq(client_open(&other, ends[0], "test", false), DVM_ERR_NO_MEMORY);
    cr_expect_null(other);
    cr_expect_str_eq(dvm_last_error(), "no memory for another connection");
}
