/* both.pml: a message that both of its tasks copy, as libdvm/lane/both.c has it, step by step,
 * for spin (tests/system/model_bell.sh). A receiver takes MESSAGES messages of PAGES pages one
 * after the other; a sender that sees one offered writes from its back. Pieces are of any size. Each
 * statement is one access to shared memory, in the order of the code, and sequentially
 * consistent as there; a write into the receiver's memory takes two. The sender may also look
 * away at any time, and a write may fail, with some of its bytes written.
 *
 * Looked for: a write after the receive is over, when the memory is the user's again; a page
 * that neither has copied; and a receiver that sleeps for ever. With DIES the sender stops at any
 * step; its daemon tells. With UNREADABLE the receiver's reads may fail. With FORGETS the
 * receive may be given up while the sender is at it.
 *
 * FAULT plants a fault, which must be found:
 *   1 the sender does not look at front once it has claimed
 *   2 the receiver looks at back before it claims
 *   3 the sender says done before it writes
 *   4 the receiver asks to be rung after its last look
 *   5 the sender looks whether to ring before it says that it is over
 *   6 numbers of offers are not compared by the sender
 *   7 who has read all up to what the sender has claimed does not wait
 *   8 a write that failed counts as done
 *   9 a receive whose reads failed, or that is given up, does not wait
 *  10 what is over is believed to be written
 */
#ifndef FAULT
#define FAULT 0
#endif
#ifndef DIES
#define DIES 0
#endif
#ifndef UNREADABLE
#define UNREADABLE 0
#endif
#ifndef FORGETS
#define FORGETS 0
#endif
#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef PAGES
#define PAGES 3
#endif

#define WORD(number, low) ((number) * 16 + (low))
#define NUMBER(word) ((word) / 16)
#define FLAG 8 /* DVM_BOTH_RING, DVM_BOTH_OVER */
#define PAGE(word) ((word) % 8)

byte front, to;  /* written by the receiver; to names the buffer by its message */
byte back, done; /* written by the sender */
bool bell;       /* rung by the sender */
bool dead;       /* said by the daemon, when the sender is */
bool ended;      /* the receiver has come to its end */

bool copied[(MESSAGES + 1) * PAGES];
bool users[MESSAGES + 1]; /* the buffer is the user's again */

inline copy(buffer, first, end)
{
    d_step {
        i = first;
        do
        :: i < end -> copied[buffer * PAGES + i] = true; i++
        :: else -> break
        od;
        i = 0
    }
}

inline read_claimed(b)
{
    w = back;
    b = (NUMBER(w) == n && PAGE(w) < PAGES -> PAGE(w) : PAGES)
}

/* What both_look does; over: it is. */
inline look()
{
    w = back;
    behind = PAGES;
    if
    :: NUMBER(w) != n -> over = true
#if FAULT == 7
    :: NUMBER(w) == n && !failed && f >= PAGE(w) -> behind = f; over = true
    :: NUMBER(w) == n && (failed || f < PAGE(w)) ->
#else
    :: else ->
#endif
#if FAULT == 9
        if
        :: failed -> over = true; goto looked
        :: else
        fi;
#endif
        w = done;
        if
        :: NUMBER(w) == n ->
            behind = PAGE(w);
            over = (w / FLAG) % 2 || (!failed && behind <= f)
        :: else -> over = false
        fi
    fi;
looked:
    w = 0
}

active proctype receiver()
{
    byte n = 1, f, b, e, w, told, behind, i;
    bool failed, over, asked;

next:
    f = 0; failed = false; asked = false; over = false;
    to = n;
    told = 0;
    front = WORD(n, 0);
    read_claimed(b);
    do
    :: f < b && !failed ->
        e = f + 1;
        do
        :: e < b -> e++
        :: break
        od;
#if FAULT == 2
        read_claimed(b);
        told = e;
        front = WORD(n, e);
#else
        told = e;
        front = WORD(n, e);
        read_claimed(b);
#endif
        if
        :: e > b -> e = b
        :: else
        fi;
        if
        :: f < e -> copy(n, f, e); f = e
#if UNREADABLE
        :: f < e -> failed = true
#endif
        :: f >= e
        fi
    :: else -> break
    od;
    if
    :: failed -> told = PAGES; front = WORD(n, PAGES)
    :: else
    fi;
    do
    :: look();
        if
        :: over -> break
        :: !over && !asked ->
            asked = true;
#if FAULT == 4
            look();
            if
            :: over -> break
            :: else
            fi;
            front = WORD(n, told + FLAG);
            (bell || dead);
            goto woken
#else
            front = WORD(n, told + FLAG)
#endif
#if FORGETS
        :: !over && asked && !failed ->
            failed = true;
            told = PAGES;
            front = WORD(n, told + FLAG)
#endif
        :: !over && asked ->
            (bell || dead);
woken:      if
            :: bell -> bell = false
            :: !bell && dead -> look(); if :: over -> break :: else -> goto gone fi
            fi
        fi
    od;
    if
    :: !failed && f < behind ->
#if FAULT != 10
        copy(n, f, behind)
#endif
        f = behind
    :: else
    fi;
    assert(failed || (copied[n * PAGES] && copied[n * PAGES + 1] && copied[n * PAGES + PAGES - 1]));
gone:
    users[n] = true;
    if
    :: n < MESSAGES && !dead -> n++; goto next
    :: else
    fi;
    ended = true
}

inline read_front(r)
{
    w = front;
#if FAULT == 6
    r = (PAGE(w) < PAGES -> PAGE(w) : PAGES)
#else
    r = (NUMBER(w) == seen && PAGE(w) < PAGES -> PAGE(w) : PAGES)
#endif
}

#if DIES
#define LIVES provided (!dead)
#else
#define LIVES
#endif

active proctype sender() LIVES
{
    byte seen, buffer, w, r, b, c, i;
    bool came;

end_wait:
    do
    :: NUMBER(front) != seen -> /* a stale look is no other than an earlier one */
        w = front;
        seen = NUMBER(w);
        buffer = to;
        b = PAGES; came = false;
        do
        :: read_front(r);
            if
            :: r >= b -> break
            :: else
            fi;
            c = r;
            do
            :: c < b - 1 -> c++
            :: break
            od;
#if FAULT == 3
            done = WORD(seen, c);
#endif
            back = WORD(seen, c);
            came = true;
#if FAULT != 1
            read_front(r);
            if
            :: r > c -> break
            :: else
            fi;
#endif
            assert(!users[buffer]);
            if
            :: copy(buffer, c, c + 1); break /* it fails, and a piece was longer */
            :: assert(!users[buffer]);
                copy(buffer, c, b);
                b = c;
                done = WORD(seen, b)
            fi
        od;
        if
        :: came ->
#if FAULT == 5
            w = front;
            done = WORD(seen, b + FLAG);
#elif FAULT == 8
            done = WORD(seen, c + FLAG);
            w = front;
#else
            done = WORD(seen, b + FLAG);
            w = front;
#endif
            if
            :: NUMBER(w) == seen && (w / FLAG) % 2 -> bell = true
            :: else
            fi
        :: else
        fi
    od
}

#if DIES
active proctype daemon()
{
    dead = true
}
#endif

/* Nothing can go on. */
active proctype judge()
{
    timeout;
    assert(ended)
}
