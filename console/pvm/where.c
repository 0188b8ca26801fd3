/* where.c: on which hosts spawn starts tasks, and where programs are looked for. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/pvm/pvm.h"

#define HOST_IP "-host="

/* A text that grows; NULL when there was no memory. */
struct text {
    char *bytes;
    size_t size;
};

static void append(struct text *t, const char *more, size_t length)
{
    char *longer = t->bytes ? realloc(t->bytes, t->size + length + 1) : NULL;

    if (!longer) {
        free(t->bytes);
        t->bytes = NULL;
        return;
    }
    t->bytes = longer;
    memcpy(longer + t->size, more, length);
    t->size += length;
    longer[t->size] = '\0';
}

static size_t name_length(const char *at)
{
    size_t length = 0;

    while (isalnum((unsigned char)at[length]) || at[length] == '_')
        length++;
    return length;
}

char *pvm_expand(const char *text)
{
    struct text t = {strdup(""), 0};

    while (*text) {
        size_t plain = strcspn(text, "$"), length;

        append(&t, text, plain);
        text += plain;
        if (!*text)
            break;
        length = name_length(text + 1);
        if (length > 0) {
            char *name = strndup(text + 1, length);
            const char *value = name ? getenv(name) : NULL;

            append(&t, value ? value : "", value ? strlen(value) : 0);
            free(name);
        } else {
            append(&t, "$", 1);
        }
        text += 1 + length;
    }
    return t.bytes;
}

/* Put the folders of a list, its variables replaced, in front of what follows. */
static void add_folders(struct text *t, const char *folders)
{
    char *expanded = folders && folders[0] ? pvm_expand(folders) : NULL;

    if (expanded) {
        append(t, expanded, strlen(expanded));
        append(t, ":", 1);
    }
    free(expanded);
}

void pvm_path(const struct pvm *p)
{
    struct text t = {strdup(""), 0};

    add_folders(&t, getenv("PVM_PATH"));
    for (size_t i = 0; i < p->hosts.count; i++)
        add_folders(&t, p->hosts.entries[i].values[HOSTFILE_PATH]);
    add_folders(&t, p->hosts.defaults.values[HOSTFILE_PATH]);
    add_folders(&t, "$HOME/pvm3/bin/$PVM_ARCH");
    if (p->path)
        append(&t, p->path, strlen(p->path));
    if (t.bytes)
        setenv("PATH", t.bytes, 1);
    free(t.bytes);
}

/* Whether address, which may have a port behind it, is of the computer ip. */
static bool same_address(const char *address, const char *ip)
{
    size_t length = strlen(ip);

    return length > 0 && !strncmp(address, ip, length) &&
           (!address[length] || address[length] == ':');
}

static bool fits(const Dvm__Pb__Host *h, const char *word)
{
    const char *ip = !strncmp(word, HOST_IP, strlen(HOST_IP)) ? word + strlen(HOST_IP) : NULL;

    if (!ip)
        return !strcmp(h->name, word) || !strcmp(pvm_arch(h->arch), word);
    for (size_t i = 0; i < h->n_addresses; i++)
        if (same_address(h->addresses[i], ip))
            return true;
    return !strcmp(h->name, ip) || same_address(h->address, ip);
}

char *pvm_where(const Dvm__Pb__HostsReply *hosts, const char *word)
{
    bool others = *word == '~';
    struct text t = {strdup(""), 0};

    if (!*word)
        return t.bytes;
    for (size_t i = 0; i < hosts->n_hosts; i++) {
        const Dvm__Pb__Host *h = hosts->hosts[i];

        if (h->state != DVM_HOST_UP || fits(h, word + others) == others)
            continue;
        append(&t, t.size ? "," : "", t.size > 0);
        append(&t, h->name, strlen(h->name));
    }
    if (t.bytes && t.size > 0)
        return t.bytes;
    free(t.bytes);
    return NULL;
}
