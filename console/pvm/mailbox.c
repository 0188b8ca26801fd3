/* mailbox.c: the mailbox of PVM's programs, as the console shows it: the machine's values.
 *
 * What put stores is a message as bindings/pvm3/mailbox.c has them, without contents.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm_binding.h"
#include "console/pvm/pvm.h"
#include "proto/names.h"

#define MESSAGE_BYTES 24 /* the tag and the sender, 4 each, and a message's header */
#define SENDER_AT 4
#define HEADER_AT 8
#define VERSION 1        /* of the header */
#define PACKED_AT 15

/* Ask for names; NULL after a sentence. To be freed. */
static Dvm__Pb__NameAnswer *ask(const struct pvm *p, const Dvm__Pb__NameCall *m)
{
    Dvm__Pb__NameAnswer *answer = NULL;
    const uint8_t *payload;
    struct dvm_frame f;
    int r = client_call(p->asker, DVM_TID_DAEMON(client_info(p->asker)->slot), DVM_CTL_NAMES,
                        &m->base, DVM_CTL_NAMES_REPLY, &f, &payload, ASK_SECONDS);

    if (!r)
        answer = dvm__pb__name_answer__unpack(NULL, f.length, payload);
    if (!r && !answer)
        r = dvm_fail(DVM_ERR_PROTOCOL, "the daemon's list of names cannot be read");
    if (answer && answer->code)
        r = dvm_fail(answer->code, "%s", answer->text);
    if (!r)
        return answer;
    console_failed(p->c, r);
    if (answer)
        dvm__pb__name_answer__free_unpacked(answer, NULL);
    return NULL;
}

static Dvm__Pb__NameAnswer *values(const struct pvm *p)
{
    Dvm__Pb__NameCall m = DVM__PB__NAME_CALL__INIT;

    m.what = DVM_NAME_VALUES;
    return ask(p, &m);
}

bool pvm_is_named(const struct pvm *p, const char *name)
{
    Dvm__Pb__NameAnswer *a = values(p);
    bool there = false;

    for (size_t i = 0; a && i < a->n_values; i++)
        there = there || strcmp(a->values[i]->name, name) == 0;
    if (a)
        dvm__pb__name_answer__free_unpacked(a, NULL);
    return there;
}

void pvm_names(struct pvm *p, int argc, char **argv)
{
    Dvm__Pb__NameAnswer *a = values(p);
    const char *last = NULL;

    for (size_t i = 0; a && i < a->n_values; i++) {
        const Dvm__Pb__NameValue *v = a->values[i];

        if (argc > 1 && fnmatch(argv[1], v->name, 0) != 0)
            continue;
        if (last && strcmp(last, v->name) != 0)
            putchar('\n');
        if (!last || strcmp(last, v->name) != 0)
            printf("<%s>:\n", v->name);
        printf("\tindex=%d owner=0x%x/%d flags=0x%x\n", v->index, (unsigned)v->owner, v->owner,
               v->flags & ~DVM_BINDING_VALUE_CLOSED);
        last = v->name;
    }
    if (last)
        putchar('\n');
    if (a)
        dvm__pb__name_answer__free_unpacked(a, NULL);
}

static void write_sender(unsigned char *at, int tid)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)((unsigned)tid >> (24 - 8 * i));
}

void pvm_put(struct pvm *p, int argc, char **argv)
{
    unsigned char message[MESSAGE_BYTES] = {0};
    Dvm__Pb__NameCall m = DVM__PB__NAME_CALL__INIT;
    Dvm__Pb__NameAnswer *a;

    write_sender(message + SENDER_AT, client_info(p->client)->tid);
    memcpy(message + HEADER_AT, "PVM3", 4);
    message[HEADER_AT + 4] = VERSION;
    message[PACKED_AT] = 1;
    m.what = DVM_NAME_PUT;
    m.name = argv[1];
    m.flags = (argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : DVM_VALUE_KEEP) |
              DVM_BINDING_VALUE_CLOSED;
    m.number = m.flags & DVM_VALUE_MANY ? DVM_ANY : 0;
    m.data.data = message;
    m.data.len = sizeof message;
    a = ask(p, &m);
    if (a)
        dvm__pb__name_answer__free_unpacked(a, NULL);
}

static void delete(const struct pvm *p, const Dvm__Pb__NameValue *v)
{
    Dvm__Pb__NameCall m = DVM__PB__NAME_CALL__INIT;
    Dvm__Pb__NameAnswer *a;

    m.what = DVM_NAME_DELETE;
    m.name = v->name;
    m.number = v->index;
    m.flags = DVM_BINDING_VALUE_CLOSED; /* whatever its task has said */
    a = ask(p, &m);
    if (a)
        dvm__pb__name_answer__free_unpacked(a, NULL);
}

void pvm_leftovers(const struct pvm *p)
{
    Dvm__Pb__NameAnswer *a = values(p);

    for (size_t i = 0; a && i < a->n_values; i++)
        if (a->values[i]->owner == 0)
            delete(p, a->values[i]);
    if (a)
        dvm__pb__name_answer__free_unpacked(a, NULL);
}
