/* source.c: lines of source by addr2line; see source.h.
 *
 * One process for many addresses of a file: its time goes into reading the debugging
 * information, not into one address more. It writes one line for each, in order; what it
 * has not written when time is over is not known. It is killed then, and reaped in any
 * case. No shell is involved.
 */
#include "base/source.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define ADDRESSES_MAX 64     /* of one process */
#define ADDRESS_TEXT 24      /* bytes of one as text */
#define LINE_MAX_BYTES 4608  /* of its output: a path and a number */
#define SEGMENTS_MAX 64      /* of an ELF file that are looked at */
#define MS 1000.0
#define SECONDS_MAX 600.0 /* of a search */

extern char **environ;

static const char *const programs[] = {"addr2line", "eu-addr2line"};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *source_plain(const char *module, uint64_t address, char *text)
{
    snprintf(text, SOURCE_TEXT_MAX, "%.90s+0x%llx", base_name(module),
             (unsigned long long)address);
    return text;
}

/* A line "/path/main.c:77 (discriminator 3)" or "main.c:77:12" as "main.c:77"; one of
 * question marks as "". */
static void take_line(char *line, char *text)
{
    const char *name = base_name(line);
    size_t file = strcspn(name, ":");
    long number = name[file] ? strtol(name + file + 1, NULL, 10) : 0;

    text[0] = '\0';
    if (number > 0 && name[0] != '?')
        snprintf(text, SOURCE_TEXT_MAX, "%.*s:%ld", (int)(file < 90 ? file : 90), name, number);
}

/* ---- the process -------------------------------------------------------------------- */

/* What it is started with. */
struct command {
    char addresses[ADDRESSES_MAX][ADDRESS_TEXT];
    char *words[ADDRESSES_MAX + 4];
};

static void command_make(struct command *c, const struct source *const *places, size_t count)
{
    size_t n = 1;

    c->words[n++] = (char *)(uintptr_t)"-e";
    c->words[n++] = (char *)(uintptr_t)places[0]->module;
    for (size_t i = 0; i < count; i++) {
        snprintf(c->addresses[i], ADDRESS_TEXT, "0x%llx", (unsigned long long)places[i]->address);
        c->words[n++] = c->addresses[i];
    }
    c->words[n] = NULL;
}

