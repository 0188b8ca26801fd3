/* main.c: pvmtrace: writes what tasks of a job of the console dvm pvm tell, as SDDF.
 *
 *     pvmtrace JOB FILE [ends]
 *
 * FILE -: to stdout, with the job and the task in front of each line. With "ends" says at its end
 * that the job has finished.
 *
 * Says its tid, a line, on descriptor 3, and reads the tids of the job's tasks, a line, from
 * stdin. It ends when these have ended, and all that are traced besides: their children.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>
#include <pvmtev.h>

#include "bindings/pvm3/tracefile/sddf.h"

#define TRACE 666 /* tags; console/pvm/trace.c says it to the tasks */
#define GONE 667
#define WORDS_MAX 65536
#define ANSWER 3  /* the descriptor */

static int job, left, alive;

static FILE *open_file(const char *name)
{
    FILE *file = strcmp(name, "-") == 0 ? stdout : fopen(name, "wx");

    if (!file)
        perror(name);
    return file;
}

static void show_hosts(void)
{
    struct pvmhostinfo *hosts;
    int count, archs;

    if (pvm_config(&count, &archs, &hosts) == PvmOk)
        for (int i = 0; i < count; i++)
            sddf_host(hosts[i].hi_name, hosts[i].hi_arch, hosts[i].hi_tid, hosts[i].hi_speed);
}

static void read_tids(void)
{
    static char line[WORDS_MAX];
    char *at = line;
    int tid;

    if (!fgets(line, sizeof line, stdin))
        return;
    while ((tid = (int)strtol(at, &at, 0)) > 0) {
        pvm_notify(PvmTaskExit, GONE, 1, &tid);
        left++;
    }
}

static void take_message(int id)
{
    int bytes, tag, tid;

    pvm_bufinfo(id, &bytes, &tag, &tid);
    if (tag == GONE) {
        left--;
        return;
    }
    switch (sddf_message(&tid)) {
    case SDDF_BIRTH:
        alive++;
        printf("[%d] libpvmtrc: Task TID=0x%x Connected to Console\n", job, (unsigned)tid);
        break;
    case SDDF_DEATH:
        alive--;
        break;
    default:;
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    FILE *file, *answer = fdopen(ANSWER, "w");
    int id = 1;

    if (argc < 3 || !answer || pvm_mytid() < 0 || !(file = open_file(argv[2])))
        return EXIT_FAILURE;
    job = atoi(argv[1]);
    pvm_setopt(PvmAutoErr, 0); /* a message that ends early is one that has ended */
    sddf_begin(file, file == stdout ? job : 0);
    show_hosts();
    fprintf(answer, "%d\n", pvm_mytid());
    fclose(answer);
    read_tids();
    while (id > 0 && (left > 0 || alive > 0)) {
        id = pvm_recv(-1, -1);
        if (id > 0)
            take_message(id);
    }
    if (file != stdout)
        fclose(file);
    printf("[%d] libpvmtrc: Trace File Complete\n", job);
    if (argc > 3)
        printf("[%d] finished\n", job);
    pvm_exit();
    return EXIT_SUCCESS;
}
