/* endpoint.c: see endpoint.h. Which computer this is, is asked of the kernel once: it does
 * not change while a process lives. Texts may come from other hosts: whatever does not fit
 * is refused, nothing is looked up by name.
 */
#include "base/endpoint.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fnv.h"

#define COMPUTER_BYTES 24 /* 16 hex digits, an @ and a NUL, and some */
#define PORT_MAX 65535

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

void endpoint_write(char out[ENDPOINT_BYTES], const char *host, int port)
{
    const char *format = strchr(host, ':') ? "[%s]:%d" : "%s:%d";
    int used = 0;

    if (is_loopback(host))
        used = snprintf(out, ENDPOINT_BYTES, "%016" PRIx64 "@", computer());
    snprintf(out + used, ENDPOINT_BYTES - (size_t)used, format, host, port);
}

const char *endpoint_shown(const char *endpoint)
{
    const char *at = strchr(endpoint, '@');

    return at ? at + 1 : endpoint;
}

bool endpoint_resolve(const char *endpoint, char out[ENDPOINT_BYTES])
{
    const char *shown = endpoint_shown(endpoint);
    char own[COMPUTER_BYTES];

    snprintf(own, sizeof own, "%016" PRIx64 "@", computer());
    if (shown != endpoint && strncmp(endpoint, own, (size_t)(shown - endpoint)) != 0)
        return false;
    snprintf(out, ENDPOINT_BYTES, "%s", shown);
    return true;
}

/* The port in the last part of an endpoint; 0 for none. */
static in_port_t port_of(const char *text)
{
    char *end;
    unsigned long port;

    if (text[0] < '0' || text[0] > '9')
        return 0;
    port = strtoul(text, &end, 10);
    return *end == '\0' && port <= PORT_MAX ? (in_port_t)port : 0;
}

bool endpoint_socket(const char *text, struct sockaddr_storage *out, socklen_t *size)
{
    struct sockaddr_in *four = (void *)out;
    struct sockaddr_in6 *six = (void *)out;
    char host[INET6_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    bool bracket = text[0] == '[' && colon > text && colon[-1] == ']';
    size_t length = colon ? (size_t)(colon - text) - 2 * bracket : sizeof host;
    in_port_t port = colon ? port_of(colon + 1) : 0;

    if (length >= sizeof host || port == 0)
        return false;
    memcpy(host, text + bracket, length);
    host[length] = '\0';
    memset(out, 0, sizeof *out);
    if (!bracket && inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        *size = sizeof *four;
        return true;
    }
    if (!bracket || inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
        return false;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    *size = sizeof *six;
    return true;
}
