/* full_size.h: whether a test is to run at full size: with DVM_TEST_LONG=1. With 0, as
 * scripts/check has it, or without, its quick form is asked for. */
#ifndef TESTS_SUPPORT_FULL_SIZE_H
#define TESTS_SUPPORT_FULL_SIZE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool full_size(void)
{
    const char *wish = getenv("DVM_TEST_LONG");

    return wish && strcmp(wish, "1") == 0;
}

#endif
