/* history.c FOLDER MESSAGES SEED BREAKS: the tasks of a world send each other MESSAGES
 * messages in all, of random size and mode to random ranks, receive them by whatever call
 * there is, and write down both into FOLDER (history.h). Each task breaks its own TCP
 * connections, if it has some, about BREAKS times, as a network might that resets them.
 */
#include <dvm.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "history.h"

enum {
    SENDS = 24,         /* under way at most */
    POSTED = 6,         /* receives under way at most */
    TAG_END = HISTORY_TAGS,
    SMALL = 300, MIDDLE = 20000, LARGE = 400000, /* bytes of a message, below */
    PHASE = 300,        /* turns between changes of how messages are received */
    FD_MAX = 256
};

enum { SEND, ISEND, ISSEND, BSEND, RECV, IRECV, MRECV };

static int me, n;
static uint64_t seed;
static FILE *sent_file, *got_file;
static uint32_t orders[HISTORY_TASKS_MAX][HISTORY_TAGS];
static struct dvm_request *sends[SENDS], *posts[POSTED];
static unsigned char *send_buffers[SENDS], *post_buffers[POSTED];
static long post_places[POSTED]; /* of their records in the file */
static long got_count, left, ends, broken;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static void check(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "rank %d: %s: %s\n", me, what, dvm_last_error());
    dvm_abort(DVM_WORLD, 3);
}

static uint32_t sum_of(const unsigned char *bytes, size_t size)
{
    uint64_t sum = size, word;

    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 29;
    }
    while (size--)
        sum = (sum ^ *bytes++) * 0x100000001b3u;
    return (uint32_t)(sum ^ sum >> 32);
}

static size_t draw_size(void)
{
    uint32_t kind = draw(100);

    return draw(kind < 85 ? SMALL : kind < 99 ? MIDDLE : LARGE);
}

/* The bytes of a message differ from those of all others that are long enough. */
static void fill(unsigned char *bytes, size_t size, uint32_t row, uint32_t order)
{
    uint64_t x = (uint64_t)row << 32 | order;
    size_t i;

    for (i = 0; i < size; i += sizeof x) {
        size_t part = size - i < sizeof x ? size - i : sizeof x;

        memcpy(bytes + i, &x, part);
        x = x * 6364136223846793005u + 1442695040888963407u;
    }
}

/* As a network that forgets a connection: with RST, or an end in the middle. */
static void break_connections(void)
{
    for (int fd = 3; fd < FD_MAX; fd++) {
        struct sockaddr_storage to;
        struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
        socklen_t size = sizeof to;
        int type = 0;
        socklen_t type_size = sizeof type;

        if (getpeername(fd, (struct sockaddr *)&to, &size) ||
            (to.ss_family != AF_INET && to.ss_family != AF_INET6) ||
            getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) || type != SOCK_STREAM)
            continue;
        if (draw(2))
            connect(fd, &nowhere, sizeof nowhere);
        else
            shutdown(fd, SHUT_RDWR);
        broken++;
    }
}

/* ---- sending --------------------------------------------------------------------- */

static int free_send(void)
{
    for (int i = 0; i < SENDS; i++) {
        int done;

        if (!sends[i])
            return i;
        check(dvm_test(&sends[i], &done, NULL) == 0, "a send failed");
        if (done)
            return i;
    }
    return -1;
}

static void send_one(int at)
{
    static const int hows[] = {ISEND, ISEND, ISEND, ISSEND, BSEND, BSEND};
    int dest = (int)draw((uint32_t)n), tag = (int)draw(HISTORY_TAGS), how = hows[draw(6)], rc;
    struct history_record r = {.peer = (uint8_t)dest, .tag = (uint8_t)tag, .used = 1,
                               .how = (uint8_t)how, .order = orders[dest][tag]++};
    unsigned char *bytes = send_buffers[at];

    r.bytes = (uint32_t)draw_size();
    fill(bytes, r.bytes, (uint32_t)((me * HISTORY_TASKS_MAX + dest) * HISTORY_TAGS + tag), r.order);
    r.sum = sum_of(bytes, r.bytes);
    check(fwrite(&r, sizeof r, 1, sent_file) == 1, "cannot write");
    if (how == BSEND)
        rc = dvm_bsend(DVM_WORLD, dest, tag, bytes, r.bytes, DVM_BYTE);
    else if (how == ISSEND)
        rc = dvm_issend(DVM_WORLD, dest, tag, bytes, r.bytes, DVM_BYTE, &sends[at]);
    else
        rc = dvm_isend(DVM_WORLD, dest, tag, bytes, r.bytes, DVM_BYTE, &sends[at]);
    check(rc == 0, "cannot send");
}

/* Behind everything else, to everybody. */
static void send_ends(void)
{
    for (int i = 0; i < n; i++)
        check(dvm_bsend(DVM_WORLD, i, TAG_END, &me, 1, DVM_INT) == 0, "cannot say the end");
}

/* ---- receiving --------------------------------------------------------------------- */

/* The record of a message, at its place. */
static void write_got(long place, const struct dvm_status *s, const unsigned char *bytes, int how)
{
    struct history_record r = {.bytes = (uint32_t)s->bytes, .peer = (uint8_t)s->source,
                               .tag = (uint8_t)s->tag, .used = !s->cancelled, .how = (uint8_t)how};

    if (!s->cancelled && s->tag == TAG_END)
        ends++;
    r.used = r.used && s->tag != TAG_END;
    if (r.used)
        r.sum = sum_of(bytes, s->bytes);
    check(fseek(got_file, place * (long)sizeof r, SEEK_SET) == 0 &&
          fwrite(&r, sizeof r, 1, got_file) == 1, "cannot write");
}

