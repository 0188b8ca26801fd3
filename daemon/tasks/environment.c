/* environment.c: see environment.h. What a spawning task had itself (its own
 * socket, token and folder) must not reach its children. */
#include "daemon/tasks/environment.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/options.h"

#define OWN_MAX 8   /* variables that are added */
#define OWN_BYTES (RUNTIME_PATH_MAX + 64)

struct environment {
    const char **list; /* owned; borrowed strings and those of own */
    size_t count;
    char own[OWN_MAX][OWN_BYTES];
    size_t own_count;
    char token[16 + 2 * TASKS_TOKEN_BYTES];
};

static bool has_name(const char *variable, const char *name)
{
    size_t length = strlen(name);

    return strncmp(variable, name, length) == 0 && variable[length] == '=';
}

const char *environment_get(char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (has_name(list[i], name))
            return list[i] + strlen(name) + 1;
    return NULL;
}

static bool is_own(const char *variable)
{
    static const char *const names[] = {"DVM_SOCKET", "DVM_TOKEN",   "DVM_DIR",
                                        "DVM_HOST",   "DVM_MACHINE", "PWD"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (has_name(variable, names[i]))
            return true;
    return false;
}

static void add(struct environment *e, const char *name, const char *value, const char *tail)
{
    char *own = e->own[e->own_count];

    assert(e->own_count < OWN_MAX);
    if ((size_t)snprintf(own, OWN_BYTES, "%s=%s%s", name, value, tail) >= OWN_BYTES)
        return; /* only a working directory can be that long: PWD is a convenience */
    e->own_count++;
    e->list[e->count++] = own;
}

struct environment *environment_make(const struct daemon *d, const Dvm__Pb__Spawn *what,
                                     int threads)
{
    struct environment *e = calloc(1, sizeof *e);
    char number[16];

    if (e)
        e->list = calloc(what->n_env + OWN_MAX + 2, sizeof *e->list);
    if (!e || !e->list) {
        free(e);
        return NULL;
    }
    for (size_t i = 0; i < what->n_env; i++)
        if (!is_own(what->env[i]))
            e->list[e->count++] = what->env[i];
    add(e, "DVM_SOCKET", d->folder, "/" RUNTIME_SOCKET);
    add(e, "DVM_MACHINE", d->machine, "");
    add(e, "DVM_HOST", d->host, "");
    if (d->options->folder || getenv("DVM_DIR"))
        add(e, "DVM_DIR", d->folder, "");
    if (what->directory[0])
        add(e, "PWD", what->directory, "");
    if (!environment_get(what->env, what->n_env, "OMP_NUM_THREADS")) {
        snprintf(number, sizeof number, "%d", threads);
        add(e, "OMP_NUM_THREADS", number, "");
    }
    return e;
}

const char *const *environment_with_token(struct environment *e, const uint8_t *token,
                                          size_t size)
{
    size_t used = (size_t)snprintf(e->token, sizeof e->token, "DVM_TOKEN=");

    assert(used + 2 * size < sizeof e->token);
    for (size_t i = 0; i < size; i++)
        used += (size_t)snprintf(e->token + used, sizeof e->token - used, "%02x", token[i]);
    e->list[e->count] = e->token;
    e->list[e->count + 1] = NULL;
    return e->list;
}

void environment_free(struct environment *e)
{
    if (e)
        free(e->list);
    free(e);
}
