/* ask.h: asking the machine for what it keeps under a name. */
#ifndef DVM_UNITE_ASK_H
#define DVM_UNITE_ASK_H

#include <stdint.h>

#include "dvm.h"
#include "proto/control.pb-c.h"
#include "proto/names.h"
#include "vm/vm.h"

/* Who asks what. */
struct named_ask {
    const char *call;          /* the public function */
    enum dvm_board_call board; /* its number */
    uintptr_t site;
    enum dvm_name_what what;
    const char *name;
    int tid, number;
    unsigned flags;   /* of a value */
    const void *data; /* to be put */
    size_t bytes, room;
};

/* Ask and wait for the answer: *answer, unless NULL, receives it (free with
 * dvm__pb__name_answer__free_unpacked). Errors: ARG (no name), and what the keeper of names
 * says. */
int named_ask(const struct named_ask *ask, Dvm__Pb__NameAnswer **answer);

#endif
