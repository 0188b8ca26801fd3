/* words.c: commands that concern the console alone: other names of commands, the environment
 * that spawned tasks get, and what DVM does not have.
 *
 * Spawned tasks get the whole environment, so PVM_EXPORT is kept for programs that read it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/pvm/pvm.h"

#define EXPORT "PVM_EXPORT"
#define VERSION "3.4.6" /* of the PVM whose console this is */

/* ---- alias ---- */

static struct pvm_alias *find(const struct pvm *p, const char *name)
{
    for (size_t i = 0; i < p->alias_count; i++)
        if (!strcmp(p->aliases[i].name, name))
            return &p->aliases[i];
    return NULL;
}

const char *pvm_alias_text(const struct pvm *p, const char *name)
{
    const struct pvm_alias *a = find(p, name);

    return a ? a->text : NULL;
}

/* Words with a blank between them, to be freed. */
static char *join(int count, char **words)
{
    size_t bytes = 1;
    char *text;

    for (int i = 0; i < count; i++)
        bytes += strlen(words[i]) + 1;
    text = calloc(1, bytes);
    for (int i = 0; text && i < count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, words[i]);
    }
    return text;
}

static void forget(struct pvm *p, struct pvm_alias *a)
{
    free(a->name);
    free(a->text);
    *a = p->aliases[--p->alias_count];
}

void pvm_aliases_free(struct pvm *p)
{
    while (p->alias_count > 0)
        forget(p, p->aliases);
    free(p->aliases);
    p->aliases = NULL;
}

void pvm_alias(struct pvm *p, int argc, char **argv)
{
    struct pvm_alias *a, *more;

    if (argc < 3) {
        for (size_t i = 0; i < p->alias_count; i++)
            if (argc == 1 || !strcmp(argv[1], p->aliases[i].name))
                printf("%s\t%s\n", p->aliases[i].name, p->aliases[i].text);
        return;
    }
    a = find(p, argv[1]);
    if (a)
        forget(p, a);
    more = realloc(p->aliases, (p->alias_count + 1) * sizeof *more);
    if (!more)
        return;
    p->aliases = more;
    a = &more[p->alias_count];
    *a = (struct pvm_alias){strdup(argv[1]), join(argc - 2, argv + 2)};
    if (a->name && a->text) {
        p->alias_count++;
    } else {
        free(a->name);
        free(a->text);
    }
}

void pvm_unalias(struct pvm *p, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct pvm_alias *a = find(p, argv[i]);

        if (a)
            forget(p, a);
    }
}

void pvm_echo(struct pvm *p, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("%s%s", i > 1 ? " " : "", argv[i]);
    putchar('\n');
}

/* ---- environment ---- */

void pvm_setenv(struct pvm *p, int argc, char **argv)
{
    const char *value = argc == 2 ? getenv(argv[1]) : NULL;

    for (char **at = environ; argc == 1 && at && *at; at++)
        puts(*at);
    if (value)
        puts(value);
    if (argc == 3 && setenv(argv[1], argv[2], 1))
        console_wrong(p->c, "\"%.80s\" cannot be a variable's name", argv[1]);
    if (argc == 3 && !strcmp(argv[1], "PATH")) {
        free(p->path);
        p->path = strdup(argv[2]);
    }
    pvm_path(p);
}

/* Take name out of a list whose parts stand between colons. */
static void take_out(char *list, const char *name)
{
    size_t length = strlen(name);

    for (char *at = list; *at;) {
        size_t part = strcspn(at, ":");
        bool last = !at[part];

        if (part == length && !strncmp(at, name, length)) {
            memmove(at, at + part + !last, strlen(at + part + !last) + 1);
            continue;
        }
        at += part + !last;
    }
    if (*list && list[strlen(list) - 1] == ':')
        list[strlen(list) - 1] = '\0';
}

/* Change PVM_EXPORT by each word. */
static void edit_exports(int argc, char **argv, bool add)
{
    for (int i = 1; i < argc; i++) {
        const char *old = getenv(EXPORT);
        char *list;

        if (asprintf(&list, "%s", old ? old : "") < 0)
            return;
        take_out(list, argv[i]);
        if (add) {
            char *longer;
            int made = asprintf(&longer, "%s%s%s", list, *list ? ":" : "", argv[i]);

            free(list);
            if (made < 0)
                return;
            list = longer;
        }
        setenv(EXPORT, list, 1);
        free(list);
    }
}

void pvm_export(struct pvm *p, int argc, char **argv)
{
    const char *list = getenv(EXPORT);

    if (argc == 1)
        printf(EXPORT "=%s\n", list ? list : "");
    edit_exports(argc, argv, true);
}

void pvm_unexport(struct pvm *p, int argc, char **argv)
{
    edit_exports(argc, argv, false);
}

/* ---- about the console ---- */

void pvm_id(struct pvm *p, int argc, char **argv)
{
    printf("t%x\n", (unsigned)client_info(p->client)->tid);
}

void pvm_version(struct pvm *p, int argc, char **argv)
{
    puts(VERSION);
}

void pvm_inside(struct pvm *p, int argc, char **argv)
{
    printf("%s: DVM has no pvmd to look into; dvm logs and dvm doctor tell of its daemons.\n",
           argv[0]);
}
