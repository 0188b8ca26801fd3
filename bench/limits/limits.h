/* limits.h: what the parts of the program limits share. */
#ifndef BENCH_LIMITS_H
#define BENCH_LIMITS_H

extern double batch_seconds; /* see measure/timing.h */

/* Print a line NAME VALUE UNIT. */
void report(const char *name, double value, const char *unit);

/* Say what failed, with errno's text, and end. */
void fail(const char *what) __attribute__((noreturn));

/* The limits of TCP between this process and another, which is the server (tcp.c). */
void tcp(int server, const char *address);

/* The limits of encrypting and of decrypting (seal.c). */
void seal(void);

#endif
