/* place.h: how many tasks of a spawn each host gets. Pure: no daemon needed. */
#ifndef DVMD_TASKS_PLACE_H
#define DVMD_TASKS_PLACE_H

#include <stddef.h>
#include <stdint.h>

struct place_host {
    int slot;
    int cores;   /* that tasks may use; less than 1 counts as 1 */
    int running; /* tasks that run there already */
    int count;   /* result: how many it gets */
    uint64_t computer; /* the same for hosts that share its cores; 0: not known */
};

/* Spread count tasks over hosts: each goes where it finds the largest share of a
 * core, so free cores fill first, in proportion, and then all hosts are
 * oversubscribed alike. Of equal hosts the earlier gets more. */
void place_spread(struct place_host *hosts, size_t host_count, int count);

/* Fill the free cores of one host before the next, in order; what is more than all free
 * cores is spread. */
void place_pack(struct place_host *hosts, size_t host_count, int count);

/* Say that there are more tasks than cores where these were placed (hosts of one computer
 * have its cores once: as many as the one of them that may use most), such as "16
 * tasks on 4 cores (oversubscribed 4 times; waiting tasks sleep)". text: empty
 * when there are not. */
void place_note(const struct place_host *hosts, size_t host_count, char *text, size_t size);

#endif
