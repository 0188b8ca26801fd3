/* steady.c: two tasks that exchange a small message again and again.
 *
 *   steady SECONDS     on two tasks, for so long and at least some rounds; rank 0 says how many
 *                      there were and the longest that one took: "ROUNDS rounds, worst MS ms"
 *   steady /FILE       the same until the file is gone
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <dvm.h>

#define TAG 1
#define NS_PER_MS 1e6
#define LEAST 10 /* rounds */

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000.0 + (double)t.tv_nsec / NS_PER_MS;
}

static void lead(double seconds, const char *file)
{
    double begin = now_ms(), at = begin, worst = 0;
    long rounds = 0;
    int more = 1;

    while (more) {
        double before = at;

        more = (file ? access(file, F_OK) == 0 : at < begin + seconds * 1000.0) || rounds < LEAST;
        dvm_send(DVM_WORLD, 1, TAG, &more, 1, DVM_INT);
        dvm_recv(DVM_WORLD, 1, TAG, &more, 1, DVM_INT, NULL);
        at = now_ms();
        if (at - before > worst)
            worst = at - before;
        rounds++;
    }
    printf("%ld rounds, worst %.0f ms\n", rounds, worst);
}

static void follow(void)
{
    int more = 1;

    while (more) {
        dvm_recv(DVM_WORLD, 0, TAG, &more, 1, DVM_INT, NULL);
        dvm_send(DVM_WORLD, 0, TAG, &more, 1, DVM_INT);
    }
}

int main(int argc, char **argv)
{
    int rank;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &rank);
    if (rank == 0)
        lead(argc > 1 ? atof(argv[1]) : 1, argc > 1 && argv[1][0] == '/' ? argv[1] : NULL);
    else
        follow();
    dvm_finalize();
    return 0;
}
