/* zap.c: the implementation of zap.h: a REP socket at the address that libzmq asks,
 * read in the daemon's loop like every other socket.
 *
 * A request has seven parts: version, request id, domain, address, routing id,
 * mechanism, key; the answer six: version, request id, status, text, user, metadata.
 */
#include "daemon/links/zap.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "dvm.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_VERSION "1.0"
#define ZAP_PARTS 7
#define ZAP_PART_BYTES 256 /* longer parts are cut; none that counts is */

struct entry {
    uint8_t key[KEY_BYTES];
    char user[ZAP_USER_BYTES];
};

struct zap {
    struct pool_socket *socket;
    struct entry *entries;
    size_t count, room;
    size_t refused;
};

struct part {
    char bytes[ZAP_PART_BYTES];
    size_t size;
};

static struct entry *find(const struct zap *z, const uint8_t *key)
{
    for (size_t i = 0; i < z->count; i++)
        if (memcmp(z->entries[i].key, key, KEY_BYTES) == 0)
            return &z->entries[i];
    return NULL;
}

/* Read one request. Returns how many parts it had, 0 for none there. */
static int receive(void *zmq, struct part parts[ZAP_PARTS])
{
    int n = 0, more = 1;
    size_t size = sizeof more;

    while (more) {
        struct part spare, *p = n < ZAP_PARTS ? &parts[n] : &spare;
        int got = zmq_recv(zmq, p->bytes, sizeof p->bytes, ZMQ_DONTWAIT);

        if (got < 0)
            return 0;
        p->size = (size_t)got > sizeof p->bytes ? sizeof p->bytes : (size_t)got;
        n++;
        if (zmq_getsockopt(zmq, ZMQ_RCVMORE, &more, &size) != 0)
            return 0;
    }
    return n;
}

static bool same(const struct part *p, const char *text)
{
    return p->size == strlen(text) && memcmp(p->bytes, text, p->size) == 0;
}

static bool on_request(void *arg)
{
    struct zap *z = arg;
    void *zmq = pool_zmq(z->socket);
    struct part parts[ZAP_PARTS];
    const struct entry *e = NULL;
    int n = receive(zmq, parts);

    if (n == 0)
        return false;
    if (n == ZAP_PARTS && same(&parts[0], ZAP_VERSION) && same(&parts[2], ZAP_DOMAIN) &&
        same(&parts[5], "CURVE") && parts[6].size == KEY_BYTES)
        e = find(z, (const uint8_t *)parts[6].bytes);
    if (!e)
        z->refused++;
    zmq_send(zmq, ZAP_VERSION, strlen(ZAP_VERSION), ZMQ_SNDMORE);
    zmq_send(zmq, parts[1].bytes, n > 1 ? parts[1].size : 0, ZMQ_SNDMORE);
    zmq_send(zmq, e ? "200" : "300", strlen("200"), ZMQ_SNDMORE);
    zmq_send(zmq, "", 0, ZMQ_SNDMORE);
    zmq_send(zmq, e ? e->user : "", e ? strlen(e->user) : 0, ZMQ_SNDMORE);
    zmq_send(zmq, "", 0, 0);
    pool_touch(z->socket);
    return true;
}

struct zap *zap_create(struct pool *pool)
{
    struct zap *z = calloc(1, sizeof *z);

    if (!z)
        return NULL;
    z->socket = pool_open(pool, ZMQ_REP, on_request, z);
    if (!z->socket || zmq_bind(pool_zmq(z->socket), ZAP_ENDPOINT) != 0) {
        pool_close(z->socket);
        free(z);
        return NULL;
    }
    return z;
}

void zap_destroy(struct zap *z)
{
    if (!z)
        return;
    pool_close(z->socket);
    free(z->entries);
    free(z);
}

int zap_allow(struct zap *z, const uint8_t key[KEY_BYTES], const char *user)
{
    struct entry *e = find(z, key);

    if (!e && z->count == z->room) {
        size_t room = z->room ? 2 * z->room : 16;
        struct entry *more = realloc(z->entries, room * sizeof *more);

        if (!more)
            return DVM_ERR_NO_MEMORY;
        z->entries = more;
        z->room = room;
    }
    if (!e) {
        e = &z->entries[z->count++];
        memcpy(e->key, key, KEY_BYTES);
    }
    snprintf(e->user, sizeof e->user, "%s", user);
    return 0;
}

void zap_deny(struct zap *z, const uint8_t key[KEY_BYTES])
{
    struct entry *e = find(z, key);

    if (e)
        *e = z->entries[--z->count];
}

size_t zap_refused(const struct zap *z)
{
    return z->refused;
}
