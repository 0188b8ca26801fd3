/* words.c: the implementation of words.h. */
#include "console/text/words.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dvm.h"
#include "proto/frame.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define KIB 1024.0

struct state {
    const char *word, *color;
};

static const struct state host_states[] = {
    [DVM_HOST_UP] = {"up", "green"},
    [DVM_HOST_LEAVING] = {"leaving", "yellow"},
    [DVM_HOST_LOST] = {"lost", "red"},
};
static const struct state task_states[] = {
    [DVM_TASK_STARTING] = {"starting", "yellow"},
    [DVM_TASK_RUNNING] = {"running", "green"},
    [DVM_TASK_ENDED] = {"ended", "blue"},
};
static const struct state unknown = {"unknown", "red"};

#define STATE_OF(table, i)                                                                   \
    ((i) < sizeof table / sizeof table[0] && table[i].word ? &table[i] : &unknown)

const char *words_host_state(unsigned state)
{
    return STATE_OF(host_states, state)->word;
}

const char *words_host_color(unsigned state)
{
    return STATE_OF(host_states, state)->color;
}

const char *words_task_state(unsigned state)
{
    return STATE_OF(task_states, state)->word;
}

const char *words_task_color(unsigned state)
{
    return STATE_OF(task_states, state)->color;
}

const char *words_age(char text[WORDS_AGE_MAX], double seconds)
{
    unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;

    if (s < MINUTE)
        snprintf(text, WORDS_AGE_MAX, "%.1fs", seconds > 0 ? seconds : 0);
    else if (s < HOUR)
        snprintf(text, WORDS_AGE_MAX, "%lum%02lus", s / MINUTE, s % MINUTE);
    else if (s < DAY)
        snprintf(text, WORDS_AGE_MAX, "%luh%02lum", s / HOUR, s % HOUR / MINUTE);
    else
        snprintf(text, WORDS_AGE_MAX, "%lud%02luh", s / DAY, s % DAY / HOUR);
    return text;
}

const char *words_span(char text[WORDS_AGE_MAX], double seconds)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{DAY, "days"}, {HOUR, "h"}, {MINUTE, "min"}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        unsigned long times = (unsigned long)(seconds / units[i].seconds);

        if (times < (i == 0 ? 2 : 1) || (double)times * units[i].seconds != seconds)
            continue;
        snprintf(text, WORDS_AGE_MAX, "%lu %s", times, units[i].name);
        return text;
    }
    snprintf(text, WORDS_AGE_MAX, "%g s", seconds);
    return text;
}

const char *words_size(char text[WORDS_SIZE_MAX], double bytes)
{
    static const char units[] = {'K', 'M', 'G', 'T', 'P', 'E'};
    size_t unit = 0;

    if (!(bytes >= 1)) {
        snprintf(text, WORDS_SIZE_MAX, "0");
        return text;
    }
    if (bytes < KIB) {
        snprintf(text, WORDS_SIZE_MAX, "%.0f", bytes);
        return text;
    }
    /* 1023.5 of a unit would be shown as 1024 */
    for (bytes /= KIB; bytes >= KIB - 0.5 && unit + 1 < sizeof units; unit++)
        bytes /= KIB;
    snprintf(text, WORDS_SIZE_MAX, bytes < 10 ? "%.1f%c" : "%.0f%c", bytes, units[unit]);
    return text;
}

const char *words_hex(char text[WORDS_HEX_MAX], uint64_t number)
{
    snprintf(text, WORDS_HEX_MAX, "0x%" PRIx64, number);
    return text;
}

bool words_tid(const char *text, int *tid)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 0);
    if (end == text || *end || errno || value < 0 || value > 0x3fffffff ||
        !DVM_TID_OK((int)value) || DVM_TID_N((int)value) == 0)
        return false;
    *tid = (int)value;
    return true;
}

bool words_signal(const char *text, int *number)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end != text && !*end && value > 0 && value < NSIG) {
        *number = (int)value;
        return true;
    }
    if (!strncasecmp(text, "SIG", 3))
        text += 3;
    for (int i = 1; i < NSIG; i++) {
        const char *name = sigabbrev_np(i);

        if (name && !strcasecmp(name, text)) {
            *number = i;
            return true;
        }
    }
    return false;
}

const char *words_signal_name(char text[WORDS_AGE_MAX], int number)
{
    const char *name = sigabbrev_np(number);

    if (name)
        snprintf(text, WORDS_AGE_MAX, "SIG%s", name);
    else
        snprintf(text, WORDS_AGE_MAX, "signal %d", number);
    return text;
}
