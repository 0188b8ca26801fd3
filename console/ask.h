/* ask.h: several requests at the same time, each with its own result. */
#ifndef DVM_CONSOLE_ASK_H
#define DVM_CONSOLE_ASK_H

#include "base/error.h"
#include "proto/client.h"
#include "proto/control.pb-c.h"

/* How long a daemon may take to answer, seconds. */
#define ASK_SECONDS 10.0

struct ask {
    int dst, type, want;             /* to whom, what, and the type of the answer */
    const ProtobufCMessage *message; /* borrowed, may be NULL */
    /* made by ask_all */
    uint64_t ref;
    int result;                      /* DVM_OK, or why it failed */
    char sentence[DVM_SENTENCE_MAX]; /* of a failure */
    uint8_t *payload;                /* of the answer, owned */
    size_t length;
};

/* Send all of count requests, then wait until each is answered or has failed, at
 * most timeout seconds in all. Returns how many failed. */
size_t ask_all(struct client *client, struct ask *list, size_t count, double timeout);

/* Told of each request when it is answered or has failed. */
typedef void ask_done_f(void *arg, struct ask *a);

/* As ask_all, telling done of each at once. timeout: negative waits for ever. */
size_t ask_each(struct client *client, struct ask *list, size_t count, double timeout,
                ask_done_f *done, void *arg);

/* Free the answers. */
void ask_free(struct ask *list, size_t count);

/* The machine's hosts, in order of slots. *out is to be freed with
 * dvm__pb__hosts_reply__free_unpacked. Errors: those of client_call. */
int ask_hosts(struct client *client, Dvm__Pb__HostsReply **out);

#endif
