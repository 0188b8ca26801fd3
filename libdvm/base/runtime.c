/* runtime.c: the runtime folder, its lock, and finding a living daemon; see runtime.h.
 *
 * /tmp is everybody's, so nothing in it is believed: each level is opened by
 * openat() from the one above, never through a link, and checked by fstat() on
 * the descriptor that is used afterwards.
 *
 * A probe of the lock takes it shared for an instant, so a starting daemon
 * tries a few times before it believes that another one is there.
 */
#include "base/runtime.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/pushed.h"

#define BASE "/tmp"
#define FOLDER_MODE 0700
#define FILE_MODE 0600
#define OTHERS 0077         /* permission bits that a folder must not have */
#define LOCK_TRIES 20       /* how often a lock is tried, */
#define LOCK_PAUSE_NS 5000000 /* with this pause between two tries, nanoseconds */
#define NO_DAEMON_TEXT "no daemon runs in %s; start one: dvm start"
#define NAMES_MAX 200       /* bytes of the names of hosts in a sentence */

bool runtime_name_ok(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t length = strlen(text);

    return length > 0 && length < DVM_NAME_MAX && text[0] != '.' &&
           strspn(text, letters) == length;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

/* Take text as a name, with what it is for the sentence. */
static int take_name(char *name, size_t size, const char *text, const char *what)
{
    if (!runtime_name_ok(text) || strlen(text) >= size)
        return dvm_fail(DVM_ERR_ARG,
                        "%s \"%.80s\" cannot be used as a name: letters, digits, '.', '-' and "
                        "'_' only, fewer than %d of them, no '.' first",
                        what, text, DVM_NAME_MAX);
    strcpy(name, text);
    return DVM_OK;
}

int runtime_machine(char *name, size_t size)
{
    const char *set = environment("DVM_MACHINE");
    const struct passwd *user;

    if (set)
        return take_name(name, size, set, "DVM_MACHINE");
    user = getpwuid(geteuid());
    if (user && runtime_name_ok(user->pw_name) && strlen(user->pw_name) < size)
        strcpy(name, user->pw_name);
    else
        snprintf(name, size, "uid-%u", (unsigned)geteuid());
    return DVM_OK;
}

int runtime_host(char *name, size_t size)
{
    const char *set = environment("DVM_HOST");
    char real[HOST_NAME_MAX + 1];

    if (set)
        return take_name(name, size, set, "DVM_HOST");
    if (gethostname(real, sizeof real) < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "the host name cannot be read");
    real[sizeof real - 1] = '\0';
    real[strcspn(real, ".")] = '\0';
    return take_name(name, size, real[0] ? real : "localhost", "the host name");
}

int runtime_user_folder(char *path, size_t size)
{
    int n = snprintf(path, size, BASE "/dvm-%u", (unsigned)geteuid());

    return n < 0 || (size_t)n >= size
               ? dvm_fail(DVM_ERR_ARG, "the path of the runtime folder is too long")
               : DVM_OK;
}

int runtime_folder(char *folder, size_t size, const char *machine, const char *host)
{
    const char *set = environment("DVM_DIR");
    char m[DVM_NAME_MAX], h[DVM_NAME_MAX];
    int rc, n;

    if (set) {
        size_t end = strlen(set);

        while (end > 1 && set[end - 1] == '/')
            end--;
        n = snprintf(folder, size, "%.*s", (int)end, set);
    } else {
        rc = machine ? take_name(m, sizeof m, machine, "the machine's name")
                     : runtime_machine(m, sizeof m);
        if (rc == DVM_OK)
            rc = host ? take_name(h, sizeof h, host, "the host's name")
                      : runtime_host(h, sizeof h);
        if (rc != DVM_OK)
            return rc;
        n = snprintf(folder, size, BASE "/dvm-%u/%s/%s", (unsigned)geteuid(), m, h);
    }
    if (n < 0 || (size_t)n >= size)
        return dvm_fail(DVM_ERR_ARG, "the path of the runtime folder is longer than %zu bytes",
                        size - 1);
    return DVM_OK;
}

/* Say why a folder is not used: it is another user's, or open to others. To close it is
 * advised only for DVM's own: DVM_DIR may be /tmp. */
static int refuse_folder(const char *shown, const struct stat *st)
{
    char own[RUNTIME_PATH_MAX];
    size_t length;

    if (st->st_uid != geteuid())
        return dvm_fail(DVM_ERR_REFUSED,
                        "%s belongs to user %u and not to you (user %u); set DVM_DIR to a "
                        "folder of your own",
                        shown, (unsigned)st->st_uid, (unsigned)geteuid());
    runtime_user_folder(own, sizeof own);
    length = strlen(own);
    if (strncmp(shown, own, length) == 0 && (shown[length] == '/' || !shown[length]))
        return dvm_fail(DVM_ERR_REFUSED, "%s is open to others (mode %04o); run: chmod 700 %s",
                        shown, (unsigned)(st->st_mode & 07777), shown);
    return dvm_fail(DVM_ERR_REFUSED,
                    "%s is open to others (mode %04o); set DVM_DIR to a folder that is yours "
                    "alone, such as a new one",
                    shown, (unsigned)(st->st_mode & 07777));
}

/* Open one level below parent (AT_FDCWD: a path) and check it. Returns the
 * descriptor or a negative code; shown is its path for the sentence. */
static int open_level(int parent, const char *name, const char *shown)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && errno == ENOENT)
        return dvm_fail(DVM_ERR_NO_DAEMON, "there is no folder %s, so no daemon runs in it; "
                        "start one: dvm start", shown);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return dvm_fail(DVM_ERR_REFUSED,
                        "%s is a link or no folder; remove it, DVM makes its own", shown);
    if (fd < 0 && errno == EACCES)
        return dvm_fail(DVM_ERR_REFUSED, "%s is closed to this user: a machine is its own user's "
                        "alone; set DVM_DIR to a folder of yours, or unset it", shown);
    if (fd < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "%s cannot be opened", shown);
    if (fstat(fd, &st) < 0) {
        close(fd);
        return dvm_fail_errno(DVM_ERR_SYSTEM, "%s cannot be examined", shown);
    }
    if (st.st_uid == geteuid() && !(st.st_mode & OTHERS))
        return fd;
    close(fd);
    return refuse_folder(shown, &st);
}

