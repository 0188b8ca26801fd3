/* run_echoes.c: what tasks say of each other's end while the run is being ended on purpose.
 *
 * ^C reaches hundreds of tasks one after the other; who waits for one that had it first learns
 * of that, says so, and ends. The first such line is shown, as it tells where that one waited;
 * the others say nothing that is not known, and are counted.
 */
#include "console/run/run.h"

#include <string.h>

#include "base/error.h"

#define BEGIN "dvm: rank "

bool run_echo(struct run *r, const char *line, size_t size)
{
    const char *name = dvm_error_name(DVM_ERR_TASK_GONE), *at;

    if (size < strlen(BEGIN) || memcmp(line, BEGIN, strlen(BEGIN)) != 0)
        return false;
    at = memmem(line, size, "): ", 3);
    if (!at || (size_t)(line + size - at) < 3 + strlen(name) ||
        memcmp(at + 3, name, strlen(name)) != 0)
        return false;
    return r->echoes++ > 0;
}

void run_tell_echoes(struct run *r)
{
    if (r->echoes > 1)
        run_say(r, "%d more task%s said that others of the run had ended", r->echoes - 1,
                run_many(r->echoes - 1));
}
