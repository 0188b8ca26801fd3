/* history.c: the implementation of history.h.
 *
 * Lines are appended one by one as they are given, each by one write, so that a
 * prompt that is killed loses nothing and two prompts do not undo each other's. The
 * file is opened without following a link and is closed to others however it was
 * made. Cutting writes a new file and renames it.
 */
#include "console/prompt/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600
#define FOLDER_MODE 0700
#define CUT_AT (2 * HISTORY_LINES) /* lines from which on the file is cut */

bool history_path(char *path)
{
    const char *own = getenv("DVM_HISTORY"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    int used;

    if (own)
        used = snprintf(path, HISTORY_PATH_MAX, "%s", own);
    else if (state && state[0] == '/')
        used = snprintf(path, HISTORY_PATH_MAX, "%s/dvm/history", state);
    else
        used = snprintf(path, HISTORY_PATH_MAX, "%s/.local/state/dvm/history", home ? home : "");
    return used > 0 && used < HISTORY_PATH_MAX && (own || state || home);
}

/* Make the folders above the file that are missing. */
static void make_folders(const char *path)
{
    char folder[HISTORY_PATH_MAX];

    snprintf(folder, sizeof folder, "%s", path);
    for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(folder, FOLDER_MODE);
        *at = '/';
    }
}

static int open_private(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fchmod(fd, FILE_MODE) == 0)
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

bool history_add(const char *path, const char *line)
{
    int fd = open_private(path, O_WRONLY | O_APPEND | O_CREAT);
    char *text;
    bool good;

    if (fd < 0 && errno == ENOENT) {
        make_folders(path);
        fd = open_private(path, O_WRONLY | O_APPEND | O_CREAT);
    }
    if (fd < 0)
        return false;
    good = asprintf(&text, "%s\n", line) >= 0;
    if (good) {
        good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
        free(text);
    }
    close(fd);
    return good;
}

/* Go through the lines from number first on; returns how many there are. */
static size_t read_lines(FILE *in, size_t first, void (*each)(void *arg, const char *line),
                         void *arg)
{
    char *line = NULL;
    size_t size = 0, count = 0;

    rewind(in);
    while (getline(&line, &size, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] && count++ >= first && each)
            each(arg, line);
    }
    free(line);
    return count;
}

static void print_line(void *arg, const char *line)
{
    fprintf(arg, "%s\n", line);
}

/* Write the lines from number first on into a new file in the place of the old. That it
 * fails is no harm: the old file stays. */
static void cut(const char *path, FILE *in, size_t first)
{
    char made[HISTORY_PATH_MAX + 16];
    FILE *out;
    int fd;

    snprintf(made, sizeof made, "%s.%d", path, (int)getpid());
    fd = open_private(made, O_WRONLY | O_CREAT | O_EXCL);
    out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out) {
        if (fd >= 0)
            close(fd);
        return;
    }
    read_lines(in, first, print_line, out);
    if (fclose(out) != 0 || rename(made, path) < 0)
        unlink(made);
}

bool history_load(const char *path, void (*each)(void *arg, const char *line), void *arg)
{
    int fd = open_private(path, O_RDONLY);
    FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
    size_t count, first;

    if (!in) {
        if (fd >= 0)
            close(fd);
        return errno == ENOENT;
    }
    count = read_lines(in, 0, NULL, NULL);
    first = count > HISTORY_LINES ? count - HISTORY_LINES : 0;
    read_lines(in, first, each, arg);
    if (count >= CUT_AT)
        cut(path, in, first);
    fclose(in);
    return true;
}
