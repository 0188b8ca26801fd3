/* run_pvm.c: --pvm: what a program of PVM finds around itself.
 *
 * One that was linked with PVM's own libraries looks for libpvm3.so.3: DVM's lies in a folder
 * of its own, which is put before all others. Its scripts look for PVM_ROOT and PVM_ARCH, and
 * some start `pvm`, which is this program by another name.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "console/run/run.h"

#define LIBRARY "libpvm3.so.3"
#define CONSOLE "/lib" /* below the library's folder: where pvm is */
#define BUILT "../bindings/pvm3" /* from this program's folder in a build tree */

/* Where the library lies, from the folder of this program. */
static bool find_library(char *folder, size_t size)
{
    static const char *const places[] = {DVM_BIN_TO_PVM3, BUILT};
    char own[PATH_MAX], path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    char *slash;

    own[length > 0 ? length : 0] = '\0';
    slash = strrchr(own, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s/%s/" LIBRARY, own, places[i]) >= sizeof path)
            continue;
        if (access(path, R_OK) == 0) {
            *strrchr(path, '/') = '\0';
            return realpath(path, own) && (size_t)snprintf(folder, size, "%s", own) < size;
        }
    }
    return false;
}

/* PVM's name for this computer's kind. */
static const char *architecture(void)
{
    return sizeof(long) == 8 ? "LINUX64" : "LINUX";
}

/* Put a folder in front of a list of folders in the environment, unless it is there. */
static int put_before(const char *variable, const char *folder, const char *below)
{
    const char *old = getenv(variable);
    size_t length;
    char *list;

    if (asprintf(&list, "%s%s%s%s", folder, below, old && old[0] ? ":" : "", old ? old : "") < 0)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the environment");
    length = strlen(folder) + strlen(below);
    if (!old || strncmp(old, list, length) != 0 || (old[length] && old[length] != ':'))
        setenv(variable, list, 1);
    free(list);
    return DVM_OK;
}

int run_pvm_environment(void)
{
    char folder[PATH_MAX];
    int r;

    if (!find_library(folder, sizeof folder))
        return dvm_fail(DVM_ERR_NO_PROGRAM, LIBRARY " is not where DVM is installed ("
                                            DVM_BIN_TO_PVM3 " from dvm's folder)");
    r = put_before("LD_LIBRARY_PATH", folder, "");
    if (!r)
        r = put_before("PATH", folder, CONSOLE);
    setenv("PVM_ROOT", folder, 0);
    setenv("PVM_ARCH", architecture(), 0);
    return r;
}

int run_pvm_file(const char *name, char *path, size_t size)
{
    char folder[PATH_MAX];

    if (find_library(folder, sizeof folder) &&
        (size_t)snprintf(path, size, "%s/%s", folder, name) < size)
        return DVM_OK;
    return dvm_fail(DVM_ERR_NO_PROGRAM, LIBRARY " is not where DVM is installed");
}
