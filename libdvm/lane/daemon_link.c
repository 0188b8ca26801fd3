/* daemon_link.c: control messages over the link: who handles which, and requests
 * that wait for their answers.
 *
 * A request is a record on its caller's stack, linked here by its ref while it is
 * open. It ends with its answer, with the loss of the host it went to, or with
 * its time limit; an answer that comes later finds no record and is dropped.
 */
#include "lane/daemon_link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/board.h"
#include "lane/lane.h"
#include "lane/uplink.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"

#define FUNCTIONS_MAX 4 /* that share one number */

/* Which public call asks, for the board. */
struct daemon_asker {
    enum dvm_board_call call;
    uintptr_t site;
    int waits_for; /* the task whose end is waited for, 0: the daemon itself */
};

struct request {
    struct request *next;
    uint64_t ref;
    int slot; /* of the host it went to */
    struct daemon_asker asker;
    bool done;
    size_t whole; /* bytes of the answer, by its first frame */
    int error; /* of the host's loss, or of keeping the answer, and its sentence */
    char text[DVM_SENTENCE_MAX];
    struct daemon_answer answer;
};

static daemon_control_f *functions[DVM_CTL_END][FUNCTIONS_MAX];
static struct request *open_requests;
static uint64_t last_ref;
static struct daemon_asker asker;
int (*uplink_wait)(bool (*done)(void *arg), void *arg, double timeout,
                   const struct board_subject *subject);

void daemon_link_register(int type, daemon_control_f *function)
{
    assert(type > 0 && type < DVM_CTL_END);
    for (int i = 0; i < FUNCTIONS_MAX; i++) {
        if (functions[type][i] == function)
            return;
        if (!functions[type][i]) {
            functions[type][i] = function;
            return;
        }
    }
    assert(!"a control number has room for one more function");
}

void daemon_link_reset(void)
{
    memset(functions, 0, sizeof functions);
    open_requests = NULL;
    asker = (struct daemon_asker){0};
}

int daemon_link_control(int dst, int type, uint64_t ref, const void *payload, size_t length,
                        const int *fds, int fd_count)
{
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                              .src = uplink_self(), .dst = dst, .tag = type, .size = length,
                              .ref = ref};
    int rc;

    if (length > DAEMON_LINK_MAX)
        return dvm_fail(DVM_ERR_LIMIT,
                        "a %s message of %zu bytes is longer than the %d that fit: make "
                        "arguments or environment smaller",
                        dvm_control_name(type), length, DAEMON_LINK_MAX);
    do {
        size_t left = length - frame.extra;

        frame.length = left < DVM_PAYLOAD_MAX ? (uint32_t)left : DVM_PAYLOAD_MAX;
        rc = uplink_send(&frame, length ? (const uint8_t *)payload + frame.extra : NULL, fds,
                         frame.extra == 0 ? fd_count : 0);
        frame.extra += frame.length;
    } while (rc == DVM_OK && frame.extra < length);
    return rc;
}

static struct request *request_with(uint64_t ref)
{
    struct request *r = open_requests;

    while (r && r->ref != ref)
        r = r->next;
    return r;
}

/* Take an answer, or one part of a long one (size says how long, extra where the part
 * belongs; parts come in order). */
static void request_answer(struct request *r, const struct dvm_frame *frame,
                           const uint8_t *payload)
{
    if (frame->extra == 0) {
        r->whole = frame->size > frame->length ? frame->size : frame->length;
        free(r->answer.payload);
        r->answer.type = frame->tag;
        r->answer.length = 0;
        /* never of 0 bytes, so that NULL means: no memory */
        r->answer.payload = r->whole <= DAEMON_LINK_MAX ? malloc(r->whole + 1) : NULL;
    }
    /* what later frames say of the size does not count: room is for the first's */
    if (r->answer.payload && frame->extra == r->answer.length &&
        frame->length <= r->whole - r->answer.length) {
        memcpy(r->answer.payload + r->answer.length, payload, frame->length);
        r->answer.length += frame->length;
        r->done = r->answer.length == r->whole;
        return;
    }
    r->done = true;
    r->error = DVM_ERR_NO_MEMORY;
    snprintf(r->text, sizeof r->text, "no memory for an answer of %zu bytes", r->whole);
}

