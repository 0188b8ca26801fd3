/* mailbox.c: messages that tasks put under a name for others.
 *
 * The machine keeps them (dvm_value_put and its kin), so they survive the loss of a host. A
 * value is the message's tag and its sender, then its header and its bytes (codec.h); the flags
 * are PVM's. What pvm_insert stores is a message with one int.
 */
#include "bindings/pvm3/mailbox.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/list.h"

#define AHEAD 8          /* bytes in front of the header: tag and sender, big-endian */
#define VALUE_FEW 4096   /* bytes of a value that are asked for at first */
#define PUT_FLAGS (PvmMboxPersistent | PvmMboxMultiInstance | PvmMboxOverWritable)
#define GET_FLAGS (PvmMboxFirstAvail | PvmMboxReadAndDelete | PvmMboxWaitForInfo)

_Static_assert((int)DVM_VALUE_KEEP == PvmMboxPersistent &&
                   (int)DVM_VALUE_MANY == PvmMboxMultiInstance &&
                   (int)DVM_VALUE_OPEN == PvmMboxOverWritable &&
                   (int)DVM_VALUE_FIRST == PvmMboxFirstAvail &&
                   (int)DVM_VALUE_TAKE == PvmMboxReadAndDelete &&
                   (int)DVM_VALUE_WAIT == PvmMboxWaitForInfo,
               "the flags are the same");

static int begin(const char *call, const char *name)
{
    int rc = pvm3_enter(call);

    if (rc == PvmOk && (!name || !name[0]))
        rc = pvm3_fail(call, PvmBadParam, "no name is given");
    return rc;
}

/* End a call with an error of DVM, in PVM's code for the mailbox. */
static int failed(const char *call, int rc)
{
    static const struct {
        int dvm, pvm;
    } codes[] = {{DVM_ERR_NO_VALUE, PvmNotFound}, {DVM_ERR_EXISTS, PvmDenied},
                 {DVM_ERR_REFUSED, PvmDenied}};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].dvm == rc)
            return pvm_errno = codes[i].pvm; /* an answer rather than a mistake: not told */
    return pvm3_fail_dvm(call, rc);
}

int pvm3_mailbox_put(const char *name, struct pvm3_buffer *b, int index, unsigned flags)
{
    unsigned char *all, *value;
    bool owned;
    int rc = DVM_ERR_NO_MEMORY, place = 0;

    pvm3_header_write(b, b->data);
    all = pvm3_buffer_gather(b, &owned);
    value = all ? malloc(AHEAD + PVM3_HEADER + b->bytes) : NULL;
    if (value) {
        pvm3_put32(value, (unsigned)b->tag);
        pvm3_put32(value + 4, (unsigned)pvm3_self());
        memcpy(value + AHEAD, all, PVM3_HEADER + b->bytes);
        rc = dvm_value_put(name, index, flags, value, AHEAD + PVM3_HEADER + b->bytes, &place);
    }
    free(value);
    if (all && owned)
        pvm3_buffer_free_bytes(all, b->bytes);
    return rc == DVM_OK ? place : rc;
}

int pvm_putinfo(char *name, int bufid, int flags)
{
    static const char call[] = "pvm_putinfo";
    struct pvm3_buffer *b = pvm3_buffer_find(bufid);
    int rc = begin(call, name), direct = (int)PvmMboxDirectIndexOf((unsigned)flags);

    if (rc != PvmOk)
        return rc;
    if (!b)
        return pvm3_fail(call, bufid < 0 ? PvmBadParam : PvmNoSuchBuf, "there is no buffer %d",
                         bufid);
    rc = pvm3_mailbox_put(name, b, direct ? direct : flags & PvmMboxMultiInstance ? DVM_ANY : 0,
             ((unsigned)flags & PUT_FLAGS) | DVM_BINDING_VALUE_CLOSED);
    return rc >= 0 ? rc : failed(call, rc);
}

/* Get a value whole; *value is the caller's to free. Returns DVM_OK or an error of DVM. */
static int get(const char *name, int index, unsigned flags, unsigned char **value,
               struct dvm_value *what)
{
    size_t room = VALUE_FEW;
    int rc = DVM_ERR_TRUNCATE;

    for (*value = NULL; rc == DVM_ERR_TRUNCATE; room *= 4) {
        free(*value);
        *value = malloc(room);
        if (!*value)
            return DVM_ERR_NO_MEMORY;
        rc = dvm_value_get(name, index, flags, *value, room, what);
    }
    return rc;
}

/* A value as a message. Returns a buffer, or NULL with the code in *code. */
static struct pvm3_buffer *message(const unsigned char *value, size_t bytes, int *code)
{
    struct pvm3_buffer *b;

