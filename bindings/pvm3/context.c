/* context.c: PVM's contexts: ints that the tasks of a machine must not choose twice.
 *
 * A host gives them out by itself: its number and a counter, which lies in a file that all
 * tasks of the host share, beside the daemon's socket, and ends with the daemon. A context that
 * was given back is not given out again.
 */
#include "bindings/pvm3/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"

#define VARIABLE "PVMCTX" /* what a spawned task begins in, as PVM calls it */
#define CONTEXTS_MAX 0x3ffff

int pvmmyctx = PvmBaseContext;

int pvm3_context(void)
{
    return pvmmyctx;
}

void pvm3_inherit(void)
{
    const char *text = getenv(VARIABLE);

    int inherited = text ? (int)strtol(text, NULL, 0) : 0;

    if (inherited > 0)
        pvmmyctx = inherited;
}

/* Open the host's file and lock it; it is a byte for each context: 1 in use, 2 given back. */
static int open_file(void)
{
    int fd = pvm3_host_file(DVM_BINDING_CONTEXTS);

    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* The number of a new one, from 1; 0: none. */
static int take_number(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || st.st_size >= CONTEXTS_MAX || pwrite(fd, "\1", 1, st.st_size) != 1)
        return 0;
    return (int)st.st_size + 1;
}

int pvm_newcontext(void)
{
    static const char call[] = "pvm_newcontext";
    int rc = pvm3_enter(call), fd, number;

    if (rc != PvmOk)
        return rc;
    fd = open_file();
    number = fd >= 0 ? take_number(fd) : 0;
    if (fd >= 0)
        close(fd);
    if (number == 0)
        return pvm3_fail(call, PvmOutOfRes, "this host gives out no more contexts");
    return PVM3_TID_HOST(pvm3_self()) | number;
}

/* Mark one of this host as given back. */
static bool give_back(int number)
{
    int fd = open_file();
    char state = 0;
    bool ok = fd >= 0 && pread(fd, &state, 1, number - 1) == 1 && state == 1 &&
              pwrite(fd, "\2", 1, number - 1) == 1;

    if (fd >= 0)
        close(fd);
    return ok;
}

int pvm_freecontext(int ctx)
{
    static const char call[] = "pvm_freecontext";
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (ctx > 0 && PVM3_TID_HOST(ctx) && PVM3_TID_HOST(ctx) != PVM3_TID_HOST(pvm3_self()))
        return PvmOk; /* another host's, which is told of nothing: it is not used again anyway */
    if (!PVM3_TID_OK(ctx) || !give_back(PVM3_TID_LOCAL(ctx)))
        return pvm3_fail(call, PvmNotFound, "context %d was not given out, or is free already",
                         ctx);
    return PvmOk;
}

int pvm_setcontext(int new_context)
{
    int rc = pvm3_enter("pvm_setcontext"), old = pvmmyctx;
    char text[32];

    if (rc != PvmOk)
        return rc;
    if (new_context < 0)
        return pvm3_fail("pvm_setcontext", PvmBadParam, "%d is no context", new_context);
    pvmmyctx = new_context;
    snprintf(text, sizeof text, "%d", pvmmyctx);
    setenv(VARIABLE, text, 1); /* for the tasks that this one spawns */
    return old;
}

int pvm_getcontext(void)
{
    int rc = pvm3_enter("pvm_getcontext");

    return rc == PvmOk ? pvmmyctx : rc;
}
