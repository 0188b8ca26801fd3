/* progress.c: see progress.h. The line is written with its cursor at its begin and
 * erased by the terminal; so nothing needs to be remembered. */
#include "console/text/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_BYTES 512
#define COLUMNS_DEFAULT 80
#define ERASE "\r\033[K"

static bool wanted(const struct console *c)
{
    return !c->quiet && isatty(STDERR_FILENO);
}

static int columns(void)
{
    struct winsize w;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : COLUMNS_DEFAULT;
}

void progress_show(const struct console *c, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;

    if (!wanted(c))
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, ERASE "%.*s", columns() - 1, line);
    fflush(stderr);
}

void progress_clear(const struct console *c)
{
    if (wanted(c))
        fputs(ERASE, stderr);
}