/* Whether the folder lies below this user's folder in /tmp; then *rest is what
 * follows that folder's name and a slash. */
static bool below_base(const char *folder, char *base, size_t size, const char **rest)
{
    size_t length;

    if (runtime_user_folder(base, size) != DVM_OK)
        return false;
    length = strlen(base);
    if (strncmp(folder, base, length) != 0 || folder[length] != '/')
        return false;
    *rest = folder + length + 1;
    return true;
}

/* Walk down to the folder, level by level; make: make what is missing. */
static int walk(const char *folder, bool make)
{
    char base[RUNTIME_PATH_MAX], part[RUNTIME_PATH_MAX];
    const char *rest = "";
    bool below = below_base(folder, base, sizeof base, &rest);
    const char *first = below ? base : folder;
    size_t end = strlen(folder);
    int fd, next;

    /* a slash at the end would have a link followed */
    if (end > 1 && folder[end - 1] == '/')
        return dvm_fail(DVM_ERR_ARG, "the folder %s: leave out the '/' at its end", folder);
    if (make && mkdir(first, FOLDER_MODE) < 0 && errno != EEXIST)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "the folder %s cannot be made", first);
    fd = open_level(AT_FDCWD, first, first);
    while (fd >= 0 && below && *rest) {
        size_t length = strcspn(rest, "/");

        if (length >= sizeof part) {
            close(fd);
            return dvm_fail(DVM_ERR_ARG, "the path %s is too long", folder);
        }
        memcpy(part, rest, length);
        part[length] = '\0';
        rest += length + strspn(rest + length, "/");
        if (make && mkdirat(fd, part, FOLDER_MODE) < 0 && errno != EEXIST) {
            /* the level above may just be removed, with the last of its folders */
            next = dvm_fail_errno(errno == ENOENT ? DVM_ERR_NO_DAEMON : DVM_ERR_SYSTEM,
                                  "the folder %s cannot be made", folder);
            close(fd);
            return next;
        }
        next = open_level(fd, part, folder);
        close(fd);
        fd = next;
    }
    return fd;
}

int runtime_make(const char *folder)
{
    int fd = walk(folder, true);

    if (fd < 0)
        return fd;
    close(fd);
    return DVM_OK;
}

int runtime_open(const char *folder, int *fd)
{
    int opened = walk(folder, false);

    if (opened < 0)
        return opened;
    *fd = opened;
    return DVM_OK;
}