/* The last word of a daemon that cuts this task off. */
static void on_refuse(const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Refuse *refuse = dvm__pb__refuse__unpack(NULL, frame->length, payload);

    if (refuse)
        uplink_refused(refuse->text);
    dvm__pb__refuse__free_unpacked(refuse, NULL);
}

void daemon_link_dispatch(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                          int fd_count)
{
    struct request *r = NULL;
    bool handled = false;

    if (frame->flags & DVM_FLAG_REPLY)
        r = request_with(frame->ref);
    if (DVM_TID_N(frame->src) != 0) {
        /* another task can address this one, but has nothing to say about the machine */
        lane_complain("dropped a %s of tid %#x, which is no daemon",
                      dvm_control_name(frame->tag), frame->src);
    } else if (r && !r->done) {
        request_answer(r, frame, payload);
    } else if (frame->tag == DVM_CTL_REFUSE) {
        on_refuse(frame, payload);
    } else if (frame->tag > 0 && frame->tag < DVM_CTL_END) {
        for (int i = 0; i < FUNCTIONS_MAX && functions[frame->tag][i]; i++) {
            functions[frame->tag][i](frame, payload, i ? NULL : fds, i ? 0 : fd_count);
            handled = true;
        }
    }
    for (int i = 0; i < fd_count && !handled; i++)
        close(fds[i]);
}

void daemon_link_host_gone(int slot, const char *text)
{
    for (struct request *r = open_requests; r; r = r->next) {
        if (r->slot != slot || r->done)
            continue;
        r->done = true;
        r->error = DVM_ERR_HOST_GONE;
        snprintf(r->text, sizeof r->text, "%s", text);
    }
}

void daemon_link_asker(enum dvm_board_call call, uintptr_t site, int waits_for)
{
    asker = (struct daemon_asker){.call = call, .site = site, .waits_for = waits_for};
}

static bool request_done(void *arg)
{
    return ((struct request *)arg)->done;
}

static void request_describe_wait(void *arg, struct dvm_wait *wait)
{
    const struct request *r = arg;

    wait->why = r->asker.waits_for ? DVM_BOARD_END : DVM_BOARD_ANSWER;
    wait->tag = DVM_ANY;
    wait->peer = r->asker.waits_for ? r->asker.waits_for : DVM_TID_DAEMON(r->slot);
}

static void request_close(struct request *r)
{
    struct request **at = &open_requests;

    while (*at && *at != r)
        at = &(*at)->next;
    if (*at)
        *at = r->next;
}

/* The code and sentence of a FAIL. */
static int answer_failed(struct daemon_answer *answer, int type)
{
    Dvm__Pb__Fail *fail = dvm__pb__fail__unpack(NULL, answer->length, answer->payload);
    int code = DVM_ERR_PROTOCOL;

    if (fail && fail->code < 0)
        code = dvm_fail(fail->code, "%s", *fail->text ? fail->text : dvm_error_text(fail->code));
    else
        dvm_fail(code, "the answer to %s makes no sense", dvm_control_name(type));
    dvm__pb__fail__free_unpacked(fail, NULL);
    free(answer->payload);
    return code;
}

int daemon_link_request(int dst, int type, const void *payload, size_t length, double timeout,
                        struct daemon_answer *answer)
{
    struct request r = {.ref = ++last_ref, .slot = dst >> DVM_TID_N_BITS, .asker = asker};
    const struct board_subject subject = {.call = asker.call ? asker.call : DVM_BOARD_REQUEST,
                                          .site = asker.site,
                                          .describe = request_describe_wait};
    int rc;

    r.next = open_requests;
    open_requests = &r;
    rc = daemon_link_control(dst, type, r.ref, payload, length, NULL, 0);
    if (!rc)
        rc = uplink_wait(request_done, &r, timeout, &subject);
    request_close(&r);
    if (r.done)
        rc = r.error ? dvm_fail(r.error, "%s", r.text) : DVM_OK;
    else if (rc == DVM_ERR_TIMEOUT)
        dvm_fail(rc, "no answer to %s from the daemon of host slot %d within %g s",
                 dvm_control_name(type), r.slot, timeout);
    if (rc) {
        free(r.answer.payload);
        return rc;
    }
    if (r.answer.type == DVM_CTL_FAIL)
        return answer_failed(&r.answer, type);
    *answer = r.answer;
    return DVM_OK;
}
