/* op_user.c: operators that the user has made of functions.
 *
 * A handle is a place in a table and the count of its uses, so that a handle that was freed
 * is not taken for the next one of its place. Whoever goes on after that keeps the
 * function itself (schedule.h).
 *
 * An algorithm has the elements of a derived type without gaps (derived_operand); the function
 * knows them as the program has them, so each run of some is unpacked, shown and packed.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "type/derived.h"
#include "type/op.h"

/* handle: OP_FIRST + place, above it the place's uses */
#define OP_FIRST 0x1000 /* far from the built-in ones */
#define OP_PLACES 4096
#define OP_USE_SHIFT 13
#define OP_USES 0x3ffff
#define OP_ROOM_START 8

struct place {
    struct op_function function; /* none: free */
    int commutative;
    int uses; /* so many operators were here before */
};

static struct place *places; /* room, count: how many; owned */
static int room, count;

static int handle_of(int place)
{
    return (places[place].uses & OP_USES) << OP_USE_SHIFT | (OP_FIRST + place);
}

static struct place *find(dvm_op op)
{
    int place = (op & ((1 << OP_USE_SHIFT) - 1)) - OP_FIRST;

    if (op < OP_FIRST || place < 0 || place >= count || !places[place].function.call)
        return NULL;
    return handle_of(place) == op ? &places[place] : NULL;
}

struct op_function op_user(dvm_op op)
{
    const struct place *p = op < OP_FIRST ? NULL : find(op);

    return p ? p->function : (struct op_function){.call = NULL};
}

int op_user_commutative(dvm_op op)
{
    const struct place *p = find(op);

    assert(p);
    return p->commutative;
}

static int grow(void)
{
    int more = room ? room * 2 : OP_ROOM_START;
    struct place *bigger;

    if (room == OP_PLACES)
        return dvm_fail(DVM_ERR_LIMIT, "dvm_op_create: %d operators exist, and no more can; free "
                                       "those that are over with dvm_op_free", OP_PLACES);
    bigger = realloc(places, (size_t)more * sizeof *places);
    if (!bigger)
        return dvm_fail(DVM_ERR_NO_MEMORY, "dvm_op_create: no memory is left for an operator");
    places = bigger;
    room = more;
    return DVM_OK;
}

int op_user_add(const struct op_function *function, int commutative, dvm_op *op)
{
    int place = 0, rc = DVM_OK;

    while (place < count && places[place].function.call)
        place++;
    if (place == room)
        rc = grow();
    if (rc != DVM_OK)
        return rc;
    if (place == count)
        places[count++] = (struct place){.uses = 0};
    places[place].function = *function;
    places[place].commutative = commutative;
    *op = handle_of(place);
    return DVM_OK;
}

void op_user_remove(dvm_op op)
{
    struct place *p = find(op);

    assert(p);
    p->function.call = NULL;
    p->uses++;
}

void op_user_apply(const struct op_function *function, dvm_type type, void *left,
                   const void *right, size_t count)
{
    const struct derived *d = type_basic(type) ? NULL : derived_known(type);
    const struct derived_show *show = d ? d->show : NULL;
    size_t run;

    for (; show && count > 0; count -= run) {
        run = count < show->room ? count : show->room;
        derived_copy(show->left, show->type, left, type, run);
        derived_copy(show->right, show->type, right, type, run);
        function->call(show->left, show->right, run, show->type, function->user);
        derived_copy(left, type, show->left, show->type, run);
        left = (char *)left + run * d->size;
        right = (const char *)right + run * d->size;
    }
    if (!show && count > 0)
        function->call(left, right, count, type, function->user);
}

void op_user_stop(void)
{
    free(places);
    places = NULL;
    room = count = 0;
}
