/* join.c: asking for admission with a ticket, and answering who asks.
 *
 * The joiner tries all addresses of the ticket at once; only the daemon that has the
 * ticket's server key can answer, and the first answer wins. The question goes out
 * again and again, as nothing resends it: the coordinator knows it by its nonce.
 * Monitors tell afterwards why nobody answered: not reached, or ticket not known.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/join.h"
#include "base/setting.h"
#include "daemon/links/address.h"
#include "daemon/links/peer.h"
#include "dvm.h"

#define JOIN_RESEND_MS 500
#define JOIN_STEP_MS 20
#define JOIN_GIVE_UP_MS 5000 /* when it was reached but refuses the ticket's key */
#define JOIN_PATIENCE_MS (LINK_HANDSHAKE_MS * 9 / 10) /* a handshake that ends sooner was
                              * refused; later, the other side may only be too busy */
#define JOIN_SLOW_MS 10000   /* when all handshakes have ended late: ZeroMQ often lets one that the
                              * daemon has refused run into its time limit */
#define JOIN_NOBODY_MS 8000  /* when no address let a connection come about */
#define JOIN_ANSWER_MAX ((size_t)8 << 20) /* bytes */
#define MS_PER_SECOND 1000
#define WHERE_BYTES 200 /* of a list of addresses in a sentence */

struct attempt {
    struct dealer dealer;
    struct join *join;
    unsigned reached;  /* TCP connections that were made */
    unsigned accepted; /* handshakes that succeeded */
    uint64_t since;    /* the last connection was made then or later, ms */
    uint8_t *answer;   /* owned; size bytes, of which have have come */
    size_t size, have;
};

struct join {
    struct attempt attempts[TICKET_ADDRESSES];
    char address[TICKET_ADDRESSES][TICKET_ADDRESS_BYTES]; /* of each: those that may lead there */
    size_t count;
    unsigned refused;  /* handshakes that the other side broke off */
    unsigned late;     /* handshakes that ended without a word */
    uint64_t turn, before; /* when this turn of the loop began, and the one before, ms */
    int winner; /* -1 while there is none */
    int type;
};

/* One join message: the part from offset on of a payload of length bytes. NULL without
 * memory. Its size is in *bytes. */
static uint8_t *build(int type, const uint8_t *payload, size_t length, size_t offset,
                      size_t *bytes)
{
    size_t n = length - offset < DVM_PAYLOAD_MAX ? length - offset : DVM_PAYLOAD_MAX;
    struct link_header h = {.class = LINK_JOIN, .kind = LINK_LOOSE};
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL, .tag = type,
                              .size = length, .extra = offset, .length = (uint32_t)n};
    uint8_t *out;

    *bytes = LINK_HEADER_BYTES + DVM_FRAME_BYTES + n;
    out = malloc(*bytes);
    if (!out)
        return NULL;
    link_header_encode(out, &h);
    dvm_frame_encode(out + LINK_HEADER_BYTES, &frame);
    if (n > 0)
        memcpy(out + LINK_HEADER_BYTES + DVM_FRAME_BYTES, payload + offset, n);
    return out;
}

