/* libraries.c: reads what ldd prints, lines such as
 *
 *     libzmq.so.5 => /lib/x86_64-linux-gnu/libzmq.so.5 (0x00007f...)
 *
 * ldd itself is asked, not the loader with LD_TRACE_LOADED_OBJECTS: that would run a
 * program that is static or a script.
 */
#include "console/remote/libraries.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define LINE_MAX_BYTES 8192

/* What the C library consists of: names up to ".so". */
static const char *const of_libc[] = {
    "libc", "libm", "libpthread", "libdl", "librt", "libutil", "libresolv", "libanl", "libmvec",
    "libnsl", "libBrokenLocale", "libthread_db", "ld-linux"};

static bool is_of_libc(const char *name)
{
    for (size_t i = 0; i < sizeof of_libc / sizeof of_libc[0]; i++) {
        size_t n = strlen(of_libc[i]);

        if (strncmp(name, of_libc[i], n) == 0 &&
            (strncmp(name + n, ".so", strlen(".so")) == 0 || name[n] == '-'))
            return true;
    }
    return false;
}

/* A line of ldd: "NAME => PATH (ADDRESS)". */
static int take_line(struct libraries *out, char *line)
{
    char *rest, *name = strtok_r(line, " \t", &rest), *arrow = strtok_r(NULL, " \t", &rest);
    char *path = strtok_r(NULL, " \t\n", &rest);
    struct library *l = &out->list[out->count];

    if (!path || strcmp(arrow, "=>") != 0 || path[0] != '/' || strchr(name, '/') ||
        is_of_libc(name))
        return DVM_OK;
    if (out->count == LIBRARIES_MAX)
        return dvm_fail(DVM_ERR_LIMIT, "it needs more than %d libraries", LIBRARIES_MAX);
    *l = (struct library){strdup(name), strdup(path)};
    out->count++;
    return l->name && l->path ? DVM_OK : dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a list of "
                                                                     "libraries");
}

static int read_all(struct libraries *out, FILE *in)
{
    char line[LINE_MAX_BYTES];
    int r = DVM_OK;

    while (!r && fgets(line, sizeof line, in))
        r = take_line(out, line);
    return r;
}

/* In the child: never returns. */
static void become_ldd(const char *program, const int ends[2])
{
    dup2(ends[1], STDOUT_FILENO);
    if (freopen("/dev/null", "w", stderr))
        execlp("ldd", "ldd", "--", program, (char *)NULL);
    _exit(EXIT_FAILURE);
}

int libraries_of(const char *program, struct libraries *out)
{
    int ends[2], r;
    FILE *in;
    pid_t pid;

    out->count = 0;
    if (pipe(ends) < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot ask ldd about %s", program);
    pid = fork();
    if (pid == 0)
        become_ldd(program, ends);
    close(ends[1]);
    in = pid > 0 ? fdopen(ends[0], "r") : NULL;
    if (in) {
        r = read_all(out, in);
        fclose(in);
    } else {
        r = dvm_fail_errno(DVM_ERR_SYSTEM, "cannot ask ldd about %s", program);
        close(ends[0]);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
    if (r)
        libraries_free(out);
    return r;
}

void libraries_free(struct libraries *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->list[i].name);
        free(l->list[i].path);
    }
    l->count = 0;
}
