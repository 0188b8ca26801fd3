/* screen.c: the implementation of screen.h.
 *
 * The terminal is given back whatever ends the view: signals that would end the process
 * only set a flag while it is taken. ^Z is off: a stopped program would leave the terminal
 * as nobody wants it.
 */
#include "console/watch/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

#define OTHER_SCREEN "\033[?1049h\033[?25l" /* and no cursor */
#define OWN_SCREEN "\033[?25h\033[?1049l"
#define CLEAR "\033[H\033[J"
#define ROWS 24
#define COLUMNS 80
#define MS 1000

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define SIGNALS (sizeof signals / sizeof signals[0])

static struct {
    bool open;
    struct termios before;
    struct sigaction actions[SIGNALS];
} screen;

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
    asked_to_end = number;
}

bool screen_open(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll ends */
    struct termios mine;

    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen.before))
        return false;
    mine = screen.before;
    mine.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    mine.c_cc[VMIN] = 1;
    mine.c_cc[VTIME] = 0;
    mine.c_cc[VSUSP] = _POSIX_VDISABLE;
    asked_to_end = 0;
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &screen.actions[i]);
    tcsetattr(STDIN_FILENO, TCSANOW, &mine);
    fputs(OTHER_SCREEN, stdout);
    fflush(stdout);
    screen.open = true;
    return true;
}

void screen_size(int *rows, int *columns)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;

    *rows = known ? size.ws_row : ROWS;
    *columns = known ? size.ws_col : COLUMNS;
}

void screen_clear(void)
{
    fputs(CLEAR, stdout);
}

void screen_show(void)
{
    fflush(stdout);
}

int screen_key(double seconds)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    double limit = clock_seconds() + seconds;

    while (!asked_to_end) {
        double left = limit - clock_seconds();
        int r = poll(&p, 1, left > 0 ? (int)(left * MS) + 1 : 0);
        unsigned char key;
        ssize_t got;

        if (r < 0 && errno == EINTR)
            continue;
        if (r == 0)
            return 0;
        got = r > 0 ? read(STDIN_FILENO, &key, 1) : 0;
        if (got < 0 && errno == EINTR)
            continue;
        return got == 1 && key ? key : SCREEN_END;
    }
    return SCREEN_END;
}

void screen_close(void)
{
    if (!screen.open)
        return;
    fputs(OWN_SCREEN, stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &screen.actions[i], NULL);
    screen.open = false;
}
