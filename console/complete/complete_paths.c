/* complete_paths.c: files, folders and programs, for the prompt; shells have better
 * ways of their own.
 *
 * A program without a slash is one of PATH or a folder here (on the way to a program
 * below it); with one it is a file that may be executed. Before its first letter those of
 * this folder are meant: all of PATH would be thousands.
 */
#include "console/complete/complete.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_TEXT_MAX 4096 /* bytes of a path with its NUL */

/* One folder that is looked through. */
struct look {
    struct complete *c;
    const char *folder;  /* as it is opened */
    const char *prefix;  /* what stands before a name in the word */
    const char *begin;   /* of the name */
    enum complete_paths want;
    bool folders;        /* these fit, too */
};

static void offer_entry(const struct look *l, const char *name)
{
    char path[PATH_TEXT_MAX], shown[PATH_TEXT_MAX];
    struct stat st;
    bool folder;

    if (strncmp(name, l->begin, strlen(l->begin)) || (name[0] == '.' && l->begin[0] != '.'))
        return;
    snprintf(path, sizeof path, "%s/%s", l->folder, name);
    if (stat(path, &st) < 0)
        return;
    folder = S_ISDIR(st.st_mode);
    if (folder ? !l->folders
               : l->want == COMPLETE_FOLDERS ||
                     (l->want == COMPLETE_PROGRAMS && access(path, X_OK) != 0))
        return;
    snprintf(shown, sizeof shown, "%s%s", name, folder ? "/" : "");
    complete_offer(l->c, l->prefix, shown, "");
}

static void look_through(const struct look *l)
{
    DIR *dir = opendir(l->folder);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            offer_entry(l, entry->d_name);
    if (dir)
        closedir(dir);
}

static void look_in_path(struct look *l)
{
    char *rest, *path = strdup(getenv("PATH") ? getenv("PATH") : "");

    l->folders = false;
    for (char *f = path ? strtok_r(path, ":", &rest) : NULL; f; f = strtok_r(NULL, ":", &rest)) {
        l->folder = f;
        look_through(l);
    }
    free(path);
}

static int by_word(const void *a, const void *b)
{
    const struct complete_item *x = a, *y = b;

    return strcmp(x->word, y->word);
}

static void sort_and_join(struct complete *c)
{
    size_t kept = 0;

    if (c->count > 0)
        qsort(c->items, c->count, sizeof *c->items, by_word);
    for (size_t i = 0; i < c->count; i++)
        if (kept > 0 && !strcmp(c->items[kept - 1].word, c->items[i].word)) {
            free(c->items[i].word);
            free(c->items[i].meaning);
        } else {
            c->items[kept++] = c->items[i];
        }
    c->count = kept;
}

void complete_add_paths(struct complete *c)
{
    const char *slash = strrchr(c->path, '/');
    int in_folder = slash ? (int)(slash + 1 - c->path) : 0;
    bool here = c->paths == COMPLETE_PROGRAMS && !c->path[0];
    char folder[PATH_TEXT_MAX], prefix[PATH_TEXT_MAX];
    struct look l = {.c = c, .folder = folder, .prefix = prefix, .folders = true};

    if (c->paths == COMPLETE_NOTHING)
        return;
    l.want = c->paths;
    l.begin = c->path + in_folder;
    snprintf(folder, sizeof folder, "%s%.*s", in_folder ? "" : ".", in_folder, c->path);
    snprintf(prefix, sizeof prefix, "%.*s%s", (int)(l.begin - c->partial), c->partial,
             here ? "./" : "");
    if (c->paths == COMPLETE_PROGRAMS && !slash && !here) {
        look_in_path(&l);
        l.folder = folder;
        l.want = COMPLETE_FOLDERS;
        l.folders = true;
    }
    look_through(&l);
    sort_and_join(c);
}
