/* program.c: see program.h. The sentence tells the first thing that is wrong with
 * the file that is nearest to what was asked for. */
#include "daemon/tasks/program.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"
#define PATH_SHOWN 200 /* characters of PATH in a sentence */

/* NULL when path can be executed, else why not. */
static const char *fault(const char *path)
{
    struct stat st;

    if (stat(path, &st))
        return strerror(errno);
    if (S_ISDIR(st.st_mode))
        return "it is a folder";
    if (!S_ISREG(st.st_mode))
        return "it is no file";
    if (access(path, X_OK))
        return "it is not executable";
    return NULL;
}

/* Put folder/program into out; false when it does not fit. */
static bool put(char *out, size_t size, const char *folder, size_t length, const char *program)
{
    int used = snprintf(out, size, "%.*s%s%s", (int)length, folder, length ? "/" : "./",
                        program);

    return used > 0 && (size_t)used < size;
}

static int with_slash(const char *program, const char *directory, const char *host, char *out,
                      size_t size)
{
    const char *why = "its path is too long";

    /* shorter where people see it; ".//x" must not become absolute */
    if (!strncmp(program, "./", 2) && program[2] && program[2] != '/')
        program += 2;
    if (program[0] == '/' ? (size_t)snprintf(out, size, "%s", program) < size
                          : put(out, size, directory, strlen(directory), program))
        why = fault(out);
    if (!why)
        return DVM_OK;
    return dvm_fail(DVM_ERR_NO_PROGRAM, "host %s cannot run %s: %s", host, out, why);
}

int program_locate(const char *program, const char *directory, const char *look_first,
                 const char *path, const char *host, char *out, size_t size)
{
    const char *why = NULL;

    if (!program[0])
        return dvm_fail(DVM_ERR_NO_PROGRAM, "no program was named");
    if (strchr(program, '/'))
        return with_slash(program, directory, host, out, size);
    if (look_first[0] && put(out, size, look_first, strlen(look_first), program) &&
        !fault(out))
        return DVM_OK;
    if (!path || !path[0])
        path = PATH_DEFAULT;
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, ":");

        if (put(out, size, at, length, program)) {
            why = fault(out);
            if (!why)
                return DVM_OK;
        }
        at += length;
        if (!*at)
            break;
    }
    return dvm_fail(DVM_ERR_NO_PROGRAM, "host %s has no program %s in %s%sPATH (%.*s%s)", host,
                    program, look_first, look_first[0] ? " or in " : "", PATH_SHOWN, path,
                    strlen(path) > PATH_SHOWN ? "..." : "");
}