/* Open the lock file in a checked folder; create: make it if it is missing. */
static int open_lock(const char *folder, bool create)
{
    int dir = walk(folder, create), fd;

    if (dir < 0)
        return dir;
    fd = openat(dir, RUNTIME_LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC | (create ? O_CREAT : 0),
                FILE_MODE);
    if (fd < 0)
        fd = errno == ENOENT
                 ? dvm_fail(DVM_ERR_NO_DAEMON, NO_DAEMON_TEXT, folder)
                 : dvm_fail_errno(DVM_ERR_SYSTEM, "%s/" RUNTIME_LOCK " cannot be opened", folder);
    close(dir);
    return fd;
}

/* Whether the file of a lock that was taken is still the folder's: an ending daemon
 * may have removed it between our opening and our locking. */
static bool still_there(int lock)
{
    struct stat st;

    return fstat(lock, &st) == 0 && st.st_nlink > 0;
}

/* One try. Errors: EXISTS (without a sentence: somebody has it at this moment),
 * NO_DAEMON (the folder was removed while it was being made), and those of open_lock. */
static int try_lock(const char *folder, int *fd)
{
    int lock = open_lock(folder, true);

    if (lock < 0)
        return lock;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0 && still_there(lock)) {
        *fd = lock;
        return DVM_OK;
    }
    close(lock);
    return DVM_ERR_EXISTS;
}

int runtime_lock(const char *folder, int *fd)
{
    static const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    int rc = try_lock(folder, fd);

    for (int i = 1; i < LOCK_TRIES && (rc == DVM_ERR_EXISTS || rc == DVM_ERR_NO_DAEMON); i++) {
        nanosleep(&pause, NULL);
        rc = try_lock(folder, fd);
    }
    if (rc == DVM_ERR_EXISTS)
        dvm_fail(rc, "a daemon runs already in %s", folder);
    return rc;
}

/* DVM_OK when a daemon lives in the folder; else the code that says why not. */
static int probe(const char *folder)
{
    int lock = open_lock(folder, false);
    bool held;

    if (lock < 0)
        return lock;
    held = flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    close(lock);
    return held ? DVM_OK : dvm_fail(DVM_ERR_NO_DAEMON, NO_DAEMON_TEXT, folder);
}

bool runtime_alive(const char *folder)
{
    return probe(folder) == DVM_OK;
}

/* Try the host name of the machine's folder; true when a daemon lives there. */
static bool try_host(char *folder, size_t size, const char *machine, const char *host)
{
    return runtime_folder(folder, size, machine, host) == DVM_OK && runtime_alive(folder);
}

static int no_machine(const char *machine)
{
    return dvm_fail(DVM_ERR_NO_DAEMON, "no daemon of the machine \"%s\" runs on this host (start "
                    "one with: dvm start)", machine);
}

/* The hosts of the machine's folder with a living daemon, by name: folder receives the
 * first one's, names (may be NULL) all names, with commas. False when there is none. */
