/* catchout.c: pvm_catchout: what children write, in a file of the program's.
 *
 * Lines come whole, each with its writer in front, as PVM has it; a BEGIN and an EOF are put
 * around what a child writes. Without PvmShowTids only the text. What has come is written in
 * whatever call makes progress; pvm_exit waits until all children have ended, or their hosts are
 * lost, of which no daemon tells the one who catches.
 */
#include "bindings/pvm3/catchout.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/queue.h"

#define WAIT_SECONDS 0.1 /* between looks whether a child has ended */
#define HOST_LOOKS 10    /* after so many, whether its host is there */
#define NOBODYS_CONTEXT (-3)

struct child {
    int tid;
    bool ended;
};

static FILE *out;      /* NULL: off */
static bool on;        /* children are caught */
static struct child *children; /* all that were, in this task's life */
static int child_count;

static void begin_line(int tid)
{
    if (pvm3_option(PvmShowTids))
        fprintf(out, "[t%x] ", (unsigned)tid);
}

static void put_lines(int tid, const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size;

        begin_line(tid);
        fwrite(text, 1, length, out);
        putc('\n', out);
        length += end != NULL;
        text += length;
        size -= length;
    }
}

/* The child of a tid. What it writes, and even its end, may come before the spawn's answer, so
 * it may be new: then its BEGIN is written. NULL: no memory. */
static struct child *find_child(int tid)
{
    struct child *larger;

    for (int i = 0; i < child_count; i++)
        if (children[i].tid == tid)
            return &children[i];
    larger = realloc(children, (size_t)(child_count + 1) * sizeof *children);
    if (!larger)
        return NULL;
    children = larger;
    children[child_count] = (struct child){.tid = tid};
    if (out && pvm3_option(PvmShowTids)) {
        begin_line(tid);
        fputs("BEGIN\n", out);
    }
    return &children[child_count++];
}

/* Stream 0: the task has ended. */
static void take(int tid, int stream, const void *bytes, size_t size)
{
    struct child *child = find_child(tid);

    if (child && stream == 0)
        child->ended = true;
    if (!out)
        return;
    if (stream != 0) {
        put_lines(tid, bytes, size);
    } else if (pvm3_option(PvmShowTids)) {
        begin_line(tid);
        fputs("EOF\n", out);
    }
    fflush(out);
}

static bool all_ended(void)
{
    for (int i = 0; i < child_count; i++)
        if (!children[i].ended)
            return false;
    return true;
}

void pvm3_catchout_children(const int *tids, int count)
{
    for (int i = 0; on && i < count; i++)
        find_child(tids[i]); /* one for whom there is no memory is not waited for */
}

int pvm_catchout(FILE *file)
{
    static const char call[] = "pvm_catchout";
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    rc = dvm_binding_catch(take, file != NULL);
    if (rc != DVM_OK)
        return pvm3_fail_dvm(call, rc);
    on = file != NULL;
    out = file;
    return PvmOk;
}

/* Children of hosts that are lost have ended. */
static void end_lost(void)
{
    for (int i = 0; i < child_count; i++)
        if (!children[i].ended && !pvm3_host_is_there(PVM3_TID_HOST(children[i].tid)))
            take(children[i].tid, 0, NULL, 0);
}

void pvm3_catchout_end(void)
{
    /* a message that nobody sends: meanwhile output comes */
    const struct pvm3_wanted nothing = {.tid = -1, .tag = -1, .ctx = NOBODYS_CONTEXT,
                                         .internal = true, .site = __builtin_return_address(0)};
    struct pvm3_buffer *b;
    int looks = 0;

    while (!all_ended() && pvm3_queue_find("pvm_exit", &nothing, WAIT_SECONDS, &b) == PvmOk)
        if (++looks % HOST_LOOKS == 0)
            end_lost();
    pvm3_catchout_forget();
}

void pvm3_catchout_forget(void)
{
    child_count = 0;
    on = false;
    out = NULL;
}
