/* program.c: where the programs that belong to this library are: dvmd and dvm.
 *
 * Beside the library first, so that a program that runs with one installation
 * (or one build tree) never starts the daemon of another.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/vm.h"

static bool usable(const char *path)
{
    return access(path, X_OK) == 0;
}

/* The folder of the library that this code is in, or of the program that it is linked
 * into: there the loader's name is argv[0], which may be anything. */
static bool library_folder(char *folder, size_t size)
{
    char real[PATH_MAX], *slash;
    Dl_info info;

    if (!dladdr((void *)(uintptr_t)program_find, &info) || !info.dli_fname ||
        !strchr(info.dli_fname, '/') || !realpath(info.dli_fname, real)) {
        ssize_t n = readlink("/proc/self/exe", real, sizeof real - 1);

        real[n > 0 ? n : 0] = '\0';
    }
    slash = strrchr(real, '/');
    if (!slash || (size_t)(slash - real) >= size)
        return false;
    *slash = '\0';
    strcpy(folder, real);
    return true;
}

static bool in_path(const char *name, char *path, size_t size)
{
    const char *at = getenv("PATH");

    while (at && *at) {
        size_t length = strcspn(at, ":");
        int n = snprintf(path, size, "%.*s/%s", (int)length, at, name);

        if (length > 0 && n > 0 && (size_t)n < size && usable(path))
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

bool program_find(const char *name, const char *variable, const char *build, char *path,
                  size_t size)
{
    const char *set = variable ? getenv(variable) : NULL;
    char folder[PATH_MAX], beside[3][DVM_NAME_MAX];

    if (set && set[0]) {
        int n = snprintf(path, size, "%s", set);

        return n > 0 && (size_t)n < size && usable(path);
    }
    snprintf(beside[0], sizeof beside[0], "../bin/%s", name);
    snprintf(beside[1], sizeof beside[1], "%s", name);
    snprintf(beside[2], sizeof beside[2], "../%s/%s", build, name);
    if (library_folder(folder, sizeof folder))
        for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
            int n = snprintf(path, size, "%s/%s", folder, beside[i]);

            if (n > 0 && (size_t)n < size && usable(path))
                return true;
        }
    return in_path(name, path, size);
}