static void post(int at)
{
    /* one takes from whoever comes: the others' ranks may have sent all they will */
    int source = at == 0 || draw(3) ? DVM_ANY : (int)draw((uint32_t)n);

    check(dvm_irecv(DVM_WORLD, source, DVM_ANY, post_buffers[at], LARGE, DVM_BYTE, &posts[at]) == 0,
          "cannot post");
    post_places[at] = got_count++;
}

static void finish_post(int at, const struct dvm_status *status)
{
    write_got(post_places[at], status, post_buffers[at], IRECV);
}

/* Take in what posted receives have got, and post new ones. */
static void turn_posted(void)
{
    for (int i = 0; i < POSTED; i++) {
        struct dvm_status status;
        int done = 0;

        if (posts[i]) {
            check(dvm_test(&posts[i], &done, &status) == 0, "a receive failed");
            if (done)
                finish_post(i, &status);
        }
        if (!posts[i])
            post(i);
    }
}

static void cancel_posted(void)
{
    for (int i = 0; i < POSTED; i++) {
        struct dvm_status status;

        if (!posts[i])
            continue;
        check(dvm_cancel(posts[i]) == 0, "cannot cancel");
        check(dvm_wait(&posts[i], &status) == 0, "a cancelled receive failed");
        finish_post(i, &status);
    }
}

/* Look for something, and receive what is there. */
static int turn_probing(void)
{
    int source = draw(3) ? DVM_ANY : (int)draw((uint32_t)n), how = draw(2) ? MRECV : RECV, found;
    int tag = draw(3) ? DVM_ANY : (int)draw(HISTORY_TAGS);
    struct dvm_message *message;
    struct dvm_status status;
    unsigned char *bytes = post_buffers[0];

    if (how == MRECV) {
        check(dvm_improbe(DVM_WORLD, source, tag, &found, &message, &status) == 0, "improbe");
        if (found)
            check(dvm_mrecv(&message, bytes, LARGE, DVM_BYTE, &status) == 0, "mrecv");
    } else {
        check(dvm_iprobe(DVM_WORLD, source, tag, &found, &status) == 0, "iprobe");
        if (found)
            check(dvm_recv(DVM_WORLD, status.source, status.tag, bytes, LARGE, DVM_BYTE,
                           &status) == 0, "recv");
    }
    if (found)
        write_got(got_count++, &status, bytes, how);
    return found;
}

static int sends_left(void)
{
    int count = 0;

    for (int i = 0; i < SENDS; i++)
        count += sends[i] != NULL;
    return count;
}

/* ---- all of it --------------------------------------------------------------------- */

/* Nothing can be done now: wait for a send or a receive. */
static void idle(void)
{
    struct dvm_request *all[SENDS + POSTED];
    struct dvm_status status;
    size_t at;

    turn_posted();
    if (ends == n && !sends_left())
        return;
    memcpy(all, sends, sizeof sends);
    memcpy(all + SENDS, posts, sizeof posts);
    check(dvm_waitany(SENDS + POSTED, all, &at, &status) == 0, "waitany");
    if (at < SENDS) {
        sends[at] = NULL;
    } else {
        posts[at - SENDS] = NULL;
        finish_post((int)at - SENDS, &status);
    }
}

static void play(long breaks)
{
    long count = left, turn = 0;
    int probing = 0, ended = 0;

    while (ends < n || sends_left()) {
        int at = left ? free_send() : -1;

        if (turn++ % PHASE == 0) {
            probing = (int)draw(2);
            cancel_posted();
        }
        if (breaks && left && draw((uint32_t)(count / breaks) + 1) == 0)
            break_connections();
        if (at >= 0) {
            send_one(at);
            left--;
        } else if (!left && !ended) {
            send_ends();
            ended = 1;
        }
        if (!probing)
            turn_posted();
        /* receives about as much as it sends */
        if ((!probing || !turn_probing()) && at < 0) {
            idle();
            if (probing)
                cancel_posted();
        }
    }
    cancel_posted();
}

static FILE *open_log(const char *folder, const char *what)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.%d", folder, what, me);
    file = fopen(path, "wb");
    check(file != NULL, path);
    return file;
}

int main(int argc, char **argv)
{
    dvm_init(&argc, &argv);
    dvm_errors(DVM_SILENT);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    check(argc == 5 && n <= HISTORY_TASKS_MAX, "history FOLDER MESSAGES SEED BREAKS");
    left = atol(argv[2]) / n;
    seed = strtoull(argv[3], NULL, 10) * 1000003 + (unsigned)me;
    sent_file = open_log(argv[1], "sent");
    got_file = open_log(argv[1], "got");
    for (int i = 0; i < SENDS; i++)
        check((send_buffers[i] = malloc(LARGE)) != NULL, "memory");
    for (int i = 0; i < POSTED; i++)
        check((post_buffers[i] = malloc(LARGE)) != NULL, "memory");
    play(atol(argv[4]));
    /* a receive from a rank that has ended fails */
    check(dvm_barrier(DVM_WORLD) == 0, "barrier");
    check(fclose(sent_file) == 0 && fclose(got_file) == 0, "cannot write");
    printf("rank %d broke %ld connections\n", me, broken);
    for (int i = 0; i < SENDS; i++)
        free(send_buffers[i]);
    for (int i = 0; i < POSTED; i++)
        free(post_buffers[i]);
    dvm_finalize();
    return 0;
}
