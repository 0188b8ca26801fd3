/* log.c: the log file; see log.h.
 *
 * Each line is put together in memory and written with one write() to a file
 * opened for appending, so that lines never mix and none is lost at a crash. A log that
 * has reached its limit is renamed and the next one begun; where that cannot be, what does
 * not fit is lost, and the limit holds.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/flood.h"

#define FILE_MODE 0600
#define LOST_TEXT_MAX 128
#define LOG_PATH_MAX 1200 /* bytes of the log's path with its NUL */
#define NS_PER_MS 1000000

static int file = -1;
static enum log_level last_level = LOG_INFO;
static bool to_stderr;
static unsigned long lost; /* pieces that could not be written */
static char file_path[LOG_PATH_MAX];
static bool is_file; /* and no device */
static size_t file_size, size_limit; /* bytes; no limit: 0 */
static struct flood flood;
static void (*on_held)(int ms);
static const char *const names[] = {"error", "warning", "info", "debug"};

int log_open(const char *path, enum log_level level, bool echo)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    struct stat st;

    if (fd < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot open the log %s", path);
    if (file >= 0)
        close(file);
    file = fd;
    snprintf(file_path, sizeof file_path, "%s", path);
    is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    file_size = is_file ? (size_t)st.st_size : 0;
    last_level = level;
    to_stderr = echo;
    return DVM_OK;
}

/* False when the disk is full, or such. */
static bool put(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        size -= (size_t)done;
    }
    return true;
}

void log_limit(size_t bytes)
{
    size_limit = bytes;
}

/* Begin a new file. False when that cannot be. */
static bool rotate(void)
{
    char old[LOG_PATH_MAX + sizeof LOG_OLD];
    int fd;

    snprintf(old, sizeof old, "%s" LOG_OLD, file_path);
    if (rename(file_path, old))
        return false;
    fd = open(file_path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        rename(old, file_path);
        return false;
    }
    close(file);
    file = fd;
    file_size = 0;
    return true;
}

/* Append to the log, within its limit. */
static bool append(const char *bytes, size_t size)
{
    if (size_limit && is_file && file_size > 0 && file_size + size > size_limit && !rotate())
        return false;
    file_size += size; /* also if only a part of it can be written */
    return put(file, bytes, size);
}

/* The log is the last resort for telling: of what it does not take only the number
 * is told, as soon as it takes something again. */
static void put_line(const char *bytes, size_t size)
{
    char text[LOST_TEXT_MAX];

    if (file < 0)
        return;
    if (lost > 0) {
        int used = snprintf(text, sizeof text, "warning: %lu pieces are missing here: they could "
                            "not be written (is the disk full?)\n", lost);

        if (append(text, (size_t)used))
            lost = 0;
    }
    if (!append(bytes, size))
        lost++;
}

/* One line, now. */
static void put_message(enum log_level level, const char *message)
{
    char line[LOG_LINE_MAX], stamp[32];
    struct timespec now;
    struct tm utc;
    size_t used, text;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    used = (size_t)snprintf(line, sizeof line, "%s.%03ldZ %s: ", stamp,
                            now.tv_nsec / NS_PER_MS, names[level]);
    text = used;
    used += (size_t)snprintf(line + used, sizeof line - used, "%s", message);
    if (used > sizeof line - 1)
        used = sizeof line - 1;
    for (size_t i = text; i < used; i++)
        if ((unsigned char)line[i] < ' ')
            line[i] = ' '; /* a message is one line, whatever a client put into it */
    line[used] = '\n';
    put_line(line, used + 1);
    if (to_stderr && level <= LOG_WARNING) {
        put(STDERR_FILENO, "dvmd: ", 6);
        put(STDERR_FILENO, line + text, used + 1 - text);
    }
}

static void tell_held(bool all)
{
    const struct flood_kind *k;
    char text[FLOOD_TEXT_MAX + 64];

    while ((k = flood_due(&flood, clock_ns() / NS_PER_MS, all))) {
        snprintf(text, sizeof text, "%lu more like this one, the last: %s", k->held, k->text);
        put_message(LOG_WARNING, text);
    }
}

void log_close(void)
{
    if (file < 0)
        return;
    tell_held(true);
    close(file);
    file = -1;
}

void log_alarm(void (*alarm)(int ms))
{
    on_held = alarm;
}

int log_due(void)
{
    int saved = errno, next;

    tell_held(false);
    next = flood_next(&flood, clock_ns() / NS_PER_MS);
    errno = saved;
    return next;
}

/* kind: of lines that are limited together. */
static void write_line(enum log_level level, const void *kind, const char *format, va_list ap)
{
    int saved = errno;
    char text[LOG_LINE_MAX];
    bool first = false;

    if (level > last_level)
        return;
    vsnprintf(text, sizeof text, format, ap);
    tell_held(false);
    if (level > LOG_WARNING ||
        flood_pass(&flood, kind, text, clock_ns() / NS_PER_MS, &first))
        put_message(level, text);
    if (first && on_held)
        on_held(FLOOD_MS);
    errno = saved;
}

#define LOG_FUNCTION(function, level)                                                    \
    void function(const char *format, ...)                                               \
    {                                                                                    \
        va_list ap;                                                                      \
                                                                                         \
        va_start(ap, format);                                                            \
        write_line(level, format, format, ap);                                           \
        va_end(ap);                                                                      \
    }

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warning, LOG_WARNING)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)

void log_warning_of(const void *kind, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    write_line(LOG_WARNING, kind, format, ap);
    va_end(ap);
}
