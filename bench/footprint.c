/* footprint.c here|away|wait: what a task costs in memory and descriptors, by whom it talks
 * with. Rank 0 prints a line for each stage: alone; when each peer has sent it one message
 * and got one; when each has sent and got MORE. Its peers are the ranks of its own host
 * (here), or those of others (away). A line: STAGE PEERS PRIVATE SHARED DESCRIPTORS, memory
 * in bytes: private pages, and its share of pages that others map, too (smaps_rollup).
 * With wait all ranks wait to be ended.
 */
#include <dirent.h>
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MORE = 20, TAG = 1, KIB = 1024, HOST = 0x3ffc0000 /* of a tid */ };

static void look(const char *stage, int peers)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    DIR *folder = opendir("/proc/self/fd");
    long private = 0, shared = 0, kib;
    char line[256], name[64];
    int fds = -3; /* ".", ".." and the folder itself */

    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%63[^:]: %ld kB", name, &kib) != 2)
            continue;
        if (strcmp(name, "Private_Clean") == 0 || strcmp(name, "Private_Dirty") == 0)
            private += kib * KIB;
        if (strcmp(name, "Pss_Shmem") == 0)
            shared = kib * KIB;
    }
    while (folder && readdir(folder))
        fds++;
    if (file)
        fclose(file);
    if (folder)
        closedir(folder);
    printf("%s %d %ld %ld %d\n", stage, peers, private, shared, fds);
    fflush(stdout);
}

static int me, n, count; /* count: peers */
static char *is_peer;

/* Who rank 0 talks with: ranks on its host, or the others. */
static void choose(int here)
{
    int *tids = calloc((size_t)n, sizeof *tids);

    is_peer = calloc((size_t)n, 1);
    if (!tids || !is_peer)
        dvm_abort(DVM_WORLD, 1);
    dvm_group_tids(DVM_WORLD, tids, n);
    for (int i = 1; i < n; i++) {
        is_peer[i] = ((tids[i] & HOST) == (tids[0] & HOST)) == here;
        count += is_peer[i];
    }
    free(tids);
}

static void exchange(int times)
{
    struct dvm_status status;
    long word = me;

    for (int i = 0; i < times; i++)
        for (int peer = 1; peer < n; peer++)
            if (is_peer[peer] && me == 0) {
                dvm_send(DVM_WORLD, peer, TAG, &word, 1, DVM_LONG);
                dvm_recv(DVM_WORLD, peer, TAG, &word, 1, DVM_LONG, &status);
            } else if (is_peer[peer] && me == peer) {
                dvm_recv(DVM_WORLD, 0, TAG, &word, 1, DVM_LONG, &status);
                dvm_send(DVM_WORLD, 0, TAG, &word, 1, DVM_LONG);
            }
}

int main(int argc, char **argv)
{
    struct dvm_status status;
    const char *mode = argc > 1 ? argv[1] : "";
    int word = 0;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    choose(strcmp(mode, "here") == 0);
    if (me == 0)
        look("alone", count);
    if (strcmp(mode, "wait") == 0)
        dvm_recv(DVM_SELF, 0, TAG, &word, 1, DVM_INT, &status);
    exchange(1);
    if (me == 0)
        look("once", count);
    exchange(MORE);
    if (me == 0)
        look("often", count);
    /* all are there while rank 0 looks */
    exchange(1);
    free(is_peer);
    dvm_finalize();
    return 0;
}
