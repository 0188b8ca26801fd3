/* remote.h: starting dvmd behind a remote shell: a script for its sh, and the talk with it.
 *
 * The command line for the remote side is the one word "sh", which means the same to a
 * shell (ssh) and to a program that executes words as they are (docker exec -i). The
 * script comes over its standard input. It looks for a dvmd that works: at the path that
 * it has here, then by PATH; else it asks for one, with those libraries that its system
 * lacks. Only when it has said which one it runs is the ticket sent, which dvmd reads.
 */
#ifndef DVM_CONSOLE_REMOTE_H
#define DVM_CONSOLE_REMOTE_H

#include <stdint.h>

#include "console/remote/launch.h"
#include "console/remote/libraries.h"

#define REMOTE_FILES (1 + LIBRARIES_MAX) /* dvmd, then its libraries */
#define REMOTE_HEADER_MAX 512
#define REMOTE_SHELL "sh"

/* A file that may be asked for. */
struct remote_file {
    const char *name, *path;
    void *bytes; /* mapped when it is asked for first; NULL before */
    size_t size;
};

struct remote {
    const char *dvmd;    /* borrowed: path here, or "" when there is none */
    const char *machine; /* borrowed */
    const char *ticket;  /* borrowed: one line with its end */
    bool check;          /* dvmd only looks whether it could join (dvmd --check) */
    struct libraries libraries;
    struct remote_file files[REMOTE_FILES];
    size_t file_count;   /* 0: nothing is pushed */
};

/* The talk with one host. */
struct remote_host {
    char *script;       /* owned */
    uint64_t needed;    /* bits of files that it still needs */
    int sending;        /* the one that is being sent */
    bool running;       /* it has found or got a dvmd that works */
    bool pushed;        /* it was got */
    bool done;          /* for the caller */
    char header[REMOTE_HEADER_MAX];
};

/* Prepare for hosts to which dvmd (a path here) may be pushed, or not. Errors: those of
 * libraries_of. */
int remote_open(struct remote *r, const char *dvmd, const char *machine, bool push);

/* Free what it holds. */
void remote_close(struct remote *r);

/* Make the script for a host: name is the one it shall have in the machine, "" for its
 * own. Errors: NO_MEMORY. */
int remote_script(const struct remote *r, struct remote_host *h, const char *name);

/* A line of the talk (launch.heard). */
void remote_heard(struct remote *r, struct remote_host *h, struct launch *l, const char *line);

#endif