void links_answer(struct links *l, const struct links_joiner *joiner, int type,
                  const void *payload, size_t length)
{
    void *zmq = pool_zmq(l->router);
    size_t bytes, offset = 0;

    do {
        uint8_t *message = build(type, payload, length, offset, &bytes);

        if (!message || zmq_send(zmq, joiner->route, joiner->route_bytes,
                                 ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
            free(message);
            break; /* it will ask again */
        }
        zmq_send(zmq, message, bytes, ZMQ_DONTWAIT);
        free(message);
        offset += DVM_PAYLOAD_MAX;
    } while (offset < length);
    pool_touch(l->router);
}

/* Add a part that came; parts of an answer follow each other on a connection. */
static void take_part(struct attempt *a, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct join *j = a->join;

    if (frame->size > JOIN_ANSWER_MAX || frame->length > frame->size - a->have ||
        frame->extra != a->have || (a->have > 0 && frame->size != a->size)) {
        a->have = 0;
        if (frame->extra != 0 || frame->length > frame->size || frame->size > JOIN_ANSWER_MAX)
            return;
    }
    if (a->have == 0) {
        free(a->answer);
        a->size = frame->size;
        a->answer = malloc(a->size + 1);
    }
    if (!a->answer)
        return;
    memcpy(a->answer + a->have, payload, frame->length);
    a->have += frame->length;
    if (a->have < a->size)
        return;
    j->type = frame->tag;
    j->winner = (int)(a - j->attempts);
}

static void take_answer(struct attempt *a, const uint8_t *bytes, size_t n)
{
    struct link_header h;
    struct dvm_frame frame;

    if (a->join->winner < 0 && link_header_decode(&h, bytes, n) == 0 && h.class == LINK_JOIN &&
        dvm_frame_decode(&frame, bytes + LINK_HEADER_BYTES, n - LINK_HEADER_BYTES) == 0)
        take_part(a, &frame, bytes + LINK_HEADER_BYTES + DVM_FRAME_BYTES);
}

static bool on_answer(void *arg)
{
    struct dealer *d = arg;
    zmq_msg_t msg;
    bool got;

    zmq_msg_init(&msg);
    got = zmq_msg_recv(&msg, pool_zmq(d->socket), ZMQ_DONTWAIT) >= 0;
    if (got)
        take_answer((struct attempt *)d, zmq_msg_data(&msg), zmq_msg_size(&msg));
    zmq_msg_close(&msg);
    return got;
}

_Static_assert(offsetof(struct attempt, dealer) == 0, "an attempt begins with its dealer");

static bool is_failed_handshake(int event)
{
    return event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL ||
           event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
           event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
}

static bool on_join_event(void *arg)
{
    struct attempt *a = arg;
    uint32_t value;
    int event = dial_event(a->dealer.monitor, &value);

    if (event == ZMQ_EVENT_CONNECTED) {
        a->reached++;
        a->since = a->join->before; /* who is short of CPU reads late that it was made */
    }
    a->accepted += event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (is_failed_handshake(event) && links_now() - a->since < JOIN_PATIENCE_MS)
        a->join->refused++;
    else
        a->join->late += is_failed_handshake(event);
    return event != 0;
}

static void ask_all(struct join *j, const uint8_t *message, size_t bytes)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->attempts[i].dealer.socket) {
            zmq_send(pool_zmq(j->attempts[i].dealer.socket), message, bytes, ZMQ_DONTWAIT);
            pool_touch(j->attempts[i].dealer.socket);
        }
}

static unsigned accepted(const struct join *j)
{
    unsigned n = 0;

    for (size_t i = 0; i < j->count; i++)
        n += j->attempts[i].accepted;
    return n;
}

static unsigned reached(const struct join *j)
{
    unsigned n = 0;

    for (size_t i = 0; i < j->count; i++)
        n += j->attempts[i].reached;
    return n;
}

/* Whether some daemon was reached, but none let the ticket's key in; ms: how long it was tried. */
static bool is_unknown(const struct join *j, uint64_t ms)
{
    return accepted(j) == 0 && (j->refused > 0 || (j->late > 0 && ms > JOIN_SLOW_MS));
}

/* The addresses that were reached, or those that were not. Returns how many. */
static size_t name_addresses(const struct join *j, bool reached, char *out, size_t size)
{
    size_t used = 0, n = 0;

    out[0] = 0;
    for (size_t i = 0; i < j->count; i++)
        if ((j->attempts[i].reached > 0) == reached) {
            if (used < size)
                used += (size_t)snprintf(out + used, size - used, "%s%s", n ? ", " : "",
                                         j->address[i]);
            n++;
        }
    return n;
}

/* ms: how long it was tried. */
static int explain(const struct join *j, const struct ticket *t, uint64_t ms, char *error,
                   size_t size)
{
    char yes[WHERE_BYTES], no[WHERE_BYTES];
    const char *busy = j->refused > 0 ? "" : "; or who answers there is no daemon, or too busy";
    size_t missed = name_addresses(j, false, no, sizeof no);

    name_addresses(j, true, yes, sizeof yes);
    if (j->count == 0) {
        join_mark(JOIN_DIAL_BACK);
        snprintf(error, size, "the machine listens on an address of its own computer only (%s), "
                 "which nobody else reaches", endpoint_shown(t->address[0]));
        return DVM_ERR_TIMEOUT;
    }
    if (is_unknown(j, ms) && t->awaited) {
        join_mark(JOIN_TICKET_UNKNOWN);
        snprintf(error, size, "nobody of the machine has admitted the key of this host within "
                 "%.0f s: its hoster, or who asked it, did not pass it on",
                 (double)ms / MS_PER_SECOND);
        return DVM_ERR_TICKET;
    }
    if (is_unknown(j, ms) && missed == 0) {
        join_mark(JOIN_TICKET_UNKNOWN);
        snprintf(error, size, "a daemon was reached at %s, but it does not know this ticket: it "
                 "is altered, too old, or of a machine that has ended%s", yes, busy);
        return DVM_ERR_TICKET;
    }
    if (is_unknown(j, ms)) {
        join_mark(JOIN_WRONG_DAEMON);
        snprintf(error, size, "the daemon at %s does not know this ticket: it is another "
                 "machine's, or the ticket is altered or too old%s; and nobody was reached at %s",
                 yes, busy, no);
        return DVM_ERR_TICKET;
    }
    join_mark(JOIN_DIAL_BACK);
    snprintf(error, size, "no daemon answered at %s%s%s within %.0f s: is the machine running, and "
             "does the firewall let this port through?", yes, yes[0] && no[0] ? ", " : "", no,
             (double)ms / MS_PER_SECOND);
    return DVM_ERR_TIMEOUT;
}

