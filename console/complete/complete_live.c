/* complete_live.c: offers what there is now: hosts, tasks, machines, computers.
 *
 * Nothing here says a word or waits long: who presses Tab wants an answer or none.
 */
#include "console/complete/complete.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/runtime.h"
#include "console/ask.h"
#include "console/console.h"
#include "console/listing.h"
#include "console/local.h"
#include "console/text/words.h"

#define MEANING_MAX 256 /* bytes of a meaning with its NUL */
#define BLANKS " \t\r\n"

void complete_hosts(struct complete *c, const char *prefix)
{
    struct client *client = console_look();
    Dvm__Pb__HostsReply *reply;
    char meaning[MEANING_MAX];

    if (client && !ask_hosts(client, &reply)) {
        for (size_t i = 0; i < reply->n_hosts; i++) {
            const Dvm__Pb__Host *h = reply->hosts[i];

            snprintf(meaning, sizeof meaning, "%s, %u core%s, %u task%s",
                     words_host_state(h->state), h->cores, h->cores == 1 ? "" : "s", h->tasks,
                     h->tasks == 1 ? "" : "s");
            complete_offer(c, prefix, h->name, meaning);
        }
        dvm__pb__hosts_reply__free_unpacked(reply, NULL);
    }
    client_close(client);
}

static void offer_task(struct complete *c, const char *prefix, const Dvm__Pb__Task *t)
{
    char tid[WORDS_HEX_MAX], meaning[MEANING_MAX];

    snprintf(meaning, sizeof meaning, "rank %u of %s on %s", t->rank, t->program, t->host);
    complete_offer(c, prefix, words_hex(tid, (uint64_t)t->tid), meaning);
}

void complete_tasks(struct complete *c, const char *prefix)
{
    struct client *client = console_look();
    Dvm__Pb__Tasks message = DVM__PB__TASKS__INIT;
    struct listing l = {0};

    if (client && !listing_get(client, &message, &l))
        for (size_t i = 0; i < l.count; i++)
            for (size_t k = 0; l.replies[i] && k < l.replies[i]->n_tasks; k++)
                offer_task(c, prefix, l.replies[i]->tasks[k]);
    if (client)
        listing_free(&l);
    client_close(client);
}

static bool machine_runs(const char *machine)
{
    struct local l;
    bool runs = local_list(&l, machine) == DVM_OK && l.count > 0;

    local_free(&l);
    return runs;
}

void complete_machines(struct complete *c, const char *prefix)
{
    char top[RUNTIME_PATH_MAX];
    DIR *dir = runtime_user_folder(top, sizeof top) ? NULL : opendir(top);
    const struct dirent *entry;

    /* DVM_DIR would be taken for the folder of each of them */
    unsetenv("DVM_DIR");
    while (dir && (entry = readdir(dir)))
        if (runtime_name_ok(entry->d_name) && machine_runs(entry->d_name))
            complete_offer(c, prefix, entry->d_name, "runs on this computer");
    if (dir)
        closedir(dir);
}

/* The hosts of a line "Host NAME..." of ssh's configuration, but for patterns. */
static void take_config(struct complete *c, const char *prefix, char *line)
{
    char *rest, *word = strtok_r(line, BLANKS "=", &rest);

    if (!word || strcasecmp(word, "Host"))
        return;
    while ((word = strtok_r(NULL, BLANKS, &rest)))
        if (!strpbrk(word, "*?!"))
            complete_offer(c, prefix, word, "in ~/.ssh/config");
}

/* The hosts of a line "NAME,NAME KEY..." of ssh's known hosts, but for hidden ones. */
static void take_known(struct complete *c, const char *prefix, char *line)
{
    char *rest, *names = strtok_r(line, BLANKS, &rest);

    if (!names || strchr("#@|", names[0]))
        return;
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        if (!strpbrk(name, "[*?!"))
            complete_offer(c, prefix, name, "in ~/.ssh/known_hosts");
}

static const struct {
    const char *file; /* below the home */
    void (*take)(struct complete *c, const char *prefix, char *line);
} ssh_files[] = {{".ssh/config", take_config}, {".ssh/known_hosts", take_known}};

void complete_computers(struct complete *c, const char *prefix)
{
    const char *home = getenv("HOME");

    for (size_t i = 0; home && i < sizeof ssh_files / sizeof ssh_files[0]; i++) {
        char *path = NULL, *line = NULL;
        size_t size = 0;
        FILE *in = asprintf(&path, "%s/%s", home, ssh_files[i].file) < 0 ? NULL
                                                                        : fopen(path, "re");

        while (in && getline(&line, &size, in) >= 0)
            ssh_files[i].take(c, prefix, line);
        if (in)
            fclose(in);
        free(line);
        free(path);
    }
}
