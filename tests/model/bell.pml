/* bell.pml: the ring and the bell of libdvm/proto/segment.h, step by step, for spin
 * (tests/system/model_bell.sh). A producer puts MESSAGES frames into a ring of CELLS cells
 * and sleeps when there is no room; a consumer takes them and sleeps when there are none,
 * now polling the ring, now not. With MOVES the producer goes on in a lent slot at times, and
 * home again. Each statement is one access to shared memory, in the
 * order of the code (atomic ones are one instruction or one system call there). They are
 * sequentially consistent there, as here. Names are those of the code.
 *
 * Looked for: a frame that is taken before it is written, twice, or out of order; and a
 * side that sleeps for ever. When nothing can go on, both must have come to their ends.
 * With DIES one of the two stops at any step, for ever; its daemon tells the other, which must
 * come to its end, too. With EPOLL the consumer sleeps now on its futex, now in epoll with
 * a datagram for a bell; the daemon then sends none: it rings behind what it wrote
 * into the socket, which epoll sees.
 *
 * FAULT plants a fault, which must be found:
 *   1 the consumer looks at polled rings before it says that it sleeps
 *   2 the producer looks at polled and sleep before it writes the mark
 *   3 the mark is written before the cell
 *   4 the consumer ends polling and does not look once more
 *   5 the producer asks for room after it has looked for the last time
 *   6 the bits are taken before the summary
 *   7 the summary is set before the bit
 *   8 the futex does not compare
 *   9 (MOVES) home is polled still when the pair has moved away
 *  10 (MOVES) the slot is lent again before the consumer has left it
 */
#ifndef FAULT
#define FAULT 0
#endif
#ifndef EPOLL
#define EPOLL 0
#endif
#ifndef DIES
#define DIES 0 /* 1: the producer, 2: the consumer */
#endif
#ifndef MOVES
#define MOVES 0
#endif
#ifndef CELLS
#define CELLS 2 /* 128 in the code */
#define STEP 1  /* taken before the producer is told; a quarter of the cells in the code */
#define MESSAGES 4
#endif

#define AWAKE 0
#define ASLEEP_FUTEX 1
#define ASLEEP_EPOLL 2

/* the rings: home, and with MOVES a slot. mark and cell are written by the producer, the
 * mark last; the slot's words are cleared by it before it is lent */
#define HOME 0
#define SLOT 1
#if MOVES
#define RINGS 2
#define ROOM (CELLS - 1) /* a cell is kept for the move */
#else
#define RINGS 1
#define ROOM CELLS
#endif
#define MOVE 255         /* in a cell: goes on in the other ring */
byte mark[RINGS * CELLS], cell[RINGS * CELLS];
byte cells_out[RINGS];   /* written by the consumer */
bool wants_space[RINGS]; /* written by the producer */
bool polled[RINGS];      /* written by the consumer */

#define AT(ring, n) (ring) * CELLS + (n) % CELLS

/* the inboxes of the consumer (c_) and of the producer (p_), each with two bits: that of
 * the other, and the daemon's */
byte c_sleep, p_sleep;
bool c_summary, c_bit, c_daemon_bit;
bool p_summary, p_bit, p_daemon_bit;

/* the kernel: who waits, and what wakes them */
bool c_waits, c_woken; /* in futex_wait; by futex_wake */
bool p_waits, p_woken;
bool c_datagram;       /* in the bell's queue */
bool c_socket;         /* the daemon has written into the consumer's socket */

bool p_dead, c_dead, p_over, c_over;

/* segment.c, dvm_inbox_ring: the consumer's inbox, by the producer or the daemon */
inline ring_consumer(place, by_daemon, sleep)
{
#if FAULT == 7
    c_summary = true;
    place = true;
#else
    place = true;
    c_summary = true;
#endif
    sleep = c_sleep;
    if
    :: sleep == ASLEEP_FUTEX -> atomic { c_woken = c_waits }
    :: sleep == ASLEEP_EPOLL && !by_daemon -> c_datagram = true
    :: else
    fi;
    sleep = AWAKE
}

/* The same of the producer's inbox: that sleeps on its futex. */
inline ring_producer(place, sleep)
{
    place = true;
    p_summary = true;
    sleep = p_sleep;
    if
    :: sleep != AWAKE -> atomic { p_woken = p_waits }
    :: else
    fi;
    sleep = AWAKE
}

