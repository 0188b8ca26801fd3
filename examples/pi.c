/* pi.c: pi as an integral, cut into one piece for each task.
 *
 * pi is the area under 4 / (1 + x^2) from 0 to 1. The interval is cut into
 * --steps strips, each as wide as the others and as high as the curve in its
 * middle. Each task adds up a contiguous share of the strips; one reduce adds the
 * sums of the tasks. The only communication is this one call, so the program
 * should be n times as fast with n tasks on n free cores.
 */
#include <dvm.h>
#include <math.h>
#include <stdio.h>

#include "common/options.h"
#include "common/share.h"
#include "common/strips.h"

/* Compare with pi and with the sum over all strips in one go. The rule's own
 * error is below (largest second derivative, 8) / 24 * width^2; rounding adds to
 * it, more with more steps. Returns 1 when both are near enough. */
static int compare(double result, int64_t steps)
{
    const double rounding = 1e-15 * sqrt((double)steps) + 1e-13;
    const double rule = 1 / (3 * (double)steps * (double)steps);
    const double alone = area(0, steps, steps);
    const double from_pi = fabs(result - PI);
    const double from_alone = fabs(result - alone);
    const int good = from_pi <= rule + rounding && from_alone <= rounding;

    printf("check: %s %.2e from pi (limit %.2e), %.2e from one task's sum (limit %.2e)\n",
           good ? "ok" : "FAILED", from_pi, rule + rounding, from_alone, rounding);
    return good;
}

int main(int argc, char **argv)
{
    long steps = 100000000;
    int check = 0;
    const struct option table[] = {
        { "steps", OPTION_INT, &steps, 1, 1e12, "strips of the integral (1e8)" },
        { "check", OPTION_FLAG, &check, 0, 0, "compare with pi and with one task's sum" },
        { .name = NULL },
    };
    double part, pi = 0, start;
    int me, n, ended, good = 1;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    ended = options_read(argc, argv, table, me == 0);
    if (ended != OPTION_GO_ON) {
        dvm_finalize();
        return ended;
    }
    start = dvm_wtime();
    part = area(share_first(steps, n, me), share_first(steps, n, me + 1), steps);

    /* Everybody gives its part, rank 0 gets the sum. */
    dvm_reduce(DVM_WORLD, 0, &part, &pi, 1, DVM_DOUBLE, DVM_SUM);

    if (me == 0)
        printf("pi: %.15f with %ld steps, %d tasks, %.3f s\n", pi, steps, n,
               dvm_wtime() - start);
    if (me == 0 && check)
        good = compare(pi, steps);
    dvm_finalize();
    return good ? 0 : 1;
}
