/* catch.c: what spawned tasks write, for the task that spawned them.
 *
 * A task can be the sink of its children's output as a console is of a run's. What has come is
 * handed to the binding inside whatever call makes progress, and acknowledged then, so that a
 * child is at most as far ahead as of any sink.
 */
#include <unistd.h>

#include "base/error.h"
#include "dvm_binding.h"
#include "group/entry.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "vm/vm.h"

static void (*taker)(int tid, int stream, const void *bytes, size_t size);
static int registered_for; /* tid: a task's handlers end with it */

static void acknowledge(int tid, size_t bytes)
{
    Dvm__Pb__StdioAck m = DVM__PB__STDIO_ACK__INIT;
    uint8_t packed[64]; /* two numbers */
    size_t length;

    m.tid = tid;
    m.bytes = bytes;
    length = dvm__pb__stdio_ack__get_packed_size(&m);
    if (length <= sizeof packed) {
        dvm__pb__stdio_ack__pack(&m, packed);
        daemon_link_control(DVM_TID_DAEMON(DVM_TID_SLOT(tid)), DVM_CTL_STDIO_ACK, 0, packed, length,
                            NULL, 0);
    }
}

static void close_all(const int *fds, int fd_count)
{
    for (int i = 0; i < fd_count; i++)
        close(fds[i]);
}

static void on_output(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                      int fd_count)
{
    Dvm__Pb__Stdio *m = dvm__pb__stdio__unpack(NULL, frame->length, payload);

    close_all(fds, fd_count);
    if (m && DVM_TID_OK(m->tid)) {
        if (taker)
            taker(m->tid, (int)m->stream, m->data.data, m->data.len);
        acknowledge(m->tid, m->data.len);
    }
    dvm__pb__stdio__free_unpacked(m, NULL);
}

static void on_exit_of_task(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                            int fd_count)
{
    Dvm__Pb__TaskExit *m = dvm__pb__task_exit__unpack(NULL, frame->length, payload);

    close_all(fds, fd_count);
    if (m && taker)
        taker(m->tid, 0, NULL, 0);
    dvm__pb__task_exit__free_unpacked(m, NULL);
}

int dvm_binding_catch(void (*take)(int tid, int stream, const void *bytes, size_t size), int on)
{
    int rc = dvm_enter();

    if (rc != DVM_OK)
        return rc;
    vm.catching = on != 0;
    taker = take;
    if (registered_for != vm.self) {
        daemon_link_register(DVM_CTL_STDIO, on_output);
        daemon_link_register(DVM_CTL_TASK_EXIT, on_exit_of_task);
        registered_for = vm.self;
    }
    dvm_leave(DVM_OK);
    return DVM_OK;
}
