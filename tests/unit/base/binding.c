/* binding: what a binding says about its calls holds for its thread, until it ends. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "base/binding.h"
#include "base/error.h"
#include "dvm_binding.h"
#include "group/entry.h"

__attribute__((noinline)) static uintptr_t called(void)
{
    return ENTRY_SITE();
}

Test(binding, place_is_the_programs)
{
    uintptr_t own = called();

    dvm_binding_begin(&own, DVM_SILENT);
    cr_assert_eq(called(), (uintptr_t)&own);
    dvm_binding_begin(NULL, DVM_SILENT);
    cr_assert_neq(called(), 0, "without a place it is the call's own");
    cr_assert_neq(called(), (uintptr_t)&own);
    dvm_binding_end();
    cr_assert_neq(called(), 0);
}

static void *mode_there(void *arg)
{
    *(int *)arg = error_mode();
    return NULL;
}

Test(binding, errors_do_what_it_says_in_its_thread)
{
    pthread_t thread;
    int there = -1;

    dvm_errors(DVM_RETURN);
    dvm_binding_begin(NULL, DVM_SILENT);
    cr_assert_eq(error_mode(), DVM_SILENT);
    cr_assert_eq(dvm_binding_errors(), DVM_RETURN);
    cr_assert_eq(dvm_binding_fail(DVM_ERR_ARG, "100 %s of it"), DVM_ERR_ARG);
    cr_assert_str_eq(dvm_last_error(), "100 %s of it");
    cr_assert_eq(pthread_create(&thread, NULL, mode_there, &there), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(there, DVM_RETURN);
    dvm_binding_end();
    cr_assert_eq(error_mode(), DVM_RETURN);
}
