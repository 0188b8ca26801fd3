/* adding.h: what the lines of PVM's host files say of hosts that are to be added. */
#ifndef PVM3_ADDING_H
#define PVM3_ADDING_H

#include <stdbool.h>

struct pvm3_hostline {
    char *name;   /* that the host gets in the machine: of ip=, else the first word */
    char *target; /* whom to reach: that with the user of lo= in front */
    char *how;    /* of so=, or "" */
    char *daemon; /* of dx=, or "" */
};

/* Read a line. false: no memory. In both cases pvm3_hostline_free frees what is in it. */
bool pvm3_hostline_read(const char *line, struct pvm3_hostline *h);
void pvm3_hostline_free(struct pvm3_hostline *h);

#endif
