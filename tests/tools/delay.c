/* delay.c TARGET_PORT MS: a link that waits: a port of its own, which it prints, leads to
 * another of this computer, and every byte is held back for so long, each way. Ends with
 * standard input; then it prints how many bytes it passed on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/proxy.h"

int main(int argc, char **argv)
{
    int port = argc == 3 ? atoi(argv[1]) : 0;
    struct proxy *p;

    if (port < 1)
        return 2;
    p = proxy_start(port);
    proxy_delay(p, PROXY_BOTH, atoi(argv[2]));
    printf("%d\n", proxy_port(p));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    printf("%llu bytes\n", proxy_bytes(p));
    proxy_stop(p);
    return 0;
}
