/* mailbox.c: messages and ints under names: put, got, taken, waited for, told of. Prints the
 * codes; the same ones on PVM. */
#include <stdio.h>
#include <string.h>

#include <pvm3.h>

#define NAME "letters"

static int put(const char *name, int value, int flags)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    return pvm_putinfo((char *)name, pvm_getsbuf(), flags);
}

static int get(const char *name, int index, int flags)
{
    int value = -1000, id = pvm_recvinfo((char *)name, index, flags);

    if (id < 0)
        return id;
    pvm_upkint(&value, 1, 1);
    return value;
}

static void child(int parent)
{
    int codes[5];

    codes[0] = get(NAME, 0, PvmMboxDefault);
    codes[1] = put(NAME, 1, PvmMboxDefault);
    codes[2] = pvm_delinfo(NAME, 0, 0);
    codes[3] = put("kept", 77, PvmMboxPersistent);
    codes[4] = put("mine", 1, PvmMboxDefault);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(codes, 5, 1);
    pvm_send(parent, 1);
    pvm_recv(parent, 2);
    put("late", 88, PvmMboxPersistent | PvmMboxOverWritable);
}

int main(int argc, char **argv)
{
    struct pvmmboxinfo *list;
    int parent = pvm_parent(), tid = 0, codes[5], n = 0, value = 0;

    (void)argc;
    pvm_setopt(PvmAutoErr, 0);
    if (parent > 0) {
        child(parent);
        pvm_exit();
        return 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("mailbox: one: %d", put(NAME, 41, PvmMboxDefault));
    printf(" %d", get(NAME, 0, PvmMboxDefault));
    printf(" %d", put(NAME, 42, PvmMboxDefault));
    printf(" %d", get(NAME, 0, PvmMboxDefault));
    printf(" %d\n", get("nothing", 0, PvmMboxDefault));
    printf("mailbox: many: %d", put("many", 1, PvmMboxMultiInstance));
    printf(" %d", put("many", 2, PvmMboxMultiInstance));
    printf(" %d", put("many", 3, PvmMboxMultiInstance | PvmMboxOverWritable));
    printf(" %d", get("many", 1, PvmMboxFirstAvail));
    printf(" %d", pvm_delinfo("many", 1, 0));
    printf(" %d", get("many", 1, PvmMboxFirstAvail));
    printf(" %d", get("many", 1, PvmMboxDefault));
    printf(" %d", get("many", 0, PvmMboxReadAndDelete));
    printf(" %d\n", get("many", 0, PvmMboxDefault));
    printf("mailbox: list: %d", pvm_getmboxinfo("many", &n, &list));
    printf(" %d", n);
    if (n > 0)
        printf(" %s %d %d", list[0].mi_name, list[0].mi_nentries, list[0].mi_indices[0]);
    printf("\n");
    pvm_spawn(argv[0], NULL, 0, NULL, 1, &tid);
    pvm_recv(tid, 1);
    pvm_upkint(codes, 5, 1);
    printf("mailbox: another's: %d %d %d %d %d\n", codes[0], codes[1], codes[2], codes[3],
           codes[4]);
    pvm_notify(PvmTaskExit, 3, 1, &tid);
    pvm_initsend(PvmDataDefault);
    pvm_send(tid, 2);
    printf("mailbox: waited for: %d\n", get("late", 0, PvmMboxWaitForInfo));
    pvm_recv(-1, 3);
    printf("mailbox: left: %d", get("kept", 0, PvmMboxDefault));
    printf(" %d\n", get("mine", 0, PvmMboxDefault));
    printf("mailbox: ints: %d", pvm_insert("numbers", -1, 5));
    printf(" %d", pvm_insert("numbers", -1, 6));
    printf(" %d", pvm_insert("numbers", 0, 7));
    printf(" %d", pvm_lookup("numbers", 1, &value));
    printf(" %d", value);
    printf(" %d", pvm_delete("numbers", 0));
    printf(" %d", pvm_delete("numbers", 0));
    printf(" %d\n", pvm_lookup("nobody's", 0, &value));
    printf("mailbox: ok\n");
    pvm_exit();
    return 0;
}
