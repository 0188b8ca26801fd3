/* ask.h: several requests at the same time, each with its own result. */
#ifndef DVM_CONSOLE_ASK_H
#define DVM_CONSOLE_ASK_H

#include "base/error.h"
#include "proto/client.h"
#include "proto/control.pb-c.h"

/* How long a daemon may take to answer, seconds. */
#define ASK_SECONDS 30.0

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

/* What is done while requests are open; each may be NULL. Both may ask again, or what was
 * not asked before, by ask_send. */
struct ask_calls {
    /* a was answered or has failed */
    void (*done)(void *arg, struct ask *a);
    /* a host came or went */
    void (*host)(void *arg, const Dvm__Pb__HostEvent *event);
    void *arg;
};

/* As ask_all, telling calls of everything at once. Entries with dst 0 are not asked.
 * timeout: negative waits for ever. */
size_t ask_each(struct client *client, struct ask *list, size_t count, double timeout,
                const struct ask_calls *calls);

/* Send one request of a list that ask_each works on, from one of its calls, dropping the
 * answer to the one before. Returns DVM_OK or the error, which a holds then, too. */
int ask_send(struct client *client, struct ask *a);

/* Free the answers. */
void ask_free(struct ask *list, size_t count);

/* The machine's hosts, in order of slots. *out is to be freed with
 * dvm__pb__hosts_reply__free_unpacked. Errors: those of client_call. */
int ask_hosts(struct client *client, Dvm__Pb__HostsReply **out);

#endif
