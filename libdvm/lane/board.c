/* board.c: what this task waits for; see board.h.
 *
 * Several threads may wait at the same time: their places are linked, the one that came
 * last is on the board, and threads says that there are more. What a wait is for may
 * change while it lasts (credit first, then the match), so it is described anew before
 * each sleep.
 */
#include "lane/board.h"

#include <stddef.h>

#include "base/clock.h"

static struct dvm_board *page;      /* NULL before there is an inbox, and behind its end */
static struct board_place *places;  /* the last that came, first */
static uint64_t waits;

void board_use(struct dvm_inbox *inbox)
{
    page = inbox ? &inbox->board : NULL;
    places = NULL;
    waits = 0;
}

/* The first of the places, as there are so many. */
static void write_first(void)
{
    struct dvm_wait wait = {.call = DVM_BOARD_NOTHING};

    if (places)
        wait = places->wait;
    for (const struct board_place *p = places; p; p = p->next)
        wait.threads++;
    wait.waits = waits;
    dvm_board_write(page, &wait);
}

static struct dvm_wait describe(const struct board_place *place)
{
    const struct board_subject *subject = place->subject;
    struct dvm_wait wait = {.call = (uint8_t)subject->call, .site = subject->site};

    if (subject->describe)
        subject->describe(place->arg, &wait);
    return wait;
}

void board_show(struct board_place *place, bool timed)
{
    struct dvm_wait wait;

    if (!place->subject || !page)
        return;
    wait = describe(place);
    wait.timed = timed;
    wait.since = place->shown ? place->wait.since : clock_ns();
    place->wait = wait;
    if (!place->shown) {
        place->shown = true;
        place->next = places;
        places = place;
        waits++;
    }
    if (places == place)
        write_first();
}

void board_hide(struct board_place *place)
{
    struct board_place **at = &places;

    if (!place->shown)
        return;
    place->shown = false;
    while (*at && *at != place)
        at = &(*at)->next;
    if (*at)
        *at = place->next;
    if (page)
        write_first();
}