/* ---- the producer -------------------------------------------------------------------- */

#if MOVES
/* ring.c, ring_format and clear: one word after the other */
inline slot_clear()
{
    mark[AT(SLOT, 0)] = 0;
    mark[AT(SLOT, 1)] = 0;
    cell[AT(SLOT, 0)] = 0;
    cell[AT(SLOT, 1)] = 0;
    wants_space[SLOT] = false;
    polled[SLOT] = false;
    cells_out[SLOT] = 0
}

/* ring.c, put_move, into the cell that is kept for it; from here on cells go elsewhere */
inline move(ring)
{
    cell[AT(ring, cells[ring])] = MOVE;
    mark[AT(ring, cells[ring])] = cells[ring] + 1;
    cells[ring]++;
    now = 1 - ring
}
#endif

active proctype producer() provided (!p_dead)
{
    byte put;    /* frames, so far */
    byte cells[RINGS], seen[RINGS]; /* put into each, moves too; cells_out as last read */
    bool now;    /* HOME or SLOT */
    bool returning; /* the slot is not known to be free */
    byte sleep;
    bool wants[RINGS], told, summary, quiet;

    do
    :: put == MESSAGES || told -> break
#if MOVES
    /* lend.c, lend_widen: the slot is free when the consumer has told all of it */
    :: put < MESSAGES && !told && now == HOME && (!returning || FAULT == 10 || cells_out[SLOT] == cells[SLOT]) ->
        returning = false;
        slot_clear();
        cells[SLOT] = 0;
        seen[SLOT] = 0;
        wants[SLOT] = false;
        move(HOME);
        /* no ring: a frame follows at once */
        goto write;
    /* lend.c, go_home */
    :: put < MESSAGES && !told && now == SLOT ->
        returning = true;
        move(SLOT);
        ring_consumer(c_bit, false, sleep)
#endif
    :: !told && put < MESSAGES ->
write:
        /* ring.c, make_room: look, ask, look once more */
        seen[now] = cells_out[now];
        if
        :: cells[now] - seen[now] >= ROOM ->
#if FAULT == 5
            seen[now] = cells_out[now];
#endif
            if
            :: !wants[now] -> wants[now] = true; wants_space[now] = true
            :: else
            fi;
#if FAULT != 5
            seen[now] = cells_out[now]
#endif
        :: else
        fi;
        if
        :: cells[now] - seen[now] < ROOM ->
            if
            :: wants[now] -> wants[now] = false; wants_space[now] = false
            :: else
            fi;
#if FAULT == 2
            quiet = polled[now];
            quiet = quiet && c_sleep == AWAKE;
#endif
            /* ring.c, ring_put: the cell, then its mark [M] */
#if FAULT == 3
            mark[AT(now, cells[now])] = cells[now] + 1;
            cell[AT(now, cells[now])] = put + 1;
#else
            cell[AT(now, cells[now])] = put + 1;
            mark[AT(now, cells[now])] = cells[now] + 1;
#endif
            cells[now]++;
            put++;
            /* shm.c, shm_send */
#if FAULT != 2
            quiet = polled[now];
            if
            :: quiet -> quiet = (c_sleep == AWAKE)
            :: else
            fi;
#endif
            if
            :: !quiet -> ring_consumer(c_bit, false, sleep)
            :: else
            fi;
            quiet = false
        :: else ->
            /* bell.c, bell_sleep */
            p_sleep = ASLEEP_FUTEX;
            summary = p_summary;
            if
            :: !summary ->
                /* futex_wait compares and sleeps in one step */
                atomic { p_waits = !p_summary };
                if
                :: p_waits -> atomic { p_woken -> p_woken = false; p_waits = false }
                :: else
                fi
            :: else
            fi;
            p_sleep = AWAKE;
            /* bell.c, bell_take: writable, or the word of the consumer's death */
            atomic { summary = p_summary; p_summary = false };
            if
            :: summary -> p_bit = false; atomic { told = p_daemon_bit; p_daemon_bit = false }
            :: else
            fi;
            summary = false
        fi;
        seen[now] = 0
    od;
    p_over = true
}

/* ---- the consumer -------------------------------------------------------------------- */

#define THERE (mark[AT(at, next[at])] == next[at] + 1)

/* ring.c, tell: and the producer is rung when it waits for room */
inline tell()
{
    said[at] = next[at];
    cells_out[at] = next[at];
    if
    :: wants_space[at] -> ring_producer(p_bit, sleep)
    :: else
    fi
}

