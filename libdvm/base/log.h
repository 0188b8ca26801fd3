/* log.h: the log of a daemon: one line a message, each a sentence.
 *
 * A line is "2026-01-31T12:00:00.123Z warning: text". Errors say what failed and
 * what follows from it, warnings what is odd but borne, info what an
 * administrator wants to know (a few lines a host or task), debug grows with
 * every request. Of errors and warnings of one kind (the same format) FLOOD_LINES go into
 * the log within FLOOD_MS; of the others the number and the last is told then, so that
 * nobody can fill a disk with them (flood.h). The function that decides that something
 * failed logs it; those that pass it on do not. Before log_open everything goes to nowhere.
 */
#ifndef DVM_BASE_LOG_H
#define DVM_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

#define LOG_LINE_MAX 1024 /* bytes of a line; a longer one is cut */
#define LOG_OLD ".old"    /* behind the name of the log before this one */

/* Start to append to the file path (made with mode 0600, never through a link).
 * level: the last one that is written. echo: errors and warnings go to stderr as
 * well. Returns DVM_OK or SYSTEM (dvm_fail). */
int log_open(const char *path, enum log_level level, bool echo);

/* From now on a file that would grow past bytes is renamed to its name and LOG_OLD, in
 * place of the one before, and a new one is begun: so the log takes at most twice that.
 * 0: without end. Holds for log_open's later files, too. */
void log_limit(size_t bytes);

/* Close the file; later messages go to nowhere. */
void log_close(void);

/* Write one message. errno is kept. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A warning whose kind is not its format but the address kind (of a reason, for
 * instance): a flood for one reason hides no other. */
void log_warning_of(const void *kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whom to tell that lines are being held back: alarm is called when log_due will have
 * something to write after so many milliseconds. NULL: nobody. */
void log_alarm(void (*alarm)(int ms));

/* Write how many lines were held back, of each kind whose time is over. Returns in how
 * many milliseconds there will be more to write, 0 for nothing. */
int log_due(void);

#endif
