/* commons.pml: memory in common of libdvm/proto/commons.h and match/commons.c, step by step,
 * for spin (tests/system/model_bell.sh). MEMBERS members go through TURNS operations over
 * ROWS rows of cells. In each, either all put, and any of them may need all (a barrier) or nothing
 * (it gives to a reduction), or only the first puts, and the others need that (a broadcast): so
 * some run ahead until there is no room; or who is second at a pair of the tree waits for the first
 * before it goes on up and puts, and any may need all (a reduction by pairs, with BY_PAIRS; 2: only those). With
 * PLAIN there are reductions to the first (2: and no barriers; 3: barriers, and none of these), and in all these each member may go the general
 * way, or be through at once (commons_give, commons_look, commons_pass; of a barrier commons_offer, commons_answer,
 * commons_met, or it has put, and goes on by the general way), of which it tells each TELL-th turn. Each
 * statement is one access to shared memory, in the order of the code, where all are
 * sequentially consistent. Names are those of the code; a ring is the bell of bell.pml, whose own
 * protocol is proved there: it is not lost, and a sleep behind it is none.
 *
 * Looked for: a cell that is read and is not of the turn that is looked for, also by the look
 * at the last turn (find_odd); and a member that sleeps for ever. When nothing can go on, all
 * must have come to their ends.
 *
 * FAULT plants a fault, which must be found:
 *   1 the sleeper looks at the mark before it says that it sleeps
 *   2 who puts, or has done, looks at asleep before it writes that
 *   3 the sleeper says that it sleeps before what it wants
 *   4 the mark is written before the cell
 *   5 what is waited for changes while it falls asleep, and it does not say so anew
 *   6 there is room a turn too early (a cell is used again under the look at the last turn)
 *   7 nobody is rung when an operation is done
 *   8 the sleeper does not tell a done that it wants from a cell
 *   9 who comes to a pair looks who was there, and then says that it is: both may be the first
 *  10 a pair has one word, not one for each half of the wide memory: who is a turn ahead is in the way
 *  11 who has put writes into its next cell, to have the line, with no room for that turn yet
 *  12 who waits for room wants to hear of a turn that a member need not tell of
 *  13 who is through a barrier at once tells nobody
 */
#ifndef FAULT
#define FAULT 0
#endif
#ifndef BY_PAIRS
#define BY_PAIRS 0
#endif
#ifndef MEMBERS
#define MEMBERS 2
#endif
#ifndef ROWS
#define ROWS 2
#endif
#ifndef TURNS
#define TURNS 4
#endif

#ifndef PLAIN
#define PLAIN 0
#endif
#define TELL 2

#define DONE 16 /* DVM_COMMONS_WANTS_DONE */
#define AT(turn, rank) ((turn) % ROWS) * MEMBERS + (rank)

#if FAULT == 6
#define SPARE 0
#else
#define SPARE 1
#endif
#define HALVES 2
#if FAULT == 10
#define PAIR(right) (right)
#else
#define PAIR(right) ((turn) % HALVES * MEMBERS + (right))
#endif

byte mark[ROWS * MEMBERS], call[ROWS * MEMBERS]; /* by the cell's member, the mark last */
byte done[MEMBERS];    /* by the member */
byte wants[MEMBERS];
byte entered[MEMBERS]; /* the turn that it is in */
byte asleep;           /* bits of one word, changed by atomic or and and */
bool bell[MEMBERS];    /* the inbox's summary */
bool over[MEMBERS];
/* of the pair whose right side begins there, for each half of the wide memory, turn and rank of
 * who came last: one word, exchanged */
byte came_turn[HALVES * MEMBERS], came_rank[HALVES * MEMBERS];
byte tops;             /* members that were second up to the top of the tree, in all turns */
byte kind[TURNS + 1];

#define PUT 0       /* all put */
#define BROADCAST 1
#define PAIRS 2
#define REDUCE 3    /* to the first, with PLAIN */

/* who gives and needs nothing, and who needs that of all who give */
#define GIVES (kind[turn] == BROADCAST && me == 0 || kind[turn] == REDUCE && me != 0)
#define TAKES (kind[turn] == BROADCAST && me != 0 || kind[turn] == REDUCE && me == 0)

#define HAS_PUT 0
#define HAS_DONE 1
#define IS_THROUGH 2

/* match/commons.c, wake and wanted_by */
inline wake(event)
{
    sleepers = asleep;
    other = 0;
    do
    :: other == MEMBERS -> break
    :: other < MEMBERS ->
        if
        :: other != me && (sleepers >> other & 1) ->
            if
            :: wants[other] == DONE + 1 + me && event != IS_THROUGH -> bell[other] = true
            :: wants[other] == 1 + me ->
                if
                :: event == HAS_PUT || (mark[AT(turn, me)] != turn && entered[other] <= turn) ->
                    bell[other] = true
                :: else
                fi
            :: else
            fi
        :: else
        fi;
        other++
    od;
    sleepers = 0
}