    *code = PvmNoMem;
    if (bytes < AHEAD + PVM3_HEADER) {
        *code = PvmBadMsg;
        return NULL;
    }
    b = pvm3_buffer_make(PvmDataDefault, bytes - AHEAD - PVM3_HEADER);
    if (!b)
        return NULL;
    memcpy(b->data, value + AHEAD, bytes - AHEAD);
    b->bytes = bytes - AHEAD - PVM3_HEADER;
    if (!pvm3_header_read(b, b->data, bytes - AHEAD)) {
        pvm3_buffer_free(b);
        *code = PvmBadMsg;
        return NULL;
    }
    b->tag = (int)pvm3_get32(value);
    b->src = (int)pvm3_get32(value + 4);
    return b;
}

/* Get a message from under a name. Returns a buffer, or NULL with the error in *rc, told. */
static struct pvm3_buffer *take(const char *call, const char *name, int index, unsigned flags,
                                int *rc)
{
    struct pvm3_buffer *b = NULL;
    struct dvm_value *what = malloc(sizeof *what); /* its name is long */
    unsigned char *value = NULL;
    int code = PvmNoMem;

    *rc = what ? get(name, index, flags, &value, what) : DVM_ERR_NO_MEMORY;
    if (*rc == DVM_OK) {
        b = message(value, what->bytes, &code);
        *rc = b ? PvmOk : pvm3_fail(call, code, "what is under \"%s\" is no message", name);
    } else {
        *rc = failed(call, *rc);
    }
    free(value);
    free(what);
    return b;
}

int pvm_recvinfo(char *name, int index, int flags)
{
    static const char call[] = "pvm_recvinfo";
    int rc = begin(call, name);
    struct pvm3_buffer *b;

    if (rc != PvmOk)
        return rc;
    if (index < 0)
        return pvm3_fail(call, PvmBadParam, "index %d", index);
    b = take(call, name, index, (unsigned)flags & GET_FLAGS, &rc);
    if (!b)
        return rc;
    rc = pvm3_receive_into(b);
    return rc > 0 ? rc : pvm3_fail(call, rc, NULL);
}

int pvm_delinfo(char *name, int index, int flags)
{
    static const char call[] = "pvm_delinfo";
    int rc = begin(call, name);

    if (rc != PvmOk)
        return rc;
    if (index < 0)
        return pvm3_fail(call, PvmBadParam, "index %d", index);
    rc = dvm_value_delete(name, index);
    return rc == DVM_OK ? index : failed(call, rc); /* PVM's manual says PvmOk; it is so there */
}

/* ---- what there is -------------------------------------------------------------- */

static struct pvmmboxinfo *shown; /* what pvm_getmboxinfo has given last */
static size_t shown_count;

static void forget_shown(void)
{
    for (size_t i = 0; i < shown_count; i++) {
        free(shown[i].mi_name);
        free(shown[i].mi_indices); /* owners and flags lie behind */
    }
    free(shown);
    shown = NULL;
    shown_count = 0;
}

static int give_values(void *list, size_t room, size_t *count)
{
    return dvm_values(list, room, count);
}

/* All values; *list is the caller's to free. Returns DVM_OK or an error. */
static int all_values(struct dvm_value **list, size_t *count)
{
    int rc;

    *list = pvm3_whole_list(give_values, sizeof **list, count, &rc);
    return rc;
}

/* Show a name with its count values. false: no memory. */
static bool show_class(const struct dvm_value *values, size_t count)
{
    struct pvmmboxinfo *c = &shown[shown_count];

    c->mi_name = strdup(values[0].name);
    c->mi_indices = malloc(3 * count * sizeof *c->mi_indices);
    shown_count++;
    if (!c->mi_name || !c->mi_indices)
        return false;
    c->mi_nentries = (int)count;
    c->mi_owners = c->mi_indices + count;
    c->mi_flags = c->mi_owners + count;
    for (size_t i = 0; i < count; i++) {
        c->mi_indices[i] = values[i].index;
        c->mi_owners[i] = values[i].owner;
        c->mi_flags[i] = (int)values[i].flags & (int)PUT_FLAGS;
    }
    return true;
}

/* Show those that the pattern fits, one entry a name; they come sorted. */
static bool show(const struct dvm_value *values, size_t count, const regex_t *pattern)
{
    size_t end;

    forget_shown();
    shown = calloc(count ? count : 1, sizeof *shown);
    for (size_t i = 0; shown && i < count; i = end) {
        for (end = i + 1; end < count && strcmp(values[end].name, values[i].name) == 0; end++)
            ;
        if ((!pattern || regexec(pattern, values[i].name, 0, NULL, 0) == 0) &&
            !show_class(values + i, end - i))
            return false;
    }
    return shown;
}

