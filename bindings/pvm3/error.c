/* error.c: codes and sentences.
 *
 * A code is PVM's, so that programs find what they look for; behind PVM's own text stands a
 * sentence that says who and why, where there is more to say.
 */
#include "bindings/pvm3/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include <pvm3.h>

#include "bindings/pvm3/life.h"
#include "bindings/pvm3/option.h"

#define SENTENCE_MAX 1024

enum { AUTO_TELL = 1, AUTO_EXIT = 2, AUTO_ABORT = 3 };

int pvm_errno;

/* By -code; a gap is a number that is no code. */
char *pvm_errlist[] = {
    "Error 0",
    "Error -1",
    "Bad parameter",
    "Parameter mismatch",
    "Value too large",
    "End of buffer",
    "No such host",
    "No such file",
    "Permission denied",
    "Error -9",
    "Malloc failed",
    "Error -11",
    "Can't decode message",
    "Error -13",
    "Can't contact local daemon",
    "No current buffer",
    "No such buffer",
    "Null group name",
    "Already in group",
    "No such group",
    "Not in group",
    "No such instance",
    "Host failed",
    "No parent task",
    "Not implemented",
    "Pvmd system error",
    "Version mismatch",
    "Out of resources",
    "Duplicate host",
    "Can't start pvmd",
    "Already in progress",
    "No such task",
    "Not Found",
    "Already exists",
    "Hoster run on non-master host",
    "Spawning parent set PvmNoSpawnParent",
    "Master Host's IP Address tied to Loopback",
};
int pvm_nerr = sizeof pvm_errlist / sizeof pvm_errlist[0];

static const struct {
    int dvm, pvm;
} codes[] = {
    {DVM_OK, PvmOk},
    {DVM_ERR_ARG, PvmBadParam},
    {DVM_ERR_NO_MEMORY, PvmNoMem},
    {DVM_ERR_NO_DAEMON, PvmSysErr},
    {DVM_ERR_LOST_DAEMON, PvmSysErr},
    {DVM_ERR_NOT_INIT, PvmSysErr},
    {DVM_ERR_FORKED, PvmSysErr},
    {DVM_ERR_VERSION, PvmBadVersion},
    {DVM_ERR_NO_TASK, PvmNoTask},
    {DVM_ERR_TASK_GONE, PvmNoTask},
    {DVM_ERR_HOST_GONE, PvmHostFail},
    {DVM_ERR_NO_HOST, PvmNoHost},
    {DVM_ERR_NO_PARENT, PvmNoParent},
    {DVM_ERR_NO_PROGRAM, PvmNoFile},
    {DVM_ERR_SPAWN, PvmOutOfRes},
    {DVM_ERR_LIMIT, PvmOutOfRes},
    {DVM_ERR_RANK, PvmBadParam},
    {DVM_ERR_TAG, PvmBadParam},
    {DVM_ERR_REFUSED, PvmDenied},
    {DVM_ERR_EXISTS, PvmExists},
};

int pvm3_code(int rc)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].dvm == rc)
            return codes[i].pvm;
    return PvmDSysErr;
}

static const char *text_of(int code)
{
    return code <= 0 && -code < pvm_nerr ? pvm_errlist[-code] : "Unknown error";
}

/* "[t40001]", or "[pre-enrolled]" */
static const char *speaker(char *text, size_t size)
{
    int tid = pvm3_self();

    if (tid > 0)
        snprintf(text, size, "[t%x]", (unsigned)tid);
    else
        snprintf(text, size, "[no task]");
    return text;
}

int pvm3_fail(const char *call, int code, const char *why, ...)
{
    char sentence[SENTENCE_MAX] = "", who[24];
    int how = pvm3_option(PvmAutoErr);
    va_list args;

    pvm_errno = code;
    if (how == 0)
        return code;
    if (why) {
        va_start(args, why);
        vsnprintf(sentence, sizeof sentence, why, args);
        va_end(args);
    }
    fflush(stdout);
    fprintf(stderr, "libpvm %s: %s(): %s%s%s\n", speaker(who, sizeof who), call, text_of(code),
            sentence[0] ? ": " : "", sentence);
    if (how == AUTO_EXIT)
        exit(1);
    if (how >= AUTO_ABORT)
        abort();
    return code;
}

int pvm3_fail_dvm(const char *call, int rc)
{
    return pvm3_fail(call, pvm3_code(rc), "%s", dvm_last_error());
}

int lpvmerr(const char *call, int code)
{
    return pvm3_fail(call, code, NULL);
}

int pvm_perror(char *text)
{
    char who[24];

    fflush(stdout);
    fprintf(stderr, "libpvm %s: %s%s%s\n", speaker(who, sizeof who), text ? text : "",
            text ? ": " : "", text_of(pvm_errno));
    return PvmOk;
}

char *pvm_strerror(void)
{
    return (char *)(uintptr_t)text_of(pvm_errno);
}
