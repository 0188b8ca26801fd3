/* idle.c: what a task costs that does nothing: its memory after it has met the others, and
 * the CPU time of one that waits for a message.
 */
#include <stdio.h>
#include <time.h>

#include "measure.h"

/* KiB that the kernel counts for this process under a name of smaps_rollup. */
static double kib(const char *name)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    char line[128];
    size_t length = strlen(name);
    double value = 0;

    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, name, length) && line[length] == ':')
            sscanf(line + length + 1, "%lf", &value);
    if (file)
        fclose(file);
    return value;
}

void measure_memory(void)
{
    double private, shared;

    if (api.barrier)
        api.barrier();
    together(0);
    private = kib("Private_Clean") + kib("Private_Dirty");
    shared = kib("Pss");
    report("memory_private", together(private), "KiB");
    report("memory_pss", together(shared), "KiB");
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void measure_waiting(double seconds)
{
    struct timespec length = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    char name[64];
    double used = 0;

    together(0);
    if (rank == 0) {
        nanosleep(&length, NULL); /* this is how long rank 1 has to wait */
        api.send(1, TAG_WORK, out, sizeof number);
    } else if (rank == 1) {
        used = cpu_seconds();
        api.receive(0, TAG_WORK, in, sizeof number);
        used = cpu_seconds() - used;
    }
    snprintf(name, sizeof name, "cpu_blocked_%gs", seconds);
    report(name, together(used) * 1e3, "ms");
}
