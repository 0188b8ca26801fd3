/* overlap.c FOLDER: rank 0 starts to send a large message, and buffered ones past the
 * receiver's credit, and then makes no DVM call until rank 1 has said with a file in
 * FOLDER that it has all of them. Ends with 1 when that does not come.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TAG = 1, LARGE = 16 << 20, SMALL = 50000, MANY = 100, PATIENCE = 300 };

static char path[4096];
static unsigned char large[LARGE], small[SMALL];

/* Compute, if looking for a file is that. */
static int compute(void)
{
    time_t begun = time(NULL);

    while (access(path, F_OK) != 0)
        if (time(NULL) - begun > PATIENCE)
            return 1;
    return 0;
}

static int send_all(void)
{
    struct dvm_request *request;
    int i;

    memset(large, 7, sizeof large);
    dvm_isend(DVM_WORLD, 1, TAG, large, sizeof large, DVM_BYTE, &request);
    for (i = 0; i < MANY; i++) {
        memset(small, i, sizeof small);
        dvm_bsend(DVM_WORLD, 1, TAG, small, sizeof small, DVM_BYTE);
    }
    if (compute()) {
        fprintf(stderr, "overlap: rank 1 did not get all while rank 0 computed\n");
        return 1;
    }
    dvm_wait(&request, NULL);
    printf("rank 0 computed meanwhile\n");
    return 0;
}

static int receive_all(void)
{
    FILE *said;
    int i;

    dvm_recv(DVM_WORLD, 0, TAG, large, sizeof large, DVM_BYTE, NULL);
    if (large[0] != 7 || large[LARGE - 1] != 7)
        return 1;
    for (i = 0; i < MANY; i++) {
        dvm_recv(DVM_WORLD, 0, TAG, small, sizeof small, DVM_BYTE, NULL);
        if (small[SMALL - 1] != i)
            return 1;
    }
    said = fopen(path, "w");
    return !said || fclose(said);
}

int main(int argc, char **argv)
{
    int me, rc;

    snprintf(path, sizeof path, "%s/all", argc > 1 ? argv[1] : ".");
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    rc = me == 0 ? send_all() : receive_all();
    dvm_finalize();
    return rc;
}
