/* bell.h: this task's own inbox: who rang, and how to sleep until somebody does.
 * The protocol with those who ring is in proto/segment.h.
 *
 * A task that watches no descriptor sleeps on a futex. With the first one it gets an
 * epoll set (bell_set.c) and sleeps there as long as something is watched. */
#ifndef DVM_LANE_BELL_H
#define DVM_LANE_BELL_H

#include <stdbool.h>

#include "proto/segment.h"

/* Write into the own inbox on which core this thread runs: it is about to ring somebody. */
void bell_core(void);

/* Use this inbox (not NULL) from now on; index: this task's own bit. */
void bell_start(struct dvm_inbox *inbox, unsigned index);

/* Unmap it; nothing is watched any more. */
void bell_stop(void);

/* In a child after fork: close the copies of what only the task may use. */
void bell_forked(void);

/* The inbox, and this task's own bit in others'. */
struct dvm_inbox *bell_inbox(void);
unsigned bell_index(void);

/* Whether somebody rang since the last bell_take, or a watched descriptor was found
 * ready by the last sleep: two loads. */
bool bell_rung(void);

/* Call rung for each index that rang, and forget that they did; call ready for the
 * descriptors that the last sleep found. */
void bell_take(void (*rung)(unsigned index));

/* Sleep until somebody rings, or has already, or a watched descriptor is ready, or
 * seconds have passed (negative: for ever), or a signal comes. ready (or NULL) is
 * asked once more when those who would ring know of the sleep: true means not to.
 * One thread at a time; without the library's lock. */
void bell_sleep(double seconds, bool (*ready)(void));

/* Say that this task sleeps although no thread does yet. ready as in bell_sleep. Returns
 * false, and the task is awake as before, when somebody has rung already. Then bell_wait
 * sleeps without taking in what the set has found, so that it may return for nothing;
 * meanwhile another thread may call bell_disarm. Threads agree among themselves who may
 * call what (match/service.c). */
bool bell_arm(bool (*ready)(void));
void bell_wait(double seconds);

/* This task is awake: who rings need not wake it. */
void bell_disarm(void);

/* Have a thread that is in bell_wait return. One that is about to go there is missed. */
void bell_kick(void);

/* A descriptor that can be polled, and is readable when a ringer has met
 * DVM_ASLEEP_EPOLL, or something watched is ready. From now on sleeping is in epoll. It
 * stays open until bell_stop. Errors as of bell_watch. */
int bell_descriptor(void);

/* Nobody rings this task (its inbox is its own memory): it sleeps in epoll, where the socket to
 * the daemon wakes it. Behind bell_daemon. Errors as of bell_watch. */
int bell_alone(void);

/* Sleep in epoll, too (true), although nothing may be watched: there the end of the daemon
 * wakes by itself. For a task that has slept long. Returns false when that is not possible
 * (no descriptor is left). By the thread that sleeps on the bell, with the library's lock. */
bool bell_patient(bool patient);

/* Look at fd with every sleep: ready(arg, events) is called by bell_take (library lock
 * held) when one of events (EPOLLIN, EPOLLOUT), EPOLLERR or EPOLLHUP is there, again
 * and again as long as it is. ready may watch and unwatch anything. fd stays the
 * caller's and must be unwatched before it is closed. Errors: EXISTS (it is watched
 * already), LIMIT (no descriptor is left), NO_MEMORY, SYSTEM. */
int bell_watch(int fd, uint32_t events, void (*ready)(void *arg, uint32_t events), void *arg);

/* Wait for other events of a watched fd (0: for errors only). Error: SYSTEM. */
int bell_rewatch(int fd, uint32_t events);

/* Leave a watched fd out of what sleeps and looks see until the next bell_arm, bell_sleep,
 * bell_look or bell_rewatch, which take it back: as long as its owner reads it all the time. What
 * comes for it then costs its sender less (0.2 us of a TCP packet). It may stay in sight, if there
 * are many such. With the library's lock, and not in MULTIPLE use. */
void bell_aside(int fd);

/* No longer look at fd; nothing happens when it is not watched. */
void bell_unwatch(int fd);

/* Whether anything is watched. */
bool bell_watching(void);

/* The socket to the daemon: in the set as soon as there is one, so that whoever sleeps
 * there also learns of the daemon's end; does not count as watched. ready is called
 * when there is something to read. Before the first bell_watch. */
void bell_daemon(int fd, void (*ready)(void));

/* Look at the watched descriptors now, without sleeping: a system call. Library lock
 * held, and no thread may sleep on the bell. Nothing happens when none is watched. */
void bell_look(void);

/* The same without those that stand aside, which are looked at otherwise. */
void bell_glance(void);

/* ---- within bell*.c --------------------------------------------------------- */

/* Sleep in epoll, at most so many seconds (negative: for ever). */
void bell_set_sleep(double seconds);

/* The same, without noting what was found. */
void bell_set_wait(double seconds);

/* Take back into the set what stands aside. Returns false when the kernel refuses. */
bool bell_set_whole(void);

/* Send a datagram to the own bell, so that those return who sleep in the set. */
void bell_set_kick(void);

/* Whether the last bell_set_sleep found something; and call ready for it. */
bool bell_set_found(void);
void bell_set_take(void);

/* Close all and forget the daemon's socket. */
void bell_set_stop(void);

/* As bell_forked. */
void bell_set_forked(void);

#endif