static bool list_living(char *folder, size_t size, const char *machine, const char *top,
                        char *names)
{
    struct dirent **list;
    int n = scandir(top, &list, NULL, alphasort);
    char path[RUNTIME_PATH_MAX];
    size_t used = 0;
    bool found = false;

    for (int i = 0; i < n; i++) {
        const char *host = list[i]->d_name;

        if ((!found || names) && runtime_name_ok(host) &&
            try_host(path, size < sizeof path ? size : sizeof path, machine, host)) {
            if (!found)
                strcpy(folder, path);
            if (names && used < NAMES_MAX)
                used += (size_t)snprintf(names + used, NAMES_MAX - used, "%s%s",
                                         found ? ", " : "", host);
            found = true;
        }
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return found;
}

void runtime_put_name(const char *folder, const char *name)
{
    ssize_t length = (ssize_t)strlen(name);
    int dir, fd;

    if (runtime_open(folder, &dir) != DVM_OK)
        return;
    fd = openat(dir, RUNTIME_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                FILE_MODE);
    if (fd >= 0 && write(fd, name, strlen(name)) != length)
        unlinkat(dir, RUNTIME_NAME, 0);
    if (fd >= 0)
        close(fd);
    close(dir);
}

/* Whether the host of a folder has this name in its machine. */
static bool has_name(const char *folder, const char *wanted)
{
    char name[DVM_NAME_MAX + 1];
    ssize_t length = -1;
    int dir, fd;

    if (runtime_open(folder, &dir) != DVM_OK)
        return false;
    fd = openat(dir, RUNTIME_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        length = read(fd, name, sizeof name);
        close(fd);
    }
    close(dir);
    return length > 0 && (size_t)length == strlen(wanted) && !memcmp(name, wanted, (size_t)length);
}

/* The living host whose name in the machine DVM_HOST is, though its folder has another. */
static bool find_renamed(char *folder, size_t size, const char *machine, const char *top)
{
    struct dirent **list;
    int n = scandir(top, &list, NULL, alphasort);
    char path[RUNTIME_PATH_MAX];
    bool found = false;

    for (int i = 0; i < n; i++) {
        const char *host = list[i]->d_name;

        if (!found && runtime_name_ok(host) && try_host(path, sizeof path, machine, host) &&
            has_name(path, environment("DVM_HOST")) && strlen(path) < size) {
            strcpy(folder, path);
            found = true;
        }
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return found;
}

/* The folder of the daemon whose task this process is, or was started by: its host may have
 * another name in the machine (and so in DVM_HOST) than its folder has. */
static bool find_own(char *folder, size_t size, const char *top)
{
    const char *path = environment("DVM_SOCKET"), *slash = path ? strrchr(path, '/') : NULL;
    size_t length = strlen(top);

    if (!slash || strncmp(path, top, length) != 0 || path[length] != '/' ||
        (size_t)(slash - path) >= size)
        return false;
    snprintf(folder, size, "%.*s", (int)(slash - path), path);
    return runtime_alive(folder);
}

/* DVM_HOST is set, and no daemon of that name runs: another one would be a surprise. */
static int find_instead(char *folder, size_t size, const char *machine, const char *top)
{
    char names[NAMES_MAX];

    if (find_own(folder, size, top) || find_renamed(folder, size, machine, top))
        return DVM_OK;
    if (!list_living(folder, size, machine, top, names))
        return no_machine(machine);
    return dvm_fail(DVM_ERR_NO_HOST,
                    "DVM_HOST is \"%.80s\", but no such host of the machine \"%s\" runs on this "
                    "computer, only %s; unset DVM_HOST, or set it to a host that runs here",
                    environment("DVM_HOST"), machine, names);
}

/* any: DVM_HOST is a wish only. */
static int find_in(char *folder, size_t size, const char *machine, const char *top, bool any)
{
    char host[DVM_NAME_MAX];

    if (runtime_host(host, sizeof host) == DVM_OK && try_host(folder, size, machine, host))
        return DVM_OK;
    if (!any && environment("DVM_HOST"))
        return find_instead(folder, size, machine, top);
    return list_living(folder, size, machine, top, NULL) ? DVM_OK : no_machine(machine);
}

int runtime_find(char *folder, size_t size, const char *machine)
{
    char top[RUNTIME_PATH_MAX], name[DVM_NAME_MAX], path[RUNTIME_PATH_MAX];
    int rc, fd;

    if (size > sizeof path)
        size = sizeof path;
    if (environment("DVM_DIR")) {
        rc = runtime_folder(path, size, NULL, NULL);
        if (rc == DVM_OK)
            rc = probe(path);
    } else {
        rc = machine ? take_name(name, sizeof name, machine, "the machine's name")
                     : runtime_machine(name, sizeof name);
        if (rc == DVM_OK)
            rc = runtime_user_folder(top, sizeof top);
        if (rc != DVM_OK)
            return rc;
        snprintf(top + strlen(top), sizeof top - strlen(top), "/%s", name);
        rc = runtime_open(top, &fd);
        if (rc != DVM_OK)
            return rc == DVM_ERR_NO_DAEMON ? no_machine(name) : rc;
        close(fd);
        rc = find_in(path, size, name, top, machine != NULL);
    }
    if (rc == DVM_OK)
        strcpy(folder, path);
    return rc;
}

void runtime_remove(const char *folder)
{
    char base[RUNTIME_PATH_MAX], path[RUNTIME_PATH_MAX];
    const char *rest = "";
    int dir;

    if (strlen(folder) >= sizeof path || runtime_open(folder, &dir) != DVM_OK)
        return;
    pushed_remove(dir);
    unlinkat(dir, RUNTIME_SOCKET, 0);
    unlinkat(dir, RUNTIME_LOG, 0);
    unlinkat(dir, RUNTIME_LOG_OLD, 0);
    unlinkat(dir, RUNTIME_NAME, 0);
    unlinkat(dir, RUNTIME_CONTEXTS, 0);
    unlinkat(dir, RUNTIME_GROUPS, 0);
    unlinkat(dir, RUNTIME_LOCK, 0);
    close(dir);
    if (rmdir(folder) < 0 || !below_base(folder, base, sizeof base, &rest))
        return;
    strcpy(path, folder);
    do
        *strrchr(path, '/') = '\0';
    while (strlen(path) >= strlen(base) && rmdir(path) == 0);
}
