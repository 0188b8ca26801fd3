/* hostfile.h: host files of PVM: one host a line, with options behind its name.
 *
 *     # a comment
 *     * ep=$HOME/bin          defaults of the lines that follow, and of hosts added later
 *     node1 lo=me sp=2000     a host
 *     &node2 dx=/opt/dvmd     options only: the host is added when somebody asks for it
 *
 * A line that ends in \ goes on in the next one. */
#ifndef DVM_CONSOLE_PVM_HOSTFILE_H
#define DVM_CONSOLE_PVM_HOSTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "dvm.h"

#define HOSTFILE_SPEED 1000       /* of a host whose line says nothing else */
#define HOSTFILE_SPEED_MAX 1000000
#define HOSTFILE_SENTENCE_MAX 256 /* bytes of what is wrong with a line, with its NUL */

enum hostfile_option {
    HOSTFILE_LOGIN,     /* lo= user there */
    HOSTFILE_START,     /* so= how to start: pw or ms */
    HOSTFILE_DAEMON,    /* dx= path of the daemon */
    HOSTFILE_PATH,      /* ep= where programs are looked for */
    HOSTFILE_DIRECTORY, /* wd= of tasks */
    HOSTFILE_SPEED_OF,  /* sp= relative speed */
    HOSTFILE_DEBUGGER,  /* bx= script that starts one */
    HOSTFILE_ADDRESS,   /* ip= another name, by which the host is reached */
    HOSTFILE_VMID,      /* id= of the machine */
    HOSTFILE_SERVER,    /* sr= */
    HOSTFILE_OPTIONS
};

struct hostfile_entry {
    char name[DVM_NAME_MAX];
    bool later;                      /* & in front: not to be added now */
    char *values[HOSTFILE_OPTIONS];  /* owned; NULL: not given */
};

struct hostfile {
    struct hostfile_entry *entries; /* owned */
    size_t count;
    struct hostfile_entry defaults;
};

/* Read one line into h: a host that is known gets what the line says of it. *entry, unless
 * entry is NULL, receives its place in h->entries, or -1 when the line names none. Returns
 * false with a sentence in error, of HOSTFILE_SENTENCE_MAX bytes; h is as before then. */
bool hostfile_line(struct hostfile *h, const char *line, int *entry, char *error);

/* Read a whole file's text. Lines that are wrong are told to wrong, with their number, and
 * left out. Returns how many were. */
size_t hostfile_text(struct hostfile *h, const char *text,
                     void (*wrong)(void *arg, size_t line, const char *sentence), void *arg);

/* The value of an option for a host, or NULL: of its own line, else of the defaults. */
const char *hostfile_value(const struct hostfile *h, const char *host,
                           enum hostfile_option option);

/* The speed of a host. */
int hostfile_speed(const struct hostfile *h, const char *host);

/* Free what it holds. */
void hostfile_free(struct hostfile *h);

#endif
