/* push.h: dvm run --push: copying a program to the hosts that do not have it. */
#ifndef DVM_CONSOLE_PUSH_H
#define DVM_CONSOLE_PUSH_H

#include "console/console.h"
#include "console/spawning.h"

struct push {
    char *path;   /* owned: the program here */
    char key[32]; /* names its contents and those of its libraries */
};

/* Bring the program of a spawn to each host that may get tasks of it and does not find
 * it, with those of its libraries that are lacking there, and note in s that it was. Does
 * nothing when every host has it. Prints what is wrong; returns an exit code. p is to be
 * freed with push_free after the spawn. */
int push_program(const struct console *c, struct client *client, struct spawning *s,
                 struct push *p);

/* Free it. */
void push_free(struct push *p);

#endif
