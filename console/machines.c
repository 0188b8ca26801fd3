/* machines.c: see machines.h. The names are those of the folders of this user; a folder alone
 * is no sign of life, its lock is. */
#include "console/machines.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/runtime.h"
#include "base/sweep.h"

static int is_name(const struct dirent *entry)
{
    return runtime_name_ok(entry->d_name);
}

static void take(struct machines *m, const char *name)
{
    size_t used = strlen(m->text);

    if (m->count++ == 0)
        snprintf(m->first, sizeof m->first, "%s", name);
    if (m->count <= MACHINES_NAMED)
        snprintf(m->text + used, sizeof m->text - used, "%s%s", used ? ", " : "", name);
}

void machines_running(struct machines *out, bool is_private)
{
    char top[RUNTIME_PATH_MAX], folder[RUNTIME_PATH_MAX];
    struct dirent **list;
    int n = runtime_user_folder(top, sizeof top) ? -1 : scandir(top, &list, is_name, alphasort);
    size_t used;

    *out = (struct machines){0};
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;

        if (is_private == !strncmp(name, SWEEP_PRIVATE, strlen(SWEEP_PRIVATE)) &&
            !runtime_find(folder, sizeof folder, name))
            take(out, name);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    used = strlen(out->text);
    if (out->count > MACHINES_NAMED)
        snprintf(out->text + used, sizeof out->text - used, " and %d more",
                 out->count - MACHINES_NAMED);
}
