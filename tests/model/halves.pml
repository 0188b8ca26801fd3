/* halves.pml: two calls of allreduce_halves (libdvm/coll/halves.c), step by step, for spin
 * (tests/system/model_bell.sh), and then one of another kind. Two members, TURNS pieces a call. Each leaves an operand for the
 * other, puts, waits for the other's put, combines (writes its result) and takes the
 * other's result of the piece before. Areas are used again two turns later; writing one and reading
 * one take two steps each, and what is read must be of the piece that is meant.
 *
 * FAULT plants a fault, which must be found:
 *   1 a result is written before the other has put
 *   2 the last turn of a call takes no parts, so the next call does not wait for it
 *   3 a result is taken before the other has put again
 */
#ifndef FAULT
#define FAULT 0
#endif
#ifndef TURNS
#define TURNS 2
#endif
#define CALLS 2
#define BAD 255

byte mark[2], done[2];      /* turns, counted from 1: each written by its member */
byte operand[4], result[4]; /* 2 * member + half of the memory: number of the piece's turn */

inline write(area, value)
{
    area = BAD;
    area = value
}

inline read(area, value)
{
    assert(area == value);
    assert(area == value)
}

proctype member(byte me)
{
    byte turn = 1, call = 0, k, last = 0, half, before;

    do
    :: call == CALLS -> break
    :: call < CALLS ->
        k = 0;
        before = 0;
        do
        :: k > TURNS -> break
        :: k <= TURNS ->
            half = k % 2;
            if
            :: k == 0 -> done[1 - me] >= last /* what has used these parts: the last call */
            :: k > 0
            fi;
            if
            :: k < TURNS -> write(operand[2 * me + half], turn)
            :: else
            fi;
#if FAULT == 1
            if
            :: k < TURNS -> write(result[2 * me + half], turn)
            :: else
            fi;
#endif
#if FAULT == 3
            if
            :: before > 0 -> read(result[2 * (1 - me) + 1 - half], before)
            :: else
            fi;
#endif
            mark[me] = turn;
            mark[1 - me] >= turn;
            if
            :: k < TURNS ->
                read(operand[2 * (1 - me) + half], turn);
#if FAULT != 1
                write(result[2 * me + half], turn)
#endif
            :: else
            fi;
            if
            :: before > 0 -> read(result[2 * (1 - me) + 1 - half], before)
            :: else
            fi;
            before = turn;
            done[me] = turn;
#if FAULT == 2
            if
            :: k < TURNS -> last = turn - 1
            :: else
            fi;
#else
            last = turn;
#endif
            turn++;
            k++
        od;
        call++
    od;
    /* a call of another kind, which writes anywhere once there is room */
    done[1 - me] >= last;
    write(operand[2 * me], turn);
    write(operand[2 * me + 1], turn);
    write(result[2 * me], turn);
    write(result[2 * me + 1], turn)
}

init
{
    atomic {
        run member(0);
        run member(1)
    }
}
