/* settings.c: see settings.h. A file is read whole and then cut into lines in place. */
#include "base/settings.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define SYSTEM_FILE "/etc/dvm/" SETTINGS_NAME
#define BLANKS " \t\r"

void settings_note(struct settings *s, const char *format, ...)
{
    va_list ap;

    if (s->note_count == SETTINGS_NOTES_MAX)
        return;
    va_start(ap, format);
    vsnprintf(s->notes[s->note_count++], SETTINGS_NOTE_MAX, format, ap);
    va_end(ap);
}

void settings_init(struct settings *s)
{
    memset(s, 0, sizeof *s);
    for (int key = 0; key < SETTING_COUNT; key++) {
        int r = setting_parse((enum setting_key)key, setting_row((enum setting_key)key)->fallback,
                              &s->list[key].value);

        assert(r == DVM_OK);
        (void)r;
        snprintf(s->list[key].from, sizeof s->list[key].from, "default");
    }
}

/* ---- one value ------------------------------------------------------------------------- */

static int unknown(const char *name, size_t length, const char *from)
{
    const char *near = setting_nearest(name, length);

    return dvm_fail(DVM_ERR_ARG, "%s: there is no setting \"%.*s\"%s%s%s (dvm config --keys lists "
                    "them)", from, (int)(length < 40 ? length : 40), name,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* A value that goes past the limit. */
static int refuse(struct settings *s, enum setting_key key, const struct setting_value *value,
                  const char *from, enum settings_author author)
{
    struct setting *at = &s->list[key];
    const char *name = setting_row(key)->name;

    if (author == SETTINGS_OPTION)
        return dvm_fail(DVM_ERR_REFUSED, "%s: %s = %s goes past what the administrator allows "
                        "here, which is %s (%s)", from, name, value->text, at->limit.text,
                        at->limit_from);
    settings_note(s, "%s: %s = %s is not taken, as it goes past what the administrator "
                  "allows here: %s (%s)", from, name, value->text, at->limit.text, at->limit_from);
    /* the user wants as much as there is */
    at->value = at->limit;
    memcpy(at->from, at->limit_from, sizeof at->from);
    return DVM_OK;
}

int settings_set(struct settings *s, const char *name, size_t length, const char *value,
                 const char *from, enum settings_author author)
{
    enum setting_key key = setting_find(name, length);
    struct setting_value v;
    struct setting *at;
    char sentence[DVM_SENTENCE_MAX];

    if (key == SETTING_COUNT)
        return unknown(name, length, from);
    at = &s->list[key];
    if (setting_parse(key, value, &v)) {
        error_save(sentence);
        return dvm_fail(DVM_ERR_ARG, "%s: %s", from, sentence);
    }
    if (author != SETTINGS_ADMINISTRATOR && at->limit_from[0] &&
        setting_exceeds(key, &v, &at->limit))
        return refuse(s, key, &v, from, author);
    at->value = v;
    snprintf(at->from, sizeof at->from, "%s", from);
    if (author == SETTINGS_ADMINISTRATOR && setting_row(key)->rule != SETTING_FREE) {
        at->limit = v;
        memcpy(at->limit_from, at->from, sizeof at->limit_from);
    }
    return DVM_OK;
}

/* ---- a file's text ----------------------------------------------------------------------- */

/* Take off blanks at both ends. */
static char *trim(char *text)
{
    size_t length;

    text += strspn(text, BLANKS);
    length = strlen(text);
    while (length > 0 && strchr(BLANKS, text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

/* One line, without its end. seen: the lines that set each setting, 0: none yet. */
static int take_line(struct settings *s, char *line, const char *from, int number, int *seen,
                     enum settings_author author)
{
    char *name, *value, *equals;
    enum setting_key key;

    line[strcspn(line, "#")] = '\0';
    name = trim(line);
    if (!name[0])
        return DVM_OK;
    equals = strchr(name, '=');
    if (!equals)
        return dvm_fail(DVM_ERR_ARG, "%s: \"%.60s\" is no line of the form name = value", from,
                        name);
    *equals = '\0';
    value = trim(equals + 1);
    name = trim(name);
    key = setting_find(name, strlen(name));
    if (key < SETTING_COUNT && seen[key])
        return dvm_fail(DVM_ERR_ARG, "%s: %s is set a second time; line %d sets it, too", from,
                        name, seen[key]);
    if (key < SETTING_COUNT)
        seen[key] = number;
    return settings_set(s, name, strlen(name), value, from, author);
}

int settings_text(struct settings *s, char *text, size_t size, const char *file,
                  enum settings_author author)
{
    char from[SETTINGS_FROM_MAX], *end = text + size, sentence[DVM_SENTENCE_MAX];
    int seen[SETTING_COUNT] = {0}, number = 1, first = DVM_OK;

    /* the line number is what must not be cut off */
    for (char *line = text; line < end; number++) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        int r;

        if (!stop)
            stop = end;
        snprintf(from, sizeof from, "%.*s:%d", SETTINGS_FROM_MAX - 16, file, number);
        for (const char *at = line; at < stop; at++)
            if ((unsigned char)*at < ' ' && *at != '\t' && *at != '\r')
                return dvm_fail(DVM_ERR_ARG, "%s: a byte that is no text", from);
        *stop = '\0';
        r = take_line(s, line, from, number, seen, author);
        if (r && first)
            settings_note(s, "%s", dvm_last_error());
        else if (r)
            error_save(sentence);
        first = first ? first : r;
        line = stop + 1;
    }
    return first ? dvm_fail(first, "%s", sentence) : DVM_OK;
}

/* ---- files --------------------------------------------------------------------------------- */

/* Whether what a file says are limits. */
static bool is_administrators(struct settings *s, const char *path, const struct stat *st,
                              uid_t administrator)
{
    if (st->st_uid == administrator && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return true;
    settings_note(s, "%s %s, so what it says are no limits for users", path,
                  st->st_uid == administrator ? "may be written by others than its owner"
                                              : "does not belong to root");
    return false;
}

static int read_all(int fd, const char *path, char *text, size_t *size)
{
    ssize_t got = 1;

    *size = 0;
    while (got > 0 && *size <= SETTINGS_FILE_MAX) {
        got = read(fd, text + *size, SETTINGS_FILE_MAX + 1 - *size);
        if (got > 0)
            *size += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    if (got < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot read %s", path);
    if (*size > SETTINGS_FILE_MAX)
        return dvm_fail(DVM_ERR_ARG, "%s has more than %d bytes, so it is no file of settings",
                        path, SETTINGS_FILE_MAX);
    text[*size] = '\0';
    return DVM_OK;
}

/* A file that is there, or should be, cannot be read: errno says why. */
static int unreadable(const char *path)
{
    char sentence[DVM_SENTENCE_MAX];
    bool forbidden = errno == EACCES || errno == EPERM;
    int r = dvm_fail_errno(DVM_ERR_SYSTEM, "cannot read the settings in %s", path);

    if (!forbidden)
        return r;
    error_save(sentence);
    return dvm_fail(r, "%s; what it limits would be unknown, so let every user read it (chmod a+r, "
                    "and a+x for its folders)", sentence);
}

/* Read a file. administrator: NULL, or who must own it for its values to be limits. */
static int read_file(struct settings *s, const char *path, bool must, const uid_t *administrator)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;
    enum settings_author author = SETTINGS_USER;
    struct stat st;
    size_t size = 0;
    char *text;

    if (fd < 0 && !must && (errno == ENOENT || errno == ENOTDIR))
        return DVM_OK;
    if (fd < 0 || fstat(fd, &st)) {
        r = unreadable(path);
        if (fd >= 0)
            close(fd);
        return r;
    }
    text = malloc(SETTINGS_FILE_MAX + 2);
    if (!text)
        r = dvm_fail(DVM_ERR_NO_MEMORY, "no memory to read %s", path);
    else if (S_ISDIR(st.st_mode))
        r = dvm_fail(DVM_ERR_ARG, "%s is a folder and no file of settings", path);
    else
        r = read_all(fd, path, text, &size);
    if (!r && administrator && is_administrators(s, path, &st, *administrator))
        author = SETTINGS_ADMINISTRATOR;
    if (!r)
        r = settings_text(s, text, size, path, author);
    free(text);
    close(fd);
    return r;
}

static int read_environment(struct settings *s)
{
    char variable[SETTING_NAME_MAX], from[SETTINGS_FROM_MAX];

    for (int key = 0; key < SETTING_COUNT; key++) {
        const char *name = setting_row((enum setting_key)key)->name, *value;
        int r;

        setting_variable((enum setting_key)key, variable);
        value = getenv(variable);
        if (!value || !value[0])
            continue;
        snprintf(from, sizeof from, "environment %s", variable);
        r = settings_set(s, name, strlen(name), value, from, SETTINGS_USER);
        if (r)
            return r;
    }
    return DVM_OK;
}

/* A file that must be there. Who forgot that the environment names it must be told. */
static int read_named(struct settings *s, const char *path, bool environment)
{
    char sentence[DVM_SENTENCE_MAX];
    int r = read_file(s, path, true, NULL);

    if (r != DVM_ERR_SYSTEM || !environment)
        return r;
    error_save(sentence);
    return dvm_fail(r, "%s (environment DVM_CONF names that file: correct or unset it)", sentence);
}

/* Whether both are the same file, by whatever names. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;

    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int settings_read(struct settings *s, const struct settings_places *p)
{
    int r = DVM_OK;

    settings_init(s);
    if (p->system[0])
        r = read_file(s, p->system[0], false, &p->administrator);
    if (!r && p->system[1] && !(p->system[0] && same_file(p->system[0], p->system[1])))
        r = read_file(s, p->system[1], false, &p->administrator);
    if (!r && p->user)
        r = read_file(s, p->user, false, NULL);
    if (!r && p->named)
        r = read_named(s, p->named, p->environment);
    if (!r && p->environment)
        r = read_environment(s);
    return r;
}

/* The file in the prefix that this program lies in, wherever it was moved to; false when
 * there is none. */
static bool prefix_file(char *path, size_t size)
{
    char self[PATH_MAX], file[PATH_MAX], *slash;
    ssize_t got = readlink("/proc/self/exe", self, sizeof self - 1);

    if (got <= 0)
        return false;
    self[got] = '\0';
    slash = strrchr(self, '/');
    if (!slash)
        return false;
    *slash = '\0';
    if ((size_t)snprintf(file, sizeof file, "%s/%s/dvm/%s", self, DVM_BIN_TO_SYSCONF,
                         SETTINGS_NAME) >= sizeof file)
        return false;
    /* without "..", as people would write it; what cannot be looked at is for open to say */
    if (!realpath(file, self) && (errno == ENOENT || errno == ENOTDIR))
        return false;
    return (size_t)snprintf(path, size, "%s", access(file, F_OK) ? file : self) < size;
}

/* The user's file; false when there is no home. */
static bool user_file(char *path, size_t size)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const struct passwd *user;
    int used;

    if (base && base[0] == '/') {
        used = snprintf(path, size, "%s/dvm/%s", base, SETTINGS_NAME);
    } else {
        user = home && home[0] ? NULL : getpwuid(geteuid());
        if (user)
            home = user->pw_dir;
        if (!home || home[0] != '/')
            return false;
        used = snprintf(path, size, "%s/.config/dvm/%s", home, SETTINGS_NAME);
    }
    return (size_t)used < size;
}

int settings_read_usual(struct settings *s)
{
    char prefix[PATH_MAX + 64], user[PATH_MAX];
    const char *named = getenv("DVM_CONF");
    struct settings_places p = {.system = {SYSTEM_FILE}, .environment = true};

    if (prefix_file(prefix, sizeof prefix))
        p.system[1] = prefix;
    if (user_file(user, sizeof user))
        p.user = user;
    if (named && named[0])
        p.named = named;
    return settings_read(s, &p);
}

/* ---- asking -------------------------------------------------------------------------- */

const struct setting_value *settings_get(const struct settings *s, enum setting_key key)
{
    assert(key < SETTING_COUNT);
    return &s->list[key].value;
}

double settings_number(const struct settings *s, enum setting_key key)
{
    const struct setting_value *v = settings_get(s, key);

    return v->nothing ? 0.0 : v->number;
}

void settings_force(struct settings *s, enum setting_key key, const char *value,
                    const char *from)
{
    struct setting_value v;

    if (setting_parse(key, value, &v) != DVM_OK)
        return;
    s->list[key].value = v;
    snprintf(s->list[key].from, sizeof s->list[key].from, "%s", from);
}

const char *settings_where(const struct settings *s, enum setting_key key, char *text,
                           size_t size)
{
    snprintf(text, size, "%s, %s", setting_row(key)->name, s->list[key].from);
    return text;
}