/* Start it with its output in the pipe *out. Returns its pid, or -1. */
static pid_t start(struct command *c, int *out)
{
    posix_spawn_file_actions_t actions;
    int ends[2], bad;
    pid_t pid = -1;

    if (pipe2(ends, O_CLOEXEC))
        return -1;
    bad = posix_spawn_file_actions_init(&actions);
    bad = bad ? bad : posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    bad = bad ? bad : posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    bad = bad ? bad : posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    for (size_t i = 0; !bad && pid < 0 && i < sizeof programs / sizeof programs[0]; i++) {
        c->words[0] = (char *)(uintptr_t)programs[i];
        if (posix_spawnp(&pid, programs[i], &actions, NULL, c->words, environ))
            pid = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (pid < 0)
        close(ends[0]);
    *out = ends[0];
    return pid;
}

/* Read lines until all places have theirs, or it ends, or time is over. */
static void read_lines(int fd, struct source **places, size_t count, double until)
{
    char line[LINE_MAX_BYTES];
    size_t used = 0, done = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (done < count) {
        double left = until - clock_seconds();
        ssize_t got;
        char *end;

        if (left <= 0 || used == sizeof line - 1 || poll(&p, 1, (int)(left * MS) + 1) <= 0)
            return;
        got = read(fd, line + used, sizeof line - 1 - used);
        if (got <= 0)
            return;
        used += (size_t)got;
        line[used] = '\0';
        while (done < count && (end = strchr(line, '\n'))) {
            *end = '\0';
            take_line(line, places[done++]->text);
            used -= (size_t)(end + 1 - line);
            memmove(line, end + 1, used + 1);
        }
    }
}

static void run(struct source **places, size_t count, double until)
{
    struct command c;
    pid_t pid;
    int fd;

    command_make(&c, (const struct source *const *)places, count);
    pid = start(&c, &fd);
    if (pid < 0)
        return;
    read_lines(fd, places, count, until);
    close(fd);
    kill(pid, SIGKILL); /* it may be at something that takes long */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

double source_seconds(double seconds)
{
    const char *set = getenv("DVM_LINE_SECONDS");
    double most = set ? strtod(set, NULL) : 0;

    return most > seconds && most <= SECONDS_MAX ? most : seconds;
}

void source_find(struct source *list, size_t count, double seconds)
{
    double until = clock_seconds() + source_seconds(seconds);
    bool *done = calloc(count + 1, sizeof *done);

    for (size_t i = 0; i < count; i++)
        list[i].text[0] = '\0';
    for (size_t first = 0; done && first < count; first++) {
        struct source *places[ADDRESSES_MAX];
        size_t n = 0;

        for (size_t i = first; i < count && n < ADDRESSES_MAX; i++) {
            if (done[i] || strcmp(list[i].module, list[first].module) != 0)
                continue;
            done[i] = true;
            places[n++] = &list[i];
        }
        /* a path only: nothing that it may take for an option, or look for elsewhere */
        if (n > 0 && places[0]->module[0] == '/' && clock_seconds() < until)
            run(places, n, until);
    }
    free(done);
}

/* ---- addresses ------------------------------------------------------------------------ */

bool source_address(const char *module, uint64_t offset, uint64_t *address)
{
    Elf64_Phdr segments[SEGMENTS_MAX];
    Elf64_Ehdr header;
    bool found = false;
    ssize_t got;
    int fd = open(module, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return false;
    if (pread(fd, &header, sizeof header, 0) == sizeof header &&
        memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
        header.e_phentsize == sizeof segments[0] && header.e_phnum <= SEGMENTS_MAX &&
        header.e_phoff <= INT32_MAX) {
        got = pread(fd, segments, header.e_phnum * sizeof segments[0], (off_t)header.e_phoff);
        for (size_t i = 0; !found && got > 0 && i < (size_t)got / sizeof segments[0]; i++) {
            const Elf64_Phdr *s = &segments[i];

            if (s->p_type != PT_LOAD || offset < s->p_offset || offset - s->p_offset >= s->p_filesz)
                continue;
            *address = s->p_vaddr + (offset - s->p_offset);
            found = true;
        }
    }
    close(fd);
    return found;
}

/* Where an address of this process lies. */
struct search {
    uintptr_t address;
    uint64_t there; /* as the file counts */
    char module[LINE_MAX_BYTES];
};

static int look(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct search *s = arg;
    ssize_t got;

    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];

        if (h->p_type != PT_LOAD || s->address - info->dlpi_addr < h->p_vaddr ||
            s->address - info->dlpi_addr >= h->p_vaddr + h->p_memsz)
            continue;
        s->there = s->address - info->dlpi_addr;
        snprintf(s->module, sizeof s->module, "%s", info->dlpi_name);
        if (!s->module[0]) {
            got = readlink("/proc/self/exe", s->module, sizeof s->module - 1);
            s->module[got > 0 ? got : 0] = '\0';
        }
        return 1;
    }
    return 0;
}

bool source_place(uintptr_t address, char *module, size_t size, uint64_t *there)
{
    struct search s = {.address = address};

    if (!address || !dl_iterate_phdr(look, &s) || !s.module[0])
        return false;
    snprintf(module, size, "%s", s.module);
    *there = s.there;
    return true;
}

char *source_here(uintptr_t address, double seconds, char *text)
{
    struct search s = {.address = address};
    struct source place;

    text[0] = '\0';
    if (!address || !dl_iterate_phdr(look, &s) || !s.module[0])
        return text;
    place = (struct source){.module = s.module, .address = s.there};
    source_find(&place, 1, seconds);
    if (place.text[0])
        memcpy(text, place.text, SOURCE_TEXT_MAX);
    else
        source_plain(s.module, s.there, text);
    return text;
}
