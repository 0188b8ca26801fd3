/* table: compared with a plain array under random puts and takes; every key can be
 * found as long as it is in, whatever was taken out around it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/table.h"

#define KEYS 500
#define STEPS 200000

Test(table, agrees_with_an_array)
{
    static int values[KEYS];
    bool in[KEYS] = {false};
    struct table t = {0};
    unsigned seed = (unsigned)time(NULL);
    size_t count = 0;

    fprintf(stderr, "seed %u\n", seed);
    for (int i = 0; i < STEPS; i++) {
        int k = rand_r(&seed) % KEYS;
        uint64_t key = (uint64_t)k << 18;

        cr_assert_eq(table_get(&t, key), in[k] ? &values[k] : NULL);
        if (rand_r(&seed) % 2) {
            cr_assert_eq(table_put(&t, key, &values[k]), 0);
            count += !in[k];
            in[k] = true;
        } else {
            cr_assert_eq(table_take(&t, key), in[k] ? &values[k] : NULL);
            count -= in[k];
            in[k] = false;
        }
        cr_assert_eq(t.count, count);
    }
    table_free(&t);
    cr_assert_null(table_get(&t, 1));
}

Test(table, walks_over_all_once)
{
    static int values[KEYS];
    struct table t = {0};
    size_t at = 0, found = 0;
    int *value;

    for (int i = 0; i < KEYS; i++)
        table_put(&t, (uint64_t)i, &values[i]);
    while ((value = table_next(&t, &at))) {
        cr_assert_eq((*value)++, 0);
        found++;
    }
    cr_assert_eq(found, KEYS);
    table_free(&t);
}