int pvm_getmboxinfo(char *pattern, int *nclasses, struct pvmmboxinfo **classes)
{
    static const char call[] = "pvm_getmboxinfo";
    bool all = !pattern || !pattern[0] || strcmp(pattern, "*") == 0;
    int rc = pvm3_enter(call);
    struct dvm_value *values;
    regex_t compiled;
    size_t count;

    if (rc != PvmOk)
        return rc;
    if (!all && regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return pvm3_fail(call, PvmBadParam, "\"%s\" is no regular expression", pattern);
    rc = all_values(&values, &count);
    if (rc == DVM_OK) {
        rc = show(values, count, all ? NULL : &compiled) ? DVM_OK : DVM_ERR_NO_MEMORY;
        free(values);
    }
    if (!all)
        regfree(&compiled);
    if (rc != DVM_OK)
        return pvm3_fail_dvm(call, rc);
    if (nclasses)
        *nclasses = (int)shown_count;
    if (classes)
        *classes = shown;
    return PvmOk;
}

int pvm_getnoresets(int **tids, int *count)
{
    static int *list;
    struct pvmmboxinfo *classes;
    int n = 0, rc = pvm_getmboxinfo("^" PVMNORESETCLASS "$", &n, &classes);

    if (rc != PvmOk)
        return rc;
    free(list);
    list = calloc(n && classes[0].mi_nentries ? (size_t)classes[0].mi_nentries : 1, sizeof *list);
    if (!list)
        return pvm3_fail("pvm_getnoresets", PvmNoMem, NULL);
    for (int i = 0; n && i < classes[0].mi_nentries; i++)
        list[i] = classes[0].mi_owners[i];
    if (tids)
        *tids = list;
    if (count)
        *count = n ? classes[0].mi_nentries : 0;
    return PvmOk;
}

/* ---- one int under a name, as before PVM 3.4 ---------------------------------------- */

int pvm_insert(char *name, int index, int value)
{
    static const char call[] = "pvm_insert";
    struct pvm3_buffer *b;
    char first;
    int rc = begin(call, name);

    if (rc != PvmOk)
        return rc;
    if (index < -1)
        return pvm3_fail(call, PvmBadParam, "index %d", index);
    b = pvm3_buffer_make(PvmDataDefault, 0);
    if (!b || pvm3_encode(b, pvm3_type_find(PVM_INT), &value, 1, 1) != PvmOk)
        rc = DVM_ERR_NO_MEMORY;
    else if (index >= 0 && dvm_value_get(name, index, 0, &first, 1, NULL) != DVM_ERR_NO_VALUE)
        rc = DVM_ERR_REFUSED; /* also this task's own is not replaced */
    else
        rc = pvm3_mailbox_put(name, b, index < 0 ? DVM_ANY : index,
                 DVM_VALUE_MANY | DVM_VALUE_OPEN | DVM_VALUE_KEEP);
    pvm3_buffer_free(b);
    if (rc >= 0)
        return rc;
    return rc == DVM_ERR_REFUSED || rc == DVM_ERR_EXISTS
               ? pvm3_fail(call, PvmDupEntry, "\"%s\" has a value at %d", name, index)
               : failed(call, rc);
}

int pvm_lookup(char *name, int index, int *value)
{
    static const char call[] = "pvm_lookup";
    int rc = begin(call, name), found = 0;
    struct pvm3_buffer *b;

    if (rc != PvmOk)
        return rc;
    b = take(call, name, index < 0 ? 0 : index, index < 0 ? DVM_VALUE_FIRST : 0, &rc);
    if (!b)
        return rc;
    rc = pvm3_decode(b, pvm3_type_find(PVM_INT), &found, 1, 1);
    pvm3_buffer_free(b);
    if (rc != PvmOk)
        return pvm3_fail(call, rc, "what is under \"%s\" is no int", name);
    if (value)
        *value = found;
    return index < 0 ? 0 : index;
}

int pvm_delete(char *name, int index)
{
    static const char call[] = "pvm_delete";
    int rc = begin(call, name);

    if (rc == PvmOk && index < 0)
        rc = pvm3_fail(call, PvmBadParam, "index %d; they are 0 or more", index);
    if (rc != PvmOk)
        return rc;
    rc = dvm_value_delete(name, index);
    return rc == DVM_OK ? PvmOk : failed(call, rc);
}
