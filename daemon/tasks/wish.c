/* wish.c: see wish.h. */
#include "daemon/tasks/wish.h"

#include <stdint.h>
#include <stdlib.h>

#include "daemon/tasks/environment.h"
#include "daemon/tasks/program.h"

#define TERMINAL_SIDE_MAX 1000 /* rows and columns of a terminal */

/* The first place in an ascending list whose rank is not below rank. */
static size_t place_of(const uint32_t *list, size_t count, uint32_t rank)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (list[middle] < rank)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool contains(const uint32_t *list, size_t count, int rank)
{
    size_t at = place_of(list, count, (uint32_t)rank);

    return at < count && list[at] == (uint32_t)rank;
}

bool wish_debugged(const Dvm__Pb__Spawn *what, int rank)
{
    return what->debug && what->debug->n_words > 0 &&
           contains(what->debug->ranks, what->debug->n_ranks, rank);
}

bool wish_debugged_some(const Dvm__Pb__Spawn *what, int first, int count)
{
    const Dvm__Pb__Debug *debug = what->debug;
    size_t at;

    if (!debug || debug->n_words == 0)
        return false;
    at = place_of(debug->ranks, debug->n_ranks, (uint32_t)first);
    return at < debug->n_ranks && debug->ranks[at] < (uint32_t)first + (uint32_t)count;
}

static bool has_input(const Dvm__Pb__Spawn *what, int rank)
{
    const Dvm__Pb__Streams *streams = what->streams;

    if (!what->stdin_open)
        return false;
    if (streams && streams->stdin_all)
        return true;
    if (streams && streams->n_stdin_ranks > 0)
        return contains(streams->stdin_ranks, streams->n_stdin_ranks, rank);
    return rank == 0;
}

static unsigned short side(uint32_t number)
{
    return (unsigned short)(number < TERMINAL_SIDE_MAX ? number : TERMINAL_SIDE_MAX);
}

struct stdio_wish wish_streams(const Dvm__Pb__Spawn *what, int rank)
{
    struct stdio_wish wish = {.input = has_input(what, rank),
                              .raw = what->streams && what->streams->raw};

    if (!wish_debugged(what, rank))
        return wish;
    wish.terminal = what->debug->terminal;
    wish.rows = side(what->debug->rows);
    wish.columns = side(what->debug->columns);
    return wish;
}

int wish_locate(const Dvm__Pb__Spawn *what, const char *host, char *out, size_t size)
{
    return program_locate(what->debug->words[0], what->directory, "",
                          environment_get(what->env, what->n_env, "PATH"), host, out, size);
}

const char **wish_arguments(const Dvm__Pb__Spawn *what, int rank, const char *path)
{
    bool debugged = wish_debugged(what, rank);
    size_t before = debugged ? what->debug->n_words : 0;
    const char **argv = calloc(before + what->n_args + 2, sizeof *argv);

    if (!argv)
        return NULL;
    for (size_t i = 0; i < before; i++)
        argv[i] = what->debug->words[i];
    argv[before] = debugged || what->by_path ? path : what->program;
    for (size_t i = 0; i < what->n_args; i++)
        argv[before + 1 + i] = what->args[i];
    return argv;
}
