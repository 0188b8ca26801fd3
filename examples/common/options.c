/* options.c: the command line of the examples, as a table of options.
 *
 * The examples take a handful of long options each. getopt_long() would do, but
 * leaves the numbers, their limits and the usage text to every program; a table
 * with limits keeps all three in one place. Each task of a program reads the
 * same command line and comes to the same result, so nobody has to send it
 * around; only the task that is asked to speak prints.
 */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static const struct option *find(const struct option *table, const char *name,
                                 size_t length)
{
    for (; table->name; table++)
        if (strlen(table->name) == length && strncmp(table->name, name, length) == 0)
            return table;
    return NULL;
}

static void print_usage(FILE *to, const char *program, const struct option *table)
{
    static const char *const values[] = { "", " N", " X", " TEXT" };

    fprintf(to, "usage: %s [options]\n", base_name(program));
    for (; table->name; table++) {
        char left[40];

        snprintf(left, sizeof left, "--%s%s", table->name, values[table->kind]);
        fprintf(to, "  %-20s %s\n", left, table->help);
    }
    fprintf(to, "  %-20s %s\n", "--help", "print this");
}

__attribute__((format(printf, 4, 5))) static int
mistake(const char *program, const struct option *table, int speak, const char *format, ...)
{
    va_list args;

    if (speak) {
        fprintf(stderr, "%s: ", base_name(program));
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
        print_usage(stderr, program, table);
    }
    /* a task that fails ends the others: those who are silent do not, lest they end
     * the one that has something to say */
    return speak ? 2 : 0;
}

/* Store a value; returns 0 when it is no number or outside of the limits. A
 * whole number may be written as 1e6: sizes are easier to read that way. */
static int store(const struct option *row, const char *value)
{
    char *end;
    double number;

    if (row->kind == OPTION_TEXT) {
        *(const char **)row->target = value;
        return *value != '\0';
    }
    errno = 0;
    number = strtod(value, &end);
    if (end == value || *end != '\0' || errno != 0)
        return 0;
    if (!(number >= row->low && number <= row->high)) /* this way NaN fails, too */
        return 0;
    if (row->kind == OPTION_REAL) {
        *(double *)row->target = number;
        return 1;
    }
    *(long *)row->target = (long)number;
    return (double)*(long *)row->target == number;
}

static int bad_value(const char *program, const struct option *table, int speak,
                     const struct option *row, const char *value)
{
    if (row->kind == OPTION_TEXT)
        return mistake(program, table, speak, "--%s needs a value", row->name);
    return mistake(program, table, speak, "--%s takes a %s from %.15g to %.15g, not '%s'",
                   row->name, row->kind == OPTION_INT ? "whole number" : "number", row->low,
                   row->high, value);
}

int options_read(int argc, char **argv, const struct option *table, int speak)
{
    const char *me = argc > 0 ? argv[0] : "example";
    int i;

    for (i = 1; i < argc; i++) {
        const char *name = argv[i];
        size_t length = strcspn(name, "=");
        const struct option *row;
        const char *value;

        if (strcmp(name, "--help") == 0) {
            if (speak)
                print_usage(stdout, me, table);
            return 0;
        }
        row = strncmp(name, "--", 2) == 0 ? find(table, name + 2, length - 2) : NULL;
        if (!row)
            return mistake(me, table, speak, "there is no option '%s'", name);
        if (row->kind == OPTION_FLAG) {
            if (name[length] == '=')
                return mistake(me, table, speak, "--%s takes no value", row->name);
            *(int *)row->target = 1;
            continue;
        }
        value = name[length] == '=' ? name + length + 1 : argv[++i];
        if (!value) /* argv ends with NULL */
            return mistake(me, table, speak, "--%s needs a value", row->name);
        if (!store(row, value))
            return bad_value(me, table, speak, row, value);
    }
    return OPTION_GO_ON;
}
