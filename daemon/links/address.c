/* address.c: the addresses of this host's interfaces, and free pairs of ports.
 *
 * All addresses are told, none is guessed from interface names: who connects tries
 * them, and the server's key tells whether the right host answered (pains P5, P6).
 */
#include "daemon/links/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/endpoint.h"
#include "base/network.h"

#define PORT_TRIES 100

static const char *offered; /* networks; NULL: all */

void address_offer(const char *networks)
{
    offered = networks;
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
        endpoint_write(out[0], bind, port);
        return 1;
    }
    if (getifaddrs(&all) == 0) {
        /* IPv4 first: where both work it is the one that firewalls know */
        for (int family = 0; family < 2; family++)
            for (struct ifaddrs *i = all; i && n < TICKET_ADDRESSES - 1; i = i->ifa_next)
                if (usable(i, host) && (!offered || network_list_has(offered, host)) &&
                    (i->ifa_addr->sa_family == AF_INET6) == (family == 1))
                    endpoint_write(out[n++], host, port);
        freeifaddrs(all);
    }
    endpoint_write(out[n++], "127.0.0.1", port);
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
