/* bell.pml: the ring and the bell of libdvm/proto/segment.h, step by step, for spin
 * (tests/system/model_bell.sh). A producer puts MESSAGES frames into a ring of CELLS cells
 * and sleeps when there is no room; a consumer takes them and sleeps when there are none,
 * now polling the ring, now not. Each statement is one access to shared memory, in the
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
#ifndef CELLS
#define CELLS 2 /* 128 in the code */
#define STEP 1  /* taken before the producer is told; a quarter of the cells in the code */
#define MESSAGES 4
#endif

#define AWAKE 0
#define ASLEEP_FUTEX 1
#define ASLEEP_EPOLL 2

/* the ring: mark and cell are written by the producer, the mark last */
byte mark[CELLS], cell[CELLS];
byte cells_out;        /* written by the consumer */
bool wants_space;      /* written by the producer */
bool polled;           /* written by the consumer */

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

active proctype producer() provided (!p_dead)
{
    byte cells;  /* put in so far */
    byte out;    /* cells_out as last read */
    byte sleep;
    bool wants, told, summary, quiet;

    do
    :: cells == MESSAGES || told -> break
    :: else ->
        /* ring.c, has_room: look, ask, look once more */
        out = cells_out;
        if
        :: cells - out == CELLS ->
#if FAULT == 5
            out = cells_out;
#endif
            if
            :: !wants -> wants = true; wants_space = true
            :: else
            fi;
#if FAULT != 5
            out = cells_out
#endif
        :: else
        fi;
        if
        :: cells - out < CELLS ->
            if
            :: wants -> wants = false; wants_space = false
            :: else
            fi;
#if FAULT == 2
            quiet = polled;
            quiet = quiet && c_sleep == AWAKE;
#endif
            /* ring.c, ring_put: the cell, then its mark [M] */
#if FAULT == 3
            mark[cells % CELLS] = cells + 1;
            cell[cells % CELLS] = cells + 1;
#else
            cell[cells % CELLS] = cells + 1;
            mark[cells % CELLS] = cells + 1;
#endif
            cells++;
            /* shm.c, shm_send */
#if FAULT != 2
            quiet = polled;
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
        out = 0
    od;
    p_over = true
}

/* ---- the consumer -------------------------------------------------------------------- */

#define THERE (mark[taken % CELLS] == taken + 1)

/* ring.c, ring_peek and ring_take as long as there is something; the producer is told */
inline take_all()
{
    do
    :: THERE ->
        assert(cell[taken % CELLS] == taken + 1);
        taken++;
        if
        :: taken - said == STEP ->
            said = taken;
            cells_out = taken;
            if
            :: wants_space -> ring_producer(p_bit, sleep)
            :: else
            fi
        :: else
        fi
    :: else -> break
    od
}

active proctype consumer() provided (!c_dead)
{
    byte taken, said; /* frames; as the producer knows */
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
        :: !polls -> polls = true; polled = true
        :: polls ->
            polls = false;
            polled = false;
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
