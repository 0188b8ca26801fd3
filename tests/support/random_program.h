/* random_program.h: random programs of sends, receives, probes and cancels between tasks,
 * whose outcome is compared with a simple reference matcher.
 *
 * Each player writes down, in memory that all share, what it sends, in order, and what it
 * asks to receive, in order. When all is over, one of them plays the same rows through the
 * reference: receive by receive, each is offered the earliest message of its sender that fits
 * and is still there. Which message a receive gets depends on time only where it takes from
 * any source: then the reference takes the source that it really was, and checks the rest.
 */
#ifndef TESTS_SUPPORT_RANDOM_PROGRAM_H
#define TESTS_SUPPORT_RANDOM_PROGRAM_H

#include <stdint.h>

#include "tests/support/fake_daemon.h"

#define RANDOM_PLAYERS 8
#define RANDOM_OPERATIONS 4000 /* most of one player: messages, and receives */

struct random_program;

/* Shared memory for players programs of so many messages each; made before the tasks. */
struct random_program *random_make(int players, int messages, uint64_t seed);

/* Unmap it. */
void random_free(struct random_program *p);

/* Play one player's part, the library entered; context is that of this program alone.
 * number: of the player; tids: of the tasks, by player. Returns 0 when nothing was wrong
 * that the player itself can see. */
int random_play(struct random_program *p, int number, const int *tids, uint64_t context);

/* Compare with the reference, when all have played. Returns 0, or 1 having said what
 * differs. */
int random_check(const struct random_program *p);

#endif
