/* runtime_socket.c: the daemon's socket in its runtime folder; see runtime.h.
 *
 * The socket is reached through /proc/self/fd/N, which ties it to the folder that was checked
 * (runtime.c) and keeps the path short: sun_path has 108 bytes. Who connects asks the kernel whose
 * process listens there.
 */
#include "base/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

#define SOCKET_MODE 0600
#define BACKLOG 128 /* connections that wait to be accepted */

/* A SOCK_SEQPACKET socket and the address of name in an open folder. */
static int socket_in(int dir, const char *name, int flags, struct sockaddr_un *address)
{
    int n, fd;

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    n = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof address->sun_path)
        return dvm_fail(DVM_ERR_ARG, "the socket's name %.80s is too long", name);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
    return fd < 0 ? dvm_fail_errno(DVM_ERR_SYSTEM, "a socket cannot be made") : fd;
}

int runtime_listen(const char *folder, int *fd)
{
    struct sockaddr_un address;
    int dir, made, rc = runtime_open(folder, &dir);

    if (rc != DVM_OK)
        return rc;
    made = socket_in(dir, RUNTIME_SOCKET, SOCK_NONBLOCK, &address);
    if (made >= 0) {
        unlinkat(dir, RUNTIME_SOCKET, 0);
        if (bind(made, (struct sockaddr *)&address, sizeof address) < 0 ||
            fchmodat(dir, RUNTIME_SOCKET, SOCKET_MODE, 0) < 0 || listen(made, BACKLOG) < 0) {
            dvm_fail_errno(DVM_ERR_SYSTEM, "%s/" RUNTIME_SOCKET " cannot be made", folder);
            close(made);
            made = DVM_ERR_SYSTEM;
        }
    }
    close(dir);
    if (made < 0)
        return made;
    *fd = made;
    return DVM_OK;
}

/* Whether the other end of a socket is a process of this user (or of root). */
static int check_peer(int fd, const char *folder)
{
    struct ucred peer;
    socklen_t length = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "the daemon's user cannot be asked for");
    if (peer.uid != geteuid() && peer.uid != 0)
        return dvm_fail(DVM_ERR_REFUSED, "the daemon in %s is user %u's and not yours", folder,
                        (unsigned)peer.uid);
    return DVM_OK;
}

static int connect_in(const char *folder, const char *name, int *fd)
{
    struct sockaddr_un address;
    int dir, made, rc = runtime_open(folder, &dir);

    if (rc != DVM_OK)
        return rc;
    made = socket_in(dir, name, 0, &address);
    if (made < 0) {
        close(dir);
        return made;
    }
    do
        rc = connect(made, (struct sockaddr *)&address, sizeof address);
    while (rc < 0 && errno == EINTR);
    if (rc < 0)
        rc = errno == ECONNREFUSED || errno == ENOENT
                 ? dvm_fail(DVM_ERR_NO_DAEMON, "no daemon listens on %s/%s: it has ended, or is "
                                                    "just starting or ending; try again then",
                            folder, name)
                 : dvm_fail_errno(DVM_ERR_NO_DAEMON, "the daemon's socket %s/%s cannot be reached",
                                  folder, name);
    else
        rc = check_peer(made, folder);
    close(dir);
    if (rc != DVM_OK)
        close(made);
    else
        *fd = made;
    return rc;
}

int runtime_connect(const char *folder, int *fd)
{
    return connect_in(folder, RUNTIME_SOCKET, fd);
}

int runtime_connect_socket(const char *path, int *fd)
{
    const char *slash = strrchr(path, '/');
    char folder[RUNTIME_PATH_MAX];

    if (!slash || slash == path || (size_t)(slash - path) >= sizeof folder)
        return dvm_fail(DVM_ERR_ARG, "\"%.200s\" is no path of a daemon's socket", path);
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return connect_in(folder, slash + 1, fd);
}
