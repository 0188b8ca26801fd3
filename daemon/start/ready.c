/* ready.c: see ready.h. The word is one line, "ready FOLDER" or "error TEXT"; to the
 * process that was started, "ready NOTE". */
#include "daemon/start/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/join.h"
#include "base/runtime.h"

#define WORD_MAX (RUNTIME_PATH_MAX + 2 * JOIN_SENTENCE_MAX)

/* The first process: wait for the word, act on it. */
static void wait_for_word(int fd) __attribute__((noreturn));

static void wait_for_word(int fd)
{
    static const char ready[] = "ready ", error[] = "error ";
    char word[WORD_MAX];
    size_t used = 0;
    ssize_t got;

    word[0] = '\0';
    while (used < sizeof word - 1 && !strchr(word, '\n')) {
        got = read(fd, word + used, sizeof word - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
        word[used] = '\0'; /* one line: until the end of file it may be longer */
    }
    word[strcspn(word, "\n")] = '\0';
    if (strncmp(word, ready, strlen(ready)) == 0) {
        if (word[strlen(ready)])
            fprintf(stderr, "dvmd: %s\n", word + strlen(ready));
        _exit(EXIT_SUCCESS);
    }
    fprintf(stderr, "dvmd: %s\n",
            strncmp(word, error, strlen(error)) == 0 ? word + strlen(error)
                                                     : "it ended before it was usable");
    _exit(EXIT_FAILURE);
}

static void drop_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    for (int i = 0; i <= STDERR_FILENO && null >= 0; i++)
        dup2(null, i);
    if (null > STDERR_FILENO)
        close(null);
}

int ready_background(struct ready *r)
{
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC))
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot make a pipe");
    pid = fork();
    if (pid < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot go into the background");
    if (pid > 0) {
        close(ends[1]);
        wait_for_word(ends[0]);
    }
    close(ends[0]);
    r->pipe = ends[1];
    drop_terminal();
    return DVM_OK;
}

/* Returns whether nobody listens there any more. */
static bool say_to(int *fd, const char *word, size_t size)
{
    bool gone;

    if (*fd < 0)
        return false;
    gone = write(*fd, word, size) < 0 && errno == EPIPE;
    close(*fd);
    *fd = -1;
    return gone;
}

bool ready_say(struct ready *r, const char *folder, const char *text)
{
    char word[WORD_MAX];
    bool gone;
    int size = snprintf(word, sizeof word, "%s %s\n", text ? "error" : "ready",
                        text ? text : folder);

    if (size >= (int)sizeof word)
        size = (int)sizeof word - 1;
    /* who listens to --ready-fd says it in its own words */
    if (r->pipe < 0 && (text ? r->fd < 0 : r->note != NULL))
        fprintf(stderr, "dvmd: %s\n", text ? text : r->note);
    gone = say_to(&r->fd, word, (size_t)size);
    if (!text)
        size = snprintf(word, sizeof word, "ready %s\n", r->note ? r->note : "");
    say_to(&r->pipe, word, (size_t)size); /* nobody who listens there is no reason to end */
    return gone;
}