/* Whether more time will not help. */
static bool is_hopeless(const struct join *j, uint64_t ms, bool awaited, bool patient)
{
    if (!awaited && ms > JOIN_GIVE_UP_MS && is_unknown(j, ms))
        return true;
    return !patient && ms > JOIN_NOBODY_MS && reached(j) == 0;
}

static void run(struct links *l, struct join *j, double timeout, bool awaited,
                const uint8_t *message, size_t bytes)
{
    bool patient = !awaited && timeout > SETTING_JOIN_S; /* the network may come later */
    uint64_t begin = links_now(), next = begin;
    uint64_t end = begin + (j->count > 0 ? (uint64_t)(timeout * MS_PER_SECOND) : 0);
    unsigned asked = 0; /* how many connections stood when it was asked last */

    j->turn = begin;
    for (uint64_t now = begin; j->winner < 0 && now < end; now = links_now()) {
        j->before = j->turn;
        j->turn = now;
        if (accepted(j) > asked || now >= next) {
            asked = accepted(j);
            ask_all(j, message, bytes);
            next = now + JOIN_RESEND_MS;
        }
        if (is_hopeless(j, now - begin, awaited, patient))
            break;
        pool_wait(l->pool, JOIN_STEP_MS);
    }
}

/* The address to use from now on. Over loopback a coordinator on this computer stays in
 * reach whatever becomes of interfaces and their addresses. (That it is the right one
 * its key has proved.) */
static size_t choose(const struct join *j)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->attempts[i].accepted &&
            (strncmp(j->address[i], "127.", 4) == 0 || strncmp(j->address[i], "[::1]", 5) == 0))
            return i;
    return (size_t)j->winner;
}

/* A try at each address of the ticket that may lead there from here, all at once. */
static void open_all(struct links *l, struct join *j, const struct ticket *t,
                     const struct key_pair *key)
{
    j->winner = -1;
    for (size_t i = 0; i < t->addresses; i++)
        j->count += endpoint_resolve(t->address[i], j->address[j->count]);
    for (size_t i = 0; i < j->count; i++) {
        j->attempts[i].join = j;
        j->attempts[i].dealer.links = l;
        dial_open(&j->attempts[i].dealer, j->address[i], t->server, key, on_answer,
                  on_join_event);
    }
}

static void close_all(struct join *j)
{
    for (size_t i = 0; i < j->count; i++) {
        dial_close(&j->attempts[i].dealer);
        free(j->attempts[i].answer);
    }
}

int links_join(struct links *l, const struct ticket *t, double timeout, int *type,
               const void *payload, size_t payload_bytes, uint8_t **answer, size_t *length,
               char *address, char *error, size_t size)
{
    struct join *j = calloc(1, sizeof *j);
    struct key_pair key = t->key;
    uint64_t begin = links_now();
    size_t bytes;
    uint8_t *message = build(*type, payload, payload_bytes, 0, &bytes);
    int code = DVM_ERR_NO_MEMORY;

    snprintf(error, size, "no memory to join");
    if (j && message && key_derive(&key) == 0) {
        open_all(l, j, t, &key);
        run(l, j, timeout, t->awaited, message, bytes);
        code = j->winner >= 0 ? 0 : explain(j, t, links_now() - begin, error, size);
        if (code == 0) {
            *type = j->type;
            *answer = j->attempts[j->winner].answer;
            *length = j->attempts[j->winner].size;
            j->attempts[j->winner].answer = NULL;
            memcpy(address, j->address[choose(j)], TICKET_ADDRESS_BYTES);
        }
        close_all(j);
    }
    key_wipe(&key);
    free(message);
    free(j);
    return code;
}
