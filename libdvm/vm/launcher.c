/* launcher.c: other launchers, and why a program under one may not be alone.
 *
 * `srun -n 64 ./prog` without a machine would start 64 private machines, each
 * with one rank 0 that does all the work: a classic that costs users days. Each
 * launcher tells its tasks their rank, most also how many there are; only a
 * launch of one is let through.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "vm/vm.h"

static const struct {
    const char *rank, *size, *launcher;
} launchers[] = {
    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "Slurm"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "Open MPI's mpirun"},
    {"PMIX_RANK", NULL, "a PMIx launcher"},
    {"PMI_RANK", "PMI_SIZE", "an MPI launcher (PMI)"},
    {"MPI_LOCALRANKID", "MPI_LOCALNRANKS", "an MPI launcher"},
    {"PALS_RANKID", NULL, "PALS"},
    {"ALPS_APP_PE", NULL, "aprun"},
    {"FLUX_TASK_RANK", "FLUX_JOB_SIZE", "Flux"},
    {"JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE", "jsrun"},
};

int launcher_check(void)
{
    const char *single = getenv("DVM_SINGLE");

    if (single && strcmp(single, "1") == 0)
        return DVM_OK;
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++) {
        const char *rank = getenv(launchers[i].rank);
        const char *size = launchers[i].size ? getenv(launchers[i].size) : NULL;

        if (!rank || (size && strcmp(size, "1") == 0))
            continue;
        return dvm_fail(DVM_ERR_NOT_WORLD,
                        "this program was started by %s (%s is %s), but no machine of DVM runs "
                        "on this host, so each of its processes would be alone as rank 0 of 1; "
                        "start the program with `dvm run`, or set DVM_SINGLE=1 if it is to be "
                        "alone",
                        launchers[i].launcher, launchers[i].rank, rank);
    }
    return DVM_OK;
}