#if MOVES
/* ring.c, follow: the last touch of the ring that is left is what is told */
inline follow()
{
    next[at]++;
    if
    :: at == HOME ->
#if FAULT != 9
        polled[HOME] = false;
#endif
        said[HOME] = next[HOME];
        cells_out[HOME] = next[HOME];
        at = SLOT;
        next[SLOT] = 0;
        said[SLOT] = 0
    :: else ->
        said[SLOT] = next[SLOT];
        cells_out[SLOT] = next[SLOT];
        at = HOME;
        ring_producer(p_bit, sleep)
    fi;
    if
    :: polls -> polled[at] = true
    :: else
    fi
}
#endif

/* ring.c, ring_peek and ring_take as long as there is something */
inline take_all()
{
    do
    :: THERE ->
#if MOVES
        if
        :: cell[AT(at, next[at])] == MOVE -> follow()
        :: else ->
#endif
        assert(cell[AT(at, next[at])] == taken + 1);
        taken++;
        next[at]++;
        if
        :: next[at] - said[at] >= STEP -> tell()
        :: else
        fi
#if MOVES
        fi
#endif
    :: else -> break
    od
}

active proctype consumer() provided (!c_dead)
{
    byte taken;       /* frames */
    byte next[RINGS], said[RINGS]; /* cells, moves too; as the producer knows */
    bool at;          /* HOME or SLOT */
    byte sleep;
    bool polls, told, summary, rang;

    do
    :: taken == MESSAGES -> break
    :: told -> take_all(); break
    :: else ->
        /* bell.c, bell_take: the summary, then the bits */
#if FAULT == 6
        atomic { rang = c_bit; c_bit = false };
        atomic { told = c_daemon_bit; c_daemon_bit = false };
        c_summary = false;
#else
        atomic { summary = c_summary; c_summary = false };
        if
        :: summary ->
            atomic { rang = c_bit; c_bit = false };
            atomic { told = c_daemon_bit; c_daemon_bit = false }
        :: else
        fi;
#endif
        /* shm.c, shm_rung and shm_poll; a datagram alone tells nothing */
        if
        :: rang || polls -> take_all()
        :: else
        fi;
        rang = false;
        summary = false;
        /* shm.c, poll_more: poll from now on; or poll_less, and look once more */
        if
        :: !polls -> polls = true; polled[at] = true
        :: polls ->
            polls = false;
            polled[at] = false;
#if FAULT != 4
            take_all()
#endif
        :: true
        fi;
        if
        :: taken < MESSAGES && !told ->
            /* bell.c, bell_sleep: say so, then look at the summary and at polled rings */
#if FAULT == 1
            rang = polls && THERE;
#endif
            if
            :: c_sleep = ASLEEP_FUTEX
#if EPOLL
            :: c_sleep = ASLEEP_EPOLL
#endif
            fi;
            summary = c_summary;
#if FAULT != 1
            rang = !summary && polls && THERE;
#endif
            if
            :: summary || rang
            :: else ->
                if
                :: c_sleep == ASLEEP_EPOLL ->
                    /* epoll_wait; the bell and the socket are emptied behind it */
                    if
                    :: atomic { c_datagram -> c_datagram = false }
                    :: atomic { c_socket -> c_socket = false; told = true }
                    fi
                :: else ->
#if FAULT == 8
                    c_waits = true;
#else
                    atomic { c_waits = !c_summary };
#endif
                    if
                    :: c_waits -> atomic { c_woken -> c_woken = false; c_waits = false }
                    :: else
                    fi
                fi
            fi;
            rang = false;
            summary = false;
            c_sleep = AWAKE
        :: else
        fi
    od;
    c_over = true
}

/* ---- the daemon, and the end ----------------------------------------------------------- */

#if DIES
/* One side dies at any moment; the other is told: a packet, then a ring. */
active proctype daemon()
{
    byte sleep;

#if DIES == 1
    p_dead = true;
    c_socket = true;
    ring_consumer(c_daemon_bit, true, sleep)
#else
    c_dead = true;
    ring_producer(p_daemon_bit, sleep)
#endif
}
#endif

/* Nothing can go on. */
active proctype judge()
{
    timeout;
    assert(p_over || p_dead);
    assert(c_over || c_dead)
}
