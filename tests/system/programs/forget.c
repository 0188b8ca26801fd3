/* forget.c HOW: rank 0 returns 0 from main without dvm_finalize; the others...
 *
 *   received   have received all that it sent, and end well
 *   missed     wait for a message that it never sent
 *   unsent     have not received what it sent last: messages that it kept
 */
#include <dvm.h>
#include <stdio.h>
#include <string.h>

enum { TAG_FIRST = 1, TAG_NEVER = 2, TAG_LARGE = 3, TAG_ALL = 4 };
enum { SMALL = 1000, LARGE = 3, BYTES = 1000000 };

static char large[BYTES];

static void send_all(const char *how, int size)
{
    for (int to = 1; to < size; to++)
        for (int i = 0; i < SMALL; i++)
            dvm_send(DVM_WORLD, to, TAG_FIRST, &i, 1, DVM_INT);
    for (int i = 0; strcmp(how, "unsent") == 0 && i < LARGE; i++)
        dvm_bsend(DVM_WORLD, 1, TAG_LARGE, large, BYTES, DVM_CHAR);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "received";
    int me, size, value;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &size);
    if (me == 0) {
        send_all(how, size);
        for (int from = 1; strcmp(how, "received") == 0 && from < size; from++)
            dvm_recv(DVM_WORLD, from, TAG_ALL, &value, 1, DVM_INT, NULL);
        return 0;
    }
    for (int i = 0; i < SMALL; i++) {
        dvm_recv(DVM_WORLD, 0, TAG_FIRST, &value, 1, DVM_INT, NULL);
        if (value != i)
            return 9;
    }
    if (strcmp(how, "missed") == 0)
        dvm_recv(DVM_WORLD, 0, TAG_NEVER, &value, 1, DVM_INT, NULL);
    printf("rank %d has all\n", me);
    if (strcmp(how, "received") == 0)
        dvm_send(DVM_WORLD, 0, TAG_ALL, &me, 1, DVM_INT);
    if (strcmp(how, "unsent") == 0) { /* who has ended is kept nothing for */
        dvm_group_tid(DVM_WORLD, 0, &value);
        dvm_task_wait(value, -1, NULL);
    }
    dvm_finalize();
    return 0;
}
