/* keys.c: the implementation of keys.h.
 *
 * libedit's own handling loses a signal that comes while it does not read, and leaves the
 * terminal in the wrong mode then. So the signals are blocked but while ppoll waits for a
 * key; what came meanwhile is then done at once: SIGINT is the key ^C, SIGTERM and SIGHUP
 * are the end of input, so that the terminal is put back, SIGWINCH tells libedit the new
 * size, and SIGCONT shows the line again.
 */
#include "console/prompt/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};
#define NUMBERS (sizeof numbers / sizeof numbers[0])

static volatile sig_atomic_t came[NUMBERS];
static sigset_t before; /* what was blocked when this began */
static bool begun;

static void note(int number)
{
    for (size_t i = 0; i < NUMBERS; i++)
        if (numbers[i] == number)
            came[i] = 1;
}

static bool take(int number)
{
    for (size_t i = 0; i < NUMBERS; i++)
        if (numbers[i] == number && came[i]) {
            came[i] = 0;
            return true;
        }
    return false;
}

static void show_again(EditLine *editor)
{
    el_set(editor, EL_PREP_TERM, 0);
    el_set(editor, EL_PREP_TERM, 1);
    el_set(editor, EL_REFRESH);
}

/* Wait until a byte can be read. Returns false when a signal says what is read instead. */
static bool wait_for_byte(EditLine *editor)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    for (;;) {
        int r = ppoll(&p, 1, NULL, &before);

        if (take(SIGWINCH))
            el_resize(editor);
        if (take(SIGCONT))
            show_again(editor);
        for (size_t i = 0; i < NUMBERS; i++)
            if (came[i])
                return false;
        if (r > 0 || (r < 0 && errno != EINTR))
            return true;
    }
}

/* libedit's EL_GETCFN: 1 and a letter, 0 at the end of input, -1 with errno. */
static int read_key(EditLine *editor, wchar_t *letter)
{
    mbstate_t state = {0};
    char byte;

    for (;;) {
        ssize_t got;
        size_t made;

        if (!wait_for_byte(editor)) {
            *letter = KEYS_GIVE_UP;
            return take(SIGINT);
        }
        got = read(STDIN_FILENO, &byte, 1);
        if (got <= 0)
            return (int)got;
        made = mbrtowc(letter, &byte, 1, &state);
        if (made == (size_t)-2)
            continue; /* the first bytes of a letter */
        if (made == (size_t)-1)
            memset(&state, 0, sizeof state); /* no letter: left out */
        else
            return 1;
    }
}

bool keys_begin(EditLine *editor)
{
    struct sigaction action = {.sa_handler = note};
    sigset_t ours;

    sigemptyset(&ours);
    for (size_t i = 0; i < NUMBERS; i++) {
        sigaddset(&ours, numbers[i]);
        if (sigaction(numbers[i], &action, NULL) < 0)
            return false;
    }
    if (sigprocmask(SIG_BLOCK, &ours, &before) < 0)
        return false;
    for (size_t i = 0; i < NUMBERS; i++)
        sigdelset(&before, numbers[i]);
    begun = true;
    return el_set(editor, EL_GETCFN, read_key) == 0;
}

void keys_release(void)
{
    if (!begun)
        return;
    for (size_t i = 0; i < NUMBERS; i++)
        signal(numbers[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
}
