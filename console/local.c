/* local.c: the implementation of local.h. */
#include "console/local.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int add(struct local *l, const char *folder)
{
    void *more;

    if (!runtime_alive(folder))
        return DVM_OK;
    more = realloc(l->folders, (l->count + 1) * sizeof l->folders[0]);
    if (!more)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a list of daemons");
    l->folders = more;
    snprintf(l->folders[l->count++], sizeof l->folders[0], "%s", folder);
    return DVM_OK;
}

/* All hosts' folders beside this one. */
static int add_siblings(struct local *l, const char *machine, const char *top)
{
    char folder[RUNTIME_PATH_MAX];
    const struct dirent *entry;
    DIR *dir = opendir(top);
    int r = DVM_OK;

    while (!r && dir && (entry = readdir(dir)))
        if (runtime_name_ok(entry->d_name) &&
            !runtime_folder(folder, sizeof folder, machine, entry->d_name))
            r = add(l, folder);
    if (dir)
        closedir(dir);
    return r;
}

int local_list(struct local *out, const char *machine)
{
    const char *set = getenv("DVM_DIR");
    struct local l = {0};
    char folder[RUNTIME_PATH_MAX];
    int r = runtime_folder(folder, sizeof folder, machine, NULL);

    if (!r && set && set[0]) {
        r = add(&l, folder);
    } else if (!r) {
        *strrchr(folder, '/') = '\0';
        r = add_siblings(&l, machine, folder);
    }
    *out = l;
    return r;
}

size_t local_alive(const struct local *l)
{
    size_t alive = 0;

    for (size_t i = 0; i < l->count; i++)
        alive += runtime_alive(l->folders[i]);
    return alive;
}

void local_free(struct local *l)
{
    free(l->folders);
    *l = (struct local){0};
}
