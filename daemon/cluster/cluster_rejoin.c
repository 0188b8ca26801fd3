/* cluster_rejoin.c: a host that has lost its machine comes back (machine/away.c).
 *
 * A try is a look first: does anybody listen where the coordinator was? If its computer
 * says that nobody does, the coordinator has ended, and with it this host. If nothing
 * answers, the next try comes later. Only if somebody does is it asked, with this
 * daemon's own key, to be let in; that waits a moment, in which nothing else could be
 * done anyway. The nonce is the same for all tries, so that an answer that was lost
 * costs no second place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "daemon/cluster/cluster_state.h"
#include "daemon/links/probe.h"
#include "daemon/links/ticket.h"

#define LOOK_MS 1500      /* for an answer to the question who listens */
#define ASK_SECONDS 3.0   /* for an answer to REGISTER */
#define SENTENCE_BYTES 512

struct rejoin {
    struct cluster *c;    /* borrowed */
    struct ticket way;    /* of the coordinator, with this daemon's own key */
    uint8_t nonce[MACHINE_NONCE_BYTES];
    struct probe *probe;  /* owned; NULL while none is under way */
};

void cluster_rejoin_free(struct rejoin *r)
{
    if (!r)
        return;
    probe_cancel(r->probe);
    key_wipe(&r->way.key);
    free(r);
}

void cluster_away(struct cluster *c, const char *why)
{
    struct rejoin *r = calloc(1, sizeof *r);

    if (!r || getrandom(r->nonce, sizeof r->nonce, 0) != sizeof r->nonce ||
        !links_way_back(c->links, machine_coordinator(c->machine), &r->way)) {
        cluster_rejoin_free(r);
        machine_refused(c->machine, "there is no way back");
        return;
    }
    r->c = c;
    c->rejoin = r;
    cluster_probe_stop(c);
    links_forget(c->links);
    machine_message_free(&c->partial);
    memset(&c->partial, 0, sizeof c->partial);
    if (c->closing)
        return;
    if (c->events.away)
        c->events.away(c->arg, why);
    else
        machine_clear(c->machine, cluster_now());
}

void cluster_clear(struct cluster *c)
{
    machine_clear(c->machine, cluster_now());
    cluster_drain(c);
}

/* The name and what else this host says of itself are those that it had. */
static void describe(const struct rejoin *r, struct cluster_register *out)
{
    struct cluster *c = r->c;

    *out = (struct cluster_register){.protocol_min = CLUSTER_PROTOCOL_MIN,
                                     .protocol_max = CLUSTER_PROTOCOL_MAX,
                                     .host = *machine_host(c->machine, machine_self(c->machine))};
    memcpy(out->nonce, r->nonce, sizeof out->nonce);
    memcpy(out->host.key, links_key(c->links), KEY_BYTES);
    out->host.port = links_port(c->links);
    out->host.addresses = links_addresses(c->links, out->host.address);
    out->host.tasks = 0;
    out->host.change = 0;
}

static void back(struct cluster *c, const struct cluster_registered *answer, const char *address)
{
    char error[SENTENCE_BYTES];

    if (!machine_rejoined(c->machine, cluster_now(), answer->slot, answer->coordinator,
                          answer->log_index, answer->hosts, answer->count)) {
        log_warning("the coordinator gave a list of hosts that makes no sense");
        machine_unanswered(c->machine, cluster_now());
        return;
    }
    cluster_rejoin_free(c->rejoin);
    c->rejoin = NULL;
    if (cluster_enter(c, answer->coordinator, address, error, sizeof error) != 0)
        c->events.end(c->arg, EXIT_FAILURE, error);
    else if (c->events.back)
        c->events.back(c->arg);
}

static void ask(struct rejoin *r)
{
    struct cluster *c = r->c;
    struct cluster_register request;
    struct cluster_registered answer = {0};
    char address[TICKET_ADDRESS_BYTES], error[SENTENCE_BYTES] = "";
    int code;

    describe(r, &request);
    code = cluster_ask(c, &request, &r->way, ASK_SECONDS, &answer, address, error, sizeof error);
    if (code == 0)
        back(c, &answer, address);
    else if (code == DVM_ERR_TIMEOUT || code == DVM_ERR_TICKET || code == DVM_ERR_NO_MEMORY)
        machine_unanswered(c->machine, cluster_now());
    else
        machine_refused(c->machine, error);
    if (code != 0)
        log_debug("not let in again: %s", error);
    free(answer.hosts);
}

static void on_looked(void *arg, enum probe_result result)
{
    struct rejoin *r = arg;
    struct cluster *c = r->c;

    r->probe = NULL;
    switch (result) {
    case PROBE_SILENT:
        machine_unanswered(c->machine, cluster_now());
        break;
    case PROBE_ANSWERED:
        ask(r);
        break;
    case PROBE_REFUSED:
        machine_refused(c->machine, "its computer answers, but its daemon has ended");
        break;
    }
    cluster_drain(c);
}

void cluster_rejoin(struct cluster *c)
{
    struct rejoin *r = c->rejoin;

    if (!r || c->closing || r->probe)
        return;
    r->probe = probe_start(c->loop, (const char (*)[TICKET_ADDRESS_BYTES])r->way.address,
                           r->way.addresses, LOOK_MS, on_looked, r);
    if (!r->probe)
        machine_unanswered(c->machine, cluster_now());
}