/* is_there: in needed, of done; 0: the cell of this turn */
#define THERE(rank) ((rank) == me || (needed != 0 -> done[rank] >= needed : mark[AT(turn, rank)] == turn))

/* ready: go on to the first that is missing */
inline ready()
{
    do
    :: first < end ->
        if
        :: THERE(first) -> first++
        :: else -> break
        fi
    :: else -> break
    od
}

/* find_odd: of the turn before, which this member has done */
inline look_back()
{
    other = 0;
    do
    :: other == MEMBERS -> break
    :: other < MEMBERS ->
        if
        :: turn > 1 && mark[AT(turn - 1, other)] == turn - 1 ->
            assert(call[AT(turn - 1, other)] == turn - 1)
        :: else
        fi;
        other++
    od
}

/* commons_of: what all have put */
inline look_at_all()
{
    other = 0;
    do
    :: other == MEMBERS -> break
    :: other < MEMBERS -> assert(call[AT(turn, other)] == turn); other++
    od
}

#if FAULT == 8
#define WANTED (1 + first)
#else
#define WANTED ((needed != 0 -> DONE : 0) + 1 + first)
#endif

/* wait_for and sleep_looking. Spinning is to look again, any number of times: not modelled. */
inline wait_for(from)
{
    first = from;
    ready();
    do
    :: first == end -> break
    :: else ->
        look_back();
        bell[me] = false; /* progress takes the rings; what they tell is looked at next */
        ready();
        if
        :: first == end -> break
        :: else
        fi;
#if FAULT == 1
        ready();
        said = first;
        wants[me] = WANTED;
        asleep = asleep | (1 << me);
#elif FAULT == 3
        said = first;
        asleep = asleep | (1 << me);
        ready();
        wants[me] = WANTED;
        said = first;
#else
        do
        :: said = first;
           wants[me] = WANTED;
           asleep = asleep | (1 << me);
           ready();
           if
           :: first == said || first == end || FAULT == 5 -> break
           :: else
           fi
        od;
#endif
        if
        :: first == end
        :: else -> bell[me] -> bell[me] = false
        fi;
        asleep = asleep & ~(1 << me);
        ready()
    od;
    first = 0;
    said = 0
}

/* take_own, one turn ahead. What is known of what all have done may be old; here it is not, so that
 * the write comes as early as it may. */
inline take_own()
{
    d_step {
        other = 0;
        do
        :: other < MEMBERS && done[other] + ROWS >= turn + 1 + SPARE -> other++
        :: else -> break
        od
    }
    if
    :: other == MEMBERS || FAULT == 11 -> call[AT(turn + 1, me)] = 0
    :: true
    fi
}

/* coll/pairs.c, go_up, with commons_first */
inline go_up()
{
    bit_ = 1;
    begin = me;
    do
    :: bit_ >= MEMBERS -> tops++; break
    :: bit_ < MEMBERS ->
        right = begin & ~bit_;
        right = right + bit_;
        if
        :: right >= MEMBERS
        :: right < MEMBERS ->
#if FAULT == 9
            end = came_turn[PAIR(right)]; other = came_rank[PAIR(right)];
            d_step { came_turn[PAIR(right)] = turn; came_rank[PAIR(right)] = me }
#else
            d_step {
                end = came_turn[PAIR(right)]; other = came_rank[PAIR(right)];
                came_turn[PAIR(right)] = turn; came_rank[PAIR(right)] = me
            }
#endif
            if
            :: end != turn -> break
            :: else -> 
                who = other;
                end = who + 1;
                wait_for(who);
                assert(call[AT(turn, who)] == turn);
                begin = begin & ~bit_
            fi
        fi;
        bit_ = bit_ * 2
    od;
    bit_ = 0;
    begin = 0;
    right = 0;
    who = 0
}

/* tell_done */
inline tell()
{
    done[me] = turn;
    wake(HAS_DONE)
}

/* commons_look at all that give: whether they are there */
inline look_now()
{
    other = 0;
    do
    :: other < MEMBERS && (other == me || kind[turn] == BROADCAST && other != 0 ||
                           mark[AT(turn, other)] == turn) ->
        if
        :: other != me && (kind[turn] != BROADCAST || other == 0) ->
            assert(call[AT(turn, other)] == turn)
        :: else
        fi;
        other++
    :: else -> break
    od;
    end = other;
    other = 0
}

#define HAS_ROOM (seen + ROWS >= turn + SPARE)
#if FAULT == 12
#define ROOM_TURN (turn - ROWS / 2)
#elif PLAIN
#define ROOM_TURN ((turn - ROWS / 2) / TELL * TELL)
#else
#define ROOM_TURN (turn + SPARE - ROWS)
#endif

