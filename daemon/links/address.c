/* address.c: the addresses of this host's interfaces, and free pairs of ports.
 *
 * All addresses are told, none is guessed from interface names: who connects tries
 * them, and the server's key tells whether the right host answered (pains P5, P6).
 */
#include "daemon/links/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fnv.h"
#include "base/network.h"

#define PORT_TRIES 100
#define COMPUTER_BYTES 24 /* 16 hex digits, an @ and a NUL, and some */

static const char *offered; /* networks; NULL: all */

void address_offer(const char *networks)
{
    offered = networks;
}

static uint64_t find_computer(void)
{
    char text[128] = "";
    size_t used = 0;
    FILE *boot = fopen("/proc/sys/kernel/random/boot_id", "re");
    ssize_t n;

    if (boot) {
        used = fread(text, 1, sizeof text / 2, boot);
        fclose(boot);
    } else if (gethostname(text, sizeof text / 2) == 0) {
        used = strnlen(text, sizeof text / 2);
    }
    n = readlink("/proc/self/ns/net", text + used, sizeof text - used);
    used += n > 0 ? (size_t)n : 0;
    return fnv64(FNV64_BEGIN, text, used);
}

/* Which computer, and which network of it, this is: who has the same number reaches the
 * same loopback addresses. */
static uint64_t computer(void)
{
    static _Atomic uint64_t known; /* 0: not yet; found twice it is the same */

    if (known == 0)
        known = find_computer();
    return known;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", strlen("127.")) == 0 || strcmp(host, "::1") == 0;
}

static void write_address(char *out, const char *host, int port)
{
    const char *format = strchr(host, ':') ? "[%s]:%d" : "%s:%d";
    int used = 0;

    if (is_loopback(host))
        used = snprintf(out, TICKET_ADDRESS_BYTES, "%016" PRIx64 "@", computer());
    snprintf(out + used, TICKET_ADDRESS_BYTES - (size_t)used, format, host, port);
}

const char *address_shown(const char *address)
{
    const char *at = strchr(address, '@');

    return at ? at + 1 : address;
}

bool address_resolve(const char *address, char *out)
{
    const char *shown = address_shown(address);
    char own[COMPUTER_BYTES];

    snprintf(own, sizeof own, "%016" PRIx64 "@", computer());
    if (shown != address && strncmp(address, own, (size_t)(shown - address)) != 0)
        return false;
    snprintf(out, TICKET_ADDRESS_BYTES, "%s", shown);
    return true;
}

bool address_socket(const char *text, struct sockaddr_storage *out, socklen_t *size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[TICKET_ADDRESS_BYTES];
    const char *colon = strrchr(text, ':');
    bool bracket = text[0] == '[';

    if (!colon)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text) - 2 * bracket, text + bracket);
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return false;
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool usable(const struct ifaddrs *i, char host[INET6_ADDRSTRLEN])
{
    if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK))
        return false;
    if (i->ifa_addr->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)i->ifa_addr;

        return inet_ntop(AF_INET, &in->sin_addr, host, INET6_ADDRSTRLEN) != NULL;
    }
    if (i->ifa_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)i->ifa_addr;

        return !IN6_IS_ADDR_LINKLOCAL(&in->sin6_addr) &&
               inet_ntop(AF_INET6, &in->sin6_addr, host, INET6_ADDRSTRLEN) != NULL;
    }
    return false;
}

size_t address_list(const char *bind, int port, char out[][TICKET_ADDRESS_BYTES])
{
    struct ifaddrs *all = NULL;
    char host[INET6_ADDRSTRLEN];
    size_t n = 0;

    if (bind) {
        write_address(out[0], bind, port);
        return 1;
    }
    if (getifaddrs(&all) == 0) {
        /* IPv4 first: where both work it is the one that firewalls know */
        for (int family = 0; family < 2; family++)
            for (struct ifaddrs *i = all; i && n < TICKET_ADDRESSES - 1; i = i->ifa_next)
                if (usable(i, host) && (!offered || network_list_has(offered, host)) &&
                    (i->ifa_addr->sa_family == AF_INET6) == (family == 1))
                    write_address(out[n++], host, port);
        freeifaddrs(all);
    }
    write_address(out[n++], "127.0.0.1", port);
    return n;
}

static bool text_of(const struct sockaddr *a, char host[INET6_ADDRSTRLEN])
{
    const void *bytes = a->sa_family == AF_INET
                            ? (const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr
                            : &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;

    return (a->sa_family == AF_INET || a->sa_family == AF_INET6) &&
           inet_ntop(a->sa_family, bytes, host, INET6_ADDRSTRLEN);
}

bool address_in(const char *network, char *out, size_t size)
{
    struct ifaddrs *all = NULL;
    char host[INET6_ADDRSTRLEN];
    struct network n;
    bool found = false;

    if (!network_parse(network, &n) || getifaddrs(&all) != 0)
        return false;
    for (struct ifaddrs *i = all; i && !found; i = i->ifa_next)
        found = i->ifa_addr && (i->ifa_flags & IFF_UP) && text_of(i->ifa_addr, host) &&
                network_has(&n, host);
    if (found)
        snprintf(out, size, "%s", host);
    freeifaddrs(all);
    return found;
}

/* A bound TCP socket, or -1. */
static int bound(const char *bind_to, int port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST};
    struct addrinfo *a;
    char service[8];
    int fd, saved, yes = 1;

    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(bind_to ? bind_to : "0.0.0.0", service, &hints, &a) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, a->ai_addr, a->ai_addrlen) != 0) {
        saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    freeaddrinfo(a);
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;

    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return -1;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

/* Whether port is free now. */
static bool is_free(const char *bind, int port)
{
    int fd = bound(bind, port);

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

bool address_is_own(const char *address)
{
    return is_free(address, 0);
}

int address_port_pair(const char *bind, int wanted)
{
    if (wanted)
        return is_free(bind, wanted) && is_free(bind, wanted + 1) ? wanted : -1;
    for (int i = 0; i < PORT_TRIES; i++) {
        int any = bound(bind, 0), even;

        if (any < 0)
            return -1;
        even = port_of(any) & ~1;
        close(any);
        if (even > 0 && is_free(bind, even) && is_free(bind, even + 1))
            return even;
    }
    errno = EADDRINUSE;
    return -1;
}
