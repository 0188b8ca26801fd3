/* tab.c: the implementation of tab.h.
 *
 * What fits is found in a process of its own with a limit on its time: a daemon that
 * does not answer must not hold up the prompt. It sends a line "WORD<tab>MEANING" for
 * each word. What all of them have in common is inserted; when that is nothing, they
 * are listed below the line, which libedit then shows again.
 */
#include "console/prompt/tab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console/complete/complete.h"
#include "console/prompt/keys.h"
#include "console/prompt/split.h"

#define SECONDS_MAX 3     /* until words must be found */
#define LISTED_MAX 200    /* words that are listed */
#define EXPLAINED_MAX 30  /* words that are listed with their meanings */
#define WIDTH_DEFAULT 80  /* columns of a terminal that does not say */
#define WORD_TEXT_MAX 4096 /* bytes of what is inserted, with its NUL */

/* In the child: never returns. */
static void find(const struct split *before, const char *partial, int to)
{
    struct complete c = {.prompt = true, .partial = partial};
    size_t first = before->count > 0 && !strcmp(before->words[0], "dvm");
    FILE *out = fdopen(to, "w");
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (!out || null < 0)
        _exit(EXIT_FAILURE);
    keys_release();
    dup2(null, STDERR_FILENO);
    alarm(SECONDS_MAX);
    complete_words(&c, (int)(before->count - first), before->words + first);
    complete_add_paths(&c);
    for (size_t i = 0; i < c.count; i++)
        fprintf(out, "%s\t%s\n", c.items[i].word, c.items[i].meaning);
    fflush(out);
    _exit(EXIT_SUCCESS);
}

static void take_lines(struct complete *c, FILE *in)
{
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, in) > 0) {
        char *meaning = strchr(line, '\t');

        if (!meaning)
            continue;
        *meaning++ = '\0';
        meaning[strcspn(meaning, "\n")] = '\0';
        complete_offer(c, "", line, meaning);
    }
    free(line);
}

/* Fill c->items. */
static void gather(struct complete *c, const struct split *before)
{
    int lines[2];
    FILE *in;
    pid_t pid;

    if (pipe2(lines, O_CLOEXEC) < 0)
        return;
    pid = fork();
    if (pid == 0)
        find(before, c->partial, lines[1]);
    close(lines[1]);
    in = fdopen(lines[0], "r");
    if (in && pid > 0)
        take_lines(c, in);
    if (in)
        fclose(in);
    else
        close(lines[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* How many letters all words have in common. */
static size_t common_length(const struct complete *c)
{
    size_t length = strlen(c->items[0].word);

    for (size_t i = 1; i < c->count; i++) {
        size_t same = 0;

        while (same < length && c->items[0].word[same] == c->items[i].word[same])
            same++;
        length = same;
    }
    return length;
}

static unsigned terminal_width(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : WIDTH_DEFAULT;
}

static void list(const struct complete *c)
{
    unsigned width = terminal_width(), widest = 0;
    size_t shown = c->count < LISTED_MAX ? c->count : LISTED_MAX, columns;

    for (size_t i = 0; i < shown; i++)
        if (strlen(c->items[i].word) > widest)
            widest = (unsigned)strlen(c->items[i].word);
    columns = shown <= EXPLAINED_MAX && c->items[0].meaning[0] ? 1 : width / (widest + 2);
    columns = columns ? columns : 1;
    putchar('\n');
    for (size_t i = 0; i < shown; i++) {
        int room = (int)width - (int)widest - 3;

        if (columns == 1)
            printf("%-*s  %.*s\n", (int)widest, c->items[i].word, room > 0 ? room : 0,
                   c->items[i].meaning);
        else
            printf("%-*s%s", (int)widest, c->items[i].word,
                   (i + 1) % columns == 0 || i + 1 == shown ? "\n" : "  ");
    }
    if (shown < c->count)
        printf("and %zu more\n", c->count - shown);
    fflush(stdout);
}

/* Insert what all words have in common behind what is typed. Returns false when that is
 * nothing. */
static bool insert_common(EditLine *editor, const struct complete *c, char open)
{
    size_t typed = strlen(c->partial), common = common_length(c);
    char part[WORD_TEXT_MAX], quoted[2 * WORD_TEXT_MAX];
    char last;

    if (common >= sizeof part || (common == typed && c->count > 1))
        return false;
    snprintf(part, sizeof part, "%.*s", (int)(common - typed), c->items[0].word + typed);
    split_quote(quoted, sizeof quoted - 2, part, open);
    last = common > 0 ? c->items[0].word[common - 1] : '\0';
    if (c->count == 1 && last != '/' && last != '=') {
        char end[] = {open, ' ', '\0'};

        strcat(quoted, open ? end : " ");
    }
    return quoted[0] && el_insertstr(editor, quoted) == 0;
}

static unsigned char complete_line(EditLine *editor, struct split *words)
{
    struct complete c = {.partial = ""};
    unsigned char r = CC_ERROR;

    if (!words->between && words->count > 0) {
        c.partial = words->words[--words->count];
        words->words[words->count] = NULL;
    }
    gather(&c, words);
    if (c.count > 0 && insert_common(editor, &c, words->open)) {
        r = CC_REFRESH;
    } else if (c.count > 1) {
        list(&c);
        r = CC_REDISPLAY;
    }
    complete_free(&c);
    return r;
}

unsigned char tab_complete(EditLine *editor, int letter)
{
    const LineInfo *info = el_line(editor);
    char *line = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
    unsigned char r = CC_ERROR;
    struct split words;

    if (line && !split_line(&words, line)) {
        if (!words.comment && words.open != '\\')
            r = complete_line(editor, &words);
        split_free(&words);
    }
    free(line);
    return r;
}
