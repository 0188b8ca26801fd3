/* hello.c: every task says where it is.
 *
 * The smallest complete program: each task finds out its rank and its host, and
 * sends both to rank 0, which prints them in order of rank. Two messages from
 * the same task cannot overtake each other; that is why the number may be sent
 * first and the name second, and are received in this order. This file needs no
 * other: dvmcc hello.c -o hello.
 */
#include <dvm.h>
#include <stdio.h>
#include <string.h>

enum { TAG_TID = 1, TAG_HOST = 2 };

static void say(int rank, int n, int tid, const char *host)
{
    printf("hello from rank %d of %d: task 0x%x on host %s\n", rank, n, (unsigned)tid, host);
}

/* Rank 0: print everybody's greeting; returns how many came with the tid that
 * the machine itself gives for their rank. */
static int listen_to_all(int n, int my_tid, const char *my_host)
{
    int right = 1; /* its own */
    int rank;

    say(0, n, my_tid, my_host);
    for (rank = 1; rank < n; rank++) {
        char host[DVM_NAME_MAX];
        int tid = 0;
        int expected = 0;

        dvm_recv(DVM_WORLD, rank, TAG_TID, &tid, 1, DVM_INT, NULL);
        dvm_recv(DVM_WORLD, rank, TAG_HOST, host, sizeof host, DVM_CHAR, NULL);
        host[sizeof host - 1] = '\0';
        say(rank, n, tid, host);
        dvm_group_tid(DVM_WORLD, rank, &expected);
        right += tid == expected && host[0] != '\0';
    }
    return right;
}

int main(int argc, char **argv)
{
    const int check = argc == 2 && strcmp(argv[1], "--check") == 0;
    char host[DVM_NAME_MAX];
    int me, n, tid, right = 0;
    double start;

    dvm_init(&argc, &argv); /* from here on this process is a task */
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    if (argc > 1 && !check) {
        if (me == 0)
            fprintf(stderr, "hello: no such option; usage: hello [--check]\n");
        dvm_finalize();
        return me == 0 ? 2 : 0; /* who fails ends the others, also before they speak */
    }
    start = dvm_wtime();
    tid = dvm_self();
    dvm_host_name(host, sizeof host);
    if (me == 0) {
        right = listen_to_all(n, tid, host);
        printf("hello: %d tasks in %.3f ms\n", n, (dvm_wtime() - start) * 1e3);
    } else {
        dvm_send(DVM_WORLD, 0, TAG_TID, &tid, 1, DVM_INT);
        dvm_send(DVM_WORLD, 0, TAG_HOST, host, strlen(host) + 1, DVM_CHAR);
    }
    if (check && me == 0)
        printf("check: %s %d of %d tasks have the tid of their rank\n",
               right == n ? "ok" : "FAILED", right, n);
    dvm_finalize();
    return check && me == 0 && right != n;
}
