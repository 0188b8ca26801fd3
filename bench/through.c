/* through.c: preloaded into a program, it leads connections elsewhere: what is meant for
 * port $THROUGH_FROM of any address goes to port $THROUGH_TO of 127.0.0.1, where the link
 * that waits begins (tests/tools/delay.c). Only for IPv4.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

typedef int connect_f(int fd, const struct sockaddr *address, socklen_t length);

static int port_named(const char *variable)
{
    const char *text = getenv(variable);

    return text ? atoi(text) : 0;
}

__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *address,
                                                   socklen_t length)
{
    connect_f *next = (connect_f *)dlsym(RTLD_NEXT, "connect");
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    struct sockaddr_in other = {.sin_family = AF_INET};

    if (address->sa_family != AF_INET || ntohs(in->sin_port) != port_named("THROUGH_FROM"))
        return next(fd, address, length);
    other.sin_port = htons((uint16_t)port_named("THROUGH_TO"));
    other.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return next(fd, (const struct sockaddr *)&other, sizeof other);
}
