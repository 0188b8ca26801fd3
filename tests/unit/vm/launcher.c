/* launcher: a lone rank 0 of many under another launcher is refused. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "vm/vm.h"

static void clear(void)
{
    static const char *const names[] = {
        "DVM_SINGLE",  "SLURM_PROCID",          "SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_RANK",
        "PMIX_RANK",   "OMPI_COMM_WORLD_SIZE",  "PMI_RANK",             "PMI_SIZE",
        "PALS_RANKID", "MPI_LOCALRANKID",       "MPI_LOCALNRANKS",      "ALPS_APP_PE",
        "FLUX_TASK_RANK", "FLUX_JOB_SIZE", "JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

TestSuite(launcher, .init = clear);

Test(launcher, none_is_fine)
{
    cr_assert_eq(launcher_check(), DVM_OK);
}

Test(launcher, many_are_refused)
{
    setenv("SLURM_PROCID", "0", 1);
    setenv("SLURM_STEP_NUM_TASKS", "64", 1);
    cr_assert_eq(launcher_check(), DVM_ERR_NOT_WORLD);
    cr_assert_not_null(strstr(dvm_last_error(), "Slurm"));
    cr_assert_not_null(strstr(dvm_last_error(), "DVM_SINGLE=1"));
    cr_assert_not_null(strstr(dvm_last_error(), "dvm run"));
}

Test(launcher, an_unknown_number_is_refused)
{
    setenv("PMIX_RANK", "0", 1);
    cr_assert_eq(launcher_check(), DVM_ERR_NOT_WORLD);
}

Test(launcher, one_of_one_is_let_through)
{
    setenv("PMI_RANK", "0", 1);
    setenv("PMI_SIZE", "1", 1);
    cr_assert_eq(launcher_check(), DVM_OK);
}

Test(launcher, single_means_single)
{
    setenv("OMPI_COMM_WORLD_RANK", "3", 1);
    cr_assert_eq(launcher_check(), DVM_ERR_NOT_WORLD);
    setenv("DVM_SINGLE", "0", 1);
    cr_assert_eq(launcher_check(), DVM_ERR_NOT_WORLD);
    setenv("DVM_SINGLE", "1", 1);
    cr_assert_eq(launcher_check(), DVM_OK);
}
