/* endpoint.c: addresses as text: what is written can be used here, a loopback address of
 * another computer cannot, and what is none is refused. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "base/endpoint.h"

Test(endpoint, written_and_used)
{
    static const struct {
        const char *host, *shown;
        int family;
    } rows[] = {{"192.0.2.7", "192.0.2.7:7118", AF_INET},
                {"127.0.0.1", "127.0.0.1:7118", AF_INET},
                {"2001:db8::1", "[2001:db8::1]:7118", AF_INET6},
                {"::1", "[::1]:7118", AF_INET6}};
    char text[ENDPOINT_BYTES], out[ENDPOINT_BYTES];
    struct sockaddr_storage a;
    socklen_t size = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        endpoint_write(text, rows[i].host, 7118);
        cr_assert_str_eq(endpoint_shown(text), rows[i].shown);
        cr_assert(endpoint_resolve(text, out));
        cr_assert_str_eq(out, rows[i].shown);
        cr_assert(endpoint_socket(out, &a, &size) && a.ss_family == rows[i].family);
        cr_assert_eq(((struct sockaddr_in *)&a)->sin_port, htons(7118)); /* in both families */
        cr_assert_eq(size, a.ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                                  : sizeof(struct sockaddr_in6));
    }
}

Test(endpoint, loopback_of_another_computer)
{
    char text[ENDPOINT_BYTES], out[ENDPOINT_BYTES] = "untouched";

    endpoint_write(text, "127.0.0.1", 7118);
    cr_assert_neq(text, endpoint_shown(text));
    text[0] = text[0] == 'a' ? 'b' : 'a';
    cr_assert(!endpoint_resolve(text, out));
    cr_assert_str_eq(out, "untouched");
}

Test(endpoint, what_is_none)
{
    static const char *const texts[] = {
        "", ":", "7118", "192.0.2.7", "192.0.2.7:", "192.0.2.7:0", "192.0.2.7:65536",
        "192.0.2.7:x", "192.0.2.7:71 18", "192.0.2.7:-1", "localhost:7118", "[192.0.2.7]:7118",
        "[::1]", "[::1:7118", "::1]:7118", "2001:db8::1:7118", "[]:7118", "[:7118", "[",
        "[2001:db8::1%eth0]:7118",
        "1111111111111111111111111111111111111111111111111111111111:7118"};
    struct sockaddr_storage a;
    socklen_t size;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_assert(!endpoint_socket(texts[i], &a, &size), "%s", texts[i]);
}
