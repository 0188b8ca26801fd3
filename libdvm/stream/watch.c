/* watch.c: learning that other tasks and hosts have ended.
 *
 * The daemon is asked (WATCH) when a stream to a task has more than one frame to
 * send, or one that needs an answer, and before this task sleeps in a receive from
 * one; a single word to a task that has ended is answered with GONE all the same.
 * GONE comes behind everything that the task had sent by the relay; what lies in
 * the task's ring is taken in before the stream is declared gone. A lost host ends
 * all streams with its tasks, and is remembered for tids that are named later.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lane/daemon_link.h"
#include "lane/uplink.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/event.h"
#include "stream/stream.h"

#define WATCH_REF (UINT64_C(1) << 63) /* marks the ref of a WATCH; its tid is below */
#define WATCH_BYTES 32                /* of a packed Watch, at most */

static struct {
    const struct stream_up *up;
    struct stream *wanted;           /* to be watched before sleeping */
    char *lost[DVM_SLOT_MAX + 1];    /* of hosts that are gone: which and why; else NULL */
} watch;

void stream_watch(struct stream *s)
{
    Dvm__Pb__Watch request = DVM__PB__WATCH__INIT;
    uint8_t buffer[WATCH_BYTES];

    if (s->watched || s->gone)
        return;
    s->watched = true;
    request.tid = s->peer.tid;
    daemon_link_control(DVM_TID_DAEMON(s->peer.tid >> DVM_TID_N_BITS), DVM_CTL_WATCH,
                        WATCH_REF | (uint32_t)s->peer.tid, buffer,
                        dvm__pb__watch__pack(&request, buffer), NULL, 0);
}

void stream_watch_later(struct stream *s)
{
    /* a daemon's end is told to all (HOST_EVENT) */
    if (s->watched || s->wanted || s->gone || DVM_TID_N(s->peer.tid) == 0)
        return;
    s->wanted = true;
    s->next_wanted = watch.wanted;
    watch.wanted = s;
}

void stream_watch_now(void)
{
    while (watch.wanted) {
        struct stream *s = watch.wanted;

        watch.wanted = s->next_wanted;
        s->wanted = false;
        stream_watch(s);
    }
}

static void on_gone(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                    int fd_count)
{
    Dvm__Pb__Gone *gone = dvm__pb__gone__unpack(NULL, frame->length, payload);
    struct stream *s = NULL;
    char text[DVM_SENTENCE_MAX];

    if (gone && DVM_TID_OK(gone->tid) && DVM_TID_N(frame->src) == 0 && gone->tid != lane_self())
        s = stream_of(gone->tid);
    if (s) {
        int code = gone->code < 0 ? gone->code : DVM_ERR_TASK_GONE;

        if (code == DVM_ERR_NO_TASK && *gone->text) /* says so itself */
            snprintf(text, sizeof text, "%s", gone->text);
        else if (code == DVM_ERR_NO_TASK)
            snprintf(text, sizeof text, "there is no task %#x", gone->tid);
        else
            snprintf(text, sizeof text, "task %#x has ended: %s", gone->tid,
                     *gone->text ? gone->text : dvm_error_text(code));
        stream_gone(s, code, text, gone->left);
    } else {
        lane_complain("a word about an ended task makes no sense");
    }
    dvm__pb__gone__free_unpacked(gone, NULL);
}

/* A WATCH was refused: there is no such host. */
static void on_fail(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                    int fd_count)
{
    Dvm__Pb__Fail *fail;
    struct stream *s;
    char text[DVM_SENTENCE_MAX];
    int tid = (int)(uint32_t)frame->ref;

    if (!(frame->ref & WATCH_REF) || !DVM_TID_OK(tid))
        return;
    s = stream_known(tid);
    fail = dvm__pb__fail__unpack(NULL, frame->length, payload);
    if (s && fail) {
        snprintf(text, sizeof text, "there is no task %#x: %s", tid, fail->text);
        stream_gone(s, fail->code < 0 ? fail->code : DVM_ERR_NO_TASK, text, false);
    }
    dvm__pb__fail__free_unpacked(fail, NULL);
}

/* That it is gone must be known, also when there is no memory for its name. */
static char nameless[] = "its host is gone";

static void forget_lost(int slot)
{
    if (watch.lost[slot] != nameless)
        free(watch.lost[slot]);
    watch.lost[slot] = NULL;
}

static void remember_lost(int slot, const char *text)
{
    forget_lost(slot);
    watch.lost[slot] = strdup(text);
    if (!watch.lost[slot])
        watch.lost[slot] = nameless;
}

static void host_gone(int slot, const char *text)
{
    char sentence[DVM_SENTENCE_MAX];

    remember_lost(slot, text);
    daemon_link_host_gone(slot, text);
    for (struct stream *s = stream_first(); s; s = stream_next(s)) {
        if (s->peer.tid >> DVM_TID_N_BITS != slot)
            continue;
        snprintf(sentence, sizeof sentence, "task %#x has ended: %s", s->peer.tid, text);
        stream_gone(s, DVM_ERR_HOST_GONE, sentence, false);
    }
    watch.up->host_gone(slot, text);
}

static void on_host_event(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                          int fd_count)
{
    Dvm__Pb__HostEvent *event = dvm__pb__host_event__unpack(NULL, frame->length, payload);
    char text[DVM_SENTENCE_MAX];

    if (event && event->host && event->host->slot > 0 && event->host->slot <= DVM_SLOT_MAX &&
        DVM_TID_N(frame->src) == 0) {
        int slot = (int)event->host->slot;

        if (event->event == DVM_EVENT_HOST_JOINED) {
            forget_lost(slot);
        } else {
            snprintf(text, sizeof text, "host %s is gone%s%s", event->host->name,
                     *event->reason ? ": " : "", event->reason);
            host_gone(slot, text);
        }
    }
    dvm__pb__host_event__free_unpacked(event, NULL);
}

void stream_watch_made(struct stream *s)
{
    int slot = s->peer.tid >> DVM_TID_N_BITS;
    char text[DVM_SENTENCE_MAX];

    if (slot > DVM_SLOT_MAX || !watch.lost[slot])
        return;
    snprintf(text, sizeof text, "task %#x has ended: %s", s->peer.tid, watch.lost[slot]);
    stream_gone(s, DVM_ERR_HOST_GONE, text, false);
}

void stream_watch_start(const struct stream_up *up)
{
    watch.up = up;
    daemon_link_register(DVM_CTL_GONE, on_gone);
    daemon_link_register(DVM_CTL_FAIL, on_fail);
    daemon_link_register(DVM_CTL_HOST_EVENT, on_host_event);
}

void stream_watch_stop(void)
{
    for (int slot = 0; slot <= DVM_SLOT_MAX; slot++)
        forget_lost(slot);
    memset(&watch, 0, sizeof watch);
}
