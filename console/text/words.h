/* words.h: numbers of the machine in words for people, and back. */
#ifndef DVM_CONSOLE_WORDS_H
#define DVM_CONSOLE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_HEX_MAX 24 /* bytes of a number as text with its NUL */
#define WORDS_SIZE_MAX 24 /* bytes of a size with its NUL */
#define WORDS_AGE_MAX 24 /* bytes of a length of time with its NUL */

/* "up", "leaving", "lost"; and the colour it is shown in. */
const char *words_host_state(unsigned state);
const char *words_host_color(unsigned state);

/* "starting", "running", "ended"; and the colour. */
const char *words_task_state(unsigned state);
const char *words_task_color(unsigned state);

/* A length of time, short: "12.4 s" as "12.4s", "3m05s", "2h03m", "4d07h". */
const char *words_age(char text[WORDS_AGE_MAX], double seconds);

/* A length of time that was chosen: "1 s", "1.5 s", "10 min", "2 h", "7 days". */
const char *words_span(char text[WORDS_AGE_MAX], double seconds);

/* A number of bytes, short: "512", "1.5K", "12M", in steps of 1024. */
const char *words_size(char text[WORDS_SIZE_MAX], double bytes);

/* A 64-bit number as "0x..."; JSON's own numbers lose bits in many readers. */
const char *words_hex(char text[WORDS_HEX_MAX], uint64_t number);

/* Read a tid: 0x40001 or 262145. Returns false when text is none. */
bool words_tid(const char *text, int *tid);

/* Read a signal: TERM, SIGTERM, sigterm or 15. Returns false when text is none. */
bool words_signal(const char *text, int *signal);

/* "SIGTERM", or "signal 77". */
const char *words_signal_name(char text[WORDS_AGE_MAX], int signal);

#endif
