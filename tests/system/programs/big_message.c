/* big_message.c MIB: rank 0 sends one message of MIB mebibytes to rank 1, which
 * checks each word; then the same in the other direction with a probe before.
 */
#include <dvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAG = 1 };
static const size_t MIB = 1 << 20;
static const uint64_t MIX = 0x9e3779b97f4a7c15u;

static int check(const uint64_t *words, size_t n, uint64_t seed, const struct dvm_status *status)
{
    size_t i;

    for (i = 0; i < n && words[i] == (i + seed) * MIX; i++)
        ;
    if (i == n && status->count == n)
        return 0;
    fprintf(stderr, "big_message: word %zu of %zu (of %zu) is wrong\n", i, n, status->count);
    return 1;
}

static void fill(uint64_t *words, size_t n, uint64_t seed)
{
    size_t i;

    for (i = 0; i < n; i++)
        words[i] = (i + seed) * MIX;
}

int main(int argc, char **argv)
{
    size_t n = (argc > 1 ? (size_t)atol(argv[1]) : 256) * MIB / sizeof(uint64_t);
    uint64_t *words = calloc(n, sizeof *words);
    struct dvm_status status;
    double start;
    int me, wrong = 0;

    if (!words)
        return 1;
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    if (me == 0) {
        fill(words, n, 1);
        start = dvm_wtime();
        dvm_ssend(DVM_WORLD, 1, TAG, words, n, DVM_UINT64);
        printf("%.2f GB/s\n", (double)(n * sizeof *words) / (dvm_wtime() - start) / 1e9);
        dvm_probe(DVM_WORLD, 1, TAG, &status);
        wrong = status.bytes != n * sizeof *words;
        dvm_recv(DVM_WORLD, 1, TAG, words, n, DVM_UINT64, &status);
        wrong |= check(words, n, 2, &status);
    } else if (me == 1) {
        dvm_recv(DVM_WORLD, 0, TAG, words, n, DVM_UINT64, &status);
        wrong = check(words, n, 1, &status);
        fill(words, n, 2);
        dvm_send(DVM_WORLD, 0, TAG, words, n, DVM_UINT64);
    }
    free(words);
    if (!wrong)
        printf("rank %d: %zu bytes are right\n", me, n * sizeof *words);
    dvm_finalize();
    return wrong;
}
