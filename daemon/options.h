/* options.h: the command line of dvmd. */
#ifndef DVMD_OPTIONS_H
#define DVMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_SET_MAX 16 /* options --set */
#define TICKET_MAX 4096    /* bytes of a ticket with its NUL */

struct options {
    const char *machine, *host; /* NULL: the defaults of runtime.h */
    const char *folder;         /* NULL: as runtime.h finds it */
    const char *join;           /* file with the ticket, "-" for stdin, or NULL */
    const char *hosted;         /* offer of a machine whose hoster starts this, or NULL */
    const char *bind;           /* address to listen on, or NULL */
    const char *port;           /* control port or a range, as the setting; NULL or 0: any */
    long cores;                 /* cores for tasks, 0: those of this computer */
    const char *silence;        /* time until a silent host is lost, as in dvmd.conf, or NULL */
    long ready_fd;              /* where to tell that it is usable, or -1 */
    bool simulated;             /* shares its computer with other hosts: binds no tasks */
    bool foreground, is_private, debug;
    bool check;                 /* only look whether it could start, or join */
    bool help, version;         /* only print this and end */
    const char *set[OPTIONS_SET_MAX]; /* settings: "name=value" */
    size_t set_count;
};

/* Read the command line; texts are borrowed from argv. Error: ARG (dvm_fail). */
int options_parse(struct options *o, int argc, char **argv);

/* The text for --help; static. */
const char *options_usage(void);

/* Option number i, as it is explained; *value is NULL for one that takes none. Returns false
 * behind the last. */
bool options_row(size_t i, const char **name, const char **value, const char **help);

/* Read the ticket of --join: one line, at most size bytes with its NUL. A file that is not
 * there yet, or empty, is waited for so many seconds. Errors: TICKET (dvm_fail). */
int options_ticket(const struct options *o, double seconds, char *ticket, size_t size);

#endif