/* commons_give; or commons_look and commons_pass, if all is there: then the turn is over */
inline at_once()
{
    end = 0;
    if
    :: GIVES && HAS_ROOM ->
        entered[me] = turn;
        call[AT(turn, me)] = turn;
        mark[AT(turn, me)] = turn;
        wake(HAS_PUT);
#if ROWS > 2
        take_own();
#endif
        if
        :: turn % TELL == 0 -> tell()
        :: else
        fi;
        end = MEMBERS
    :: TAKES ->
        look_now();
        if
        :: end == MEMBERS ->
            entered[me] = turn;
            if
            :: turn % TELL == 0 -> tell()
            :: else -> wake(IS_THROUGH)
            fi
        :: else
        fi
    :: kind[turn] == PUT && HAS_ROOM -> /* commons_offer */
        entered[me] = turn;
        call[AT(turn, me)] = turn;
        mark[AT(turn, me)] = turn;
        wake(HAS_PUT);
#if ROWS > 2
        take_own();
#endif
        offered = true;
        if
        :: look_now();
           if
           :: end == MEMBERS ->
                seen = (seen < turn - 1 -> turn - 1 : seen);
                if
                :: turn % TELL == 0 && FAULT != 13 -> tell()
                :: else
                fi
           :: else
           fi
        :: true
        fi
    :: true
    fi
}

proctype member(byte me)
{
    byte turn = 1, first, said, other, needed, seen, sleepers, end, bit_, begin, right, who;
    bool offered;

    do
    :: turn > TURNS -> break
    :: else ->
#if PLAIN
        at_once();
        if
        :: end == MEMBERS -> goto next
        :: else -> end = 0
        fi;
        if
        :: offered -> goto wait
        :: else
        fi;
#endif
        entered[me] = turn;
        /* commons_put: room */
        if
        :: (kind[turn] != BROADCAST || me == 0) && !HAS_ROOM ->
            end = MEMBERS;
            needed = ROOM_TURN;
            wait_for(0);
            seen = needed;
            needed = 0
        :: else
        fi;
        if
        :: kind[turn] == PAIRS ->
            if
            :: turn > HALVES && seen < turn - HALVES -> /* commons_room */
                end = MEMBERS;
                needed = turn - HALVES;
                wait_for(0);
                needed = 0
            :: else
            fi;
            go_up()
        :: else
        fi;
        if
        :: kind[turn] != BROADCAST || me == 0 ->
#if FAULT == 2
            wake(HAS_PUT);
#endif
#if FAULT == 4
            mark[AT(turn, me)] = turn;
            call[AT(turn, me)] = turn;
#else
            call[AT(turn, me)] = turn;
            mark[AT(turn, me)] = turn;
#endif
#if FAULT != 2
            wake(HAS_PUT);
#endif
#if ROWS > 2 || FAULT == 11
            take_own()
#endif
        :: else
        fi;
#if PLAIN
wait:
#endif
        if
        :: kind[turn] != BROADCAST && !(kind[turn] == REDUCE && me != 0) ->
            end = MEMBERS;
            wait_for(0);
            look_at_all();
            seen = (seen < turn - 1 -> turn - 1 : seen) /* who has put has done all before */
        :: kind[turn] == BROADCAST && me != 0 ->
            end = 1;
            wait_for(0);
            assert(call[AT(turn, 0)] == turn)
        :: (kind[turn] != BROADCAST || me == 0) && !(kind[turn] == REDUCE && me == 0)
        fi;
        /* commons_end */
#if FAULT == 2
        wake(HAS_DONE);
#endif
        done[me] = turn;
#if FAULT != 7 && FAULT != 2
        wake(HAS_DONE);
#endif
#if PLAIN
next:
        offered = false;
#endif
        other = 0;
        end = 0;
        turn++
    od;
    over[me] = true
}

init
{
    byte i, due;

    atomic {
        i = 1;
        do
#if BY_PAIRS != 2
        :: i <= TURNS -> kind[i] = BROADCAST; i++
#endif
#if BY_PAIRS != 2 && PLAIN != 2
        :: i <= TURNS -> i++
#endif
#if PLAIN == 1 || PLAIN == 2
        :: i <= TURNS -> kind[i] = REDUCE; i++
#endif
#if BY_PAIRS
        :: i <= TURNS -> kind[i] = PAIRS; due++; i++
#endif
        :: else -> break
        od;
        i = 0;
        do
        :: i < MEMBERS -> run member(i); i++
        :: else -> break
        od
    }
    timeout;
    i = 0;
    do
    :: i < MEMBERS -> assert(over[i]); i++
    :: else -> break
    od;
    /* one combined all, in each of those turns */
    assert(tops == due)
}
