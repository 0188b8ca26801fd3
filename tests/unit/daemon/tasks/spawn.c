/* spawn: what the daemon of whoever spawns makes of its hosts' answers, in whatever order they
 * come and whichever host is lost at which step: the answer comes once and tells each task's
 * fate, and with strict nothing is left running or reserved unless all of it runs. In the place
 * of the daemon is what writes down whom it is to ask and to tell.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define daemon_ask test_ask
#define daemon_tell test_tell
#define daemon_answer test_answer
#define daemon_fail test_fail
#define cluster_host test_host
#define cluster_hosts test_hosts
#define cluster_self test_self
#define tasks_find test_find
#define tasks_running test_running
#define tasks_world_id test_world_id
#include "daemon/tasks/spawn.c"

#define HOSTS 3
#define CORES 2
#define ASKER 0x40001
#define SINK 0x80001
#define WORLD 77
#define TOLD_MAX 16
#define TIDS_MAX 16

/* A request to a host that is not answered yet, or a message to it. */
struct told {
    int slot, type;
    int32_t tids[TIDS_MAX]; /* of LAUNCH, RELEASE, ABORT, GUESTS */
    size_t count;           /* of tids; of RESERVE what is asked for */
    size_t world;           /* of LAUNCH: tids of its world */
    daemon_answer_f *done;
    void *arg;
};

static struct daemon test_daemon;
static struct settings test_settings;
static struct cluster_host test_list[HOSTS];
static struct task test_asker;
static struct told asked[TOLD_MAX], told[TOLD_MAX];
static size_t asked_count, told_count;
static Dvm__Pb__SpawnReply *reply_sent;
static int answers, fail_code;
static uint64_t sums[HOSTS]; /* of the program on each host */
static bool compared;
static bool at_once; /* each host answers before daemon_ask returns */

static void answer_well(struct told *request);

/* ---- in the daemon's place ---------------------------------------------------- */

static void keep_tids(struct told *t, const int32_t *tids, size_t count)
{
    cr_assert_leq(count, TIDS_MAX);
    memcpy(t->tids, tids, count * sizeof *tids);
    t->count = count;
}

void test_ask(struct daemon *d, int slot, int type, const ProtobufCMessage *message,
              daemon_answer_f *done, void *arg)
{
    struct told *t = &asked[asked_count++];
    const Dvm__Pb__Launch *launch = (const Dvm__Pb__Launch *)message;

    cr_assert_lt(asked_count, TOLD_MAX);
    *t = (struct told){.slot = slot, .type = type, .done = done, .arg = arg};
    if (type == DVM_CTL_RESERVE) {
        t->count = ((const Dvm__Pb__Reserve *)message)->what->count;
        compared = ((const Dvm__Pb__Reserve *)message)->compare;
    } else {
        keep_tids(t, launch->tids, launch->n_tids);
        t->world = launch->n_world_tids;
    }
    if (at_once)
        answer_well(t);
}

void test_tell(struct daemon *d, enum cluster_class class, int dst, int type,
               const ProtobufCMessage *message)
{
    struct told *t = &told[told_count++];

    cr_assert_lt(told_count, TOLD_MAX);
    *t = (struct told){.slot = DVM_TID_SLOT(dst), .type = type};
    if (type == DVM_CTL_RELEASE)
        keep_tids(t, ((const Dvm__Pb__Release *)message)->tids,
                  ((const Dvm__Pb__Release *)message)->n_tids);
    else if (type == DVM_CTL_ABORT)
        keep_tids(t, ((const Dvm__Pb__Abort *)message)->tids,
                  ((const Dvm__Pb__Abort *)message)->n_tids);
    else
        keep_tids(t, ((const Dvm__Pb__Guests *)message)->tids,
                  ((const Dvm__Pb__Guests *)message)->n_tids);
}

void test_answer(struct daemon *d, enum cluster_class class, const struct dvm_frame *request,
                 int type, const ProtobufCMessage *message)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);

    cr_assert_eq(type, DVM_CTL_SPAWN_REPLY);
    reply_sent = dvm__pb__spawn_reply__unpack(NULL, protobuf_c_message_pack(message, bytes), bytes);
    free(bytes);
    answers++;
}

void test_fail(struct daemon *d, const struct dvm_frame *request, int code, const char *format, ...)
{
    fail_code = code;
    answers++;
}

const struct cluster_host *test_hosts(const struct cluster *c, size_t *count)
{
    *count = HOSTS;
    return test_list;
}

const struct cluster_host *test_host(const struct cluster *c, int slot)
{
    return slot >= 1 && slot <= HOSTS ? &test_list[slot - 1] : NULL;
}

int test_self(const struct cluster *c) { return 1; }
int test_running(const struct tasks *t) { return 0; }
uint64_t test_world_id(struct tasks *t) { return WORLD; }

struct task *test_find(const struct tasks *t, int tid)
{
    return tid == ASKER ? &test_asker : NULL;
}

/* ---- a story's steps ---------------------------------------------------------- */

static void set_up(void)
{
    settings_init(&test_settings);
    test_daemon.settings = &test_settings;
    for (int i = 0; i < HOSTS; i++) {
        test_list[i] = (struct cluster_host){.slot = i + 1, .state = DVM_HOST_UP, .cores = CORES,
                                             .computer = (uint64_t)i + 1};
        snprintf(test_list[i].name, sizeof test_list[i].name, "node%d", i + 1);
    }
    test_asker = (struct task){.tid = ASKER, .role = ROLE_TASK};
}

static void tear_down(void)
{
    dvm__pb__spawn_reply__free_unpacked(reply_sent, NULL);
}

TestSuite(spawn, .init = set_up, .fini = tear_down);

static void spawn(unsigned count, bool strict, bool sink)
{
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    struct dvm_frame frame = {.src = ASKER, .ref = 9};
    uint8_t bytes[256];

    m.program = (char *)(uintptr_t)"prog";
    m.count = count;
    m.strict = strict;
    m.sink = sink;
    frame.length = (uint32_t)dvm__pb__spawn__pack(&m, bytes);
    handle_spawn(&test_daemon, &frame, bytes);
}

/* The request to a slot that waits for its answer; it does so no more. */
static struct told take(int slot, int type)
{
    for (size_t i = 0; i < asked_count; i++)
        if (asked[i].slot == slot && asked[i].type == type && asked[i].done) {
            struct told t = asked[i];

            asked[i].done = NULL;
            return t;
        }
    cr_assert(false, "nothing of type %d is asked of slot %d", type, slot);
    abort();
}

static void answer(struct told *t, int type, const ProtobufCMessage *m)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(m) + 1);

    t->done(&test_daemon, t->arg, type, bytes, protobuf_c_message_pack(m, bytes));
    free(bytes);
}

static void give_tids(struct told *t, size_t count)
{
    Dvm__Pb__Reserved m = DVM__PB__RESERVED__INIT;
    int32_t tids[TIDS_MAX];

    for (size_t i = 0; i < count; i++)
        tids[i] = DVM_TID_DAEMON(t->slot) + 10 + (int)i;
    m.tids = tids;
    m.n_tids = count;
    m.path = (char *)(uintptr_t)"/bin/prog";
    m.sum = sums[t->slot - 1];
    answer(t, DVM_CTL_RESERVED, &m.base);
}

static void reserve(int slot)
{
    struct told t = take(slot, DVM_CTL_RESERVE);

    give_tids(&t, t.count);
}

/* The first failed of its tasks are not started. */
static void launch_some(struct told *t, size_t failed)
{
    Dvm__Pb__Launched m = DVM__PB__LAUNCHED__INIT;
    char *error = (char *)(uintptr_t)"no process can be made";

    for (size_t i = 0; i < failed; i++)
        t->tids[i] = DVM_ERR_SPAWN;
    m.tids = t->tids;
    m.n_tids = t->count;
    m.errors = &error;
    m.n_errors = failed > 0;
    answer(t, DVM_CTL_LAUNCHED, &m.base);
}

static void launch(int slot, size_t failed)
{
    struct told t = take(slot, DVM_CTL_LAUNCH);

    launch_some(&t, failed);
}

static void refuse(int slot, int type, int code, const char *text)
{
    struct told t = take(slot, type);
    Dvm__Pb__Fail m = DVM__PB__FAIL__INIT;

    m.code = code;
    m.text = (char *)(uintptr_t)text;
    answer(&t, DVM_CTL_FAIL, &m.base);
}

/* What daemon_ask says of a host that is lost while it is asked. */
static void lose(int slot, int type)
{
    refuse(slot, type, DVM_ERR_HOST_GONE, "host is lost");
}

static void answer_well(struct told *request)
{
    struct told t = *request;

    request->done = NULL;
    if (t.type == DVM_CTL_RESERVE)
        give_tids(&t, t.count);
    else
        launch_some(&t, 0);
}

/* The one answer has these fates: tasks of each host, a count of tids or an error. */
static void expect_fates(const int fates[HOSTS], size_t share)
{
    cr_assert_eq(answers, 1);
    cr_assert_not_null(reply_sent);
    cr_assert_eq(reply_sent->n_tids, HOSTS * share);
    for (size_t i = 0; i < reply_sent->n_tids; i++) {
        int fate = fates[i / share], tid = reply_sent->tids[i];

        if (fate < 0)
            cr_assert_eq(tid, fate, "rank %zu: %d", i, tid);
        else
            cr_assert_eq(tid, DVM_TID_DAEMON((int)(i / share) + 1) + 10 + (int)(i % share),
                         "rank %zu: 0x%x", i, (unsigned)tid);
    }
}

/* Exactly these hosts were told, each once, of so many tasks. */
static void expect_told(int type, unsigned slots, size_t count)
{
    unsigned seen = 0;

    for (size_t i = 0; i < told_count; i++) {
        cr_assert_eq(told[i].type, type);
        cr_assert_eq(told[i].count, count, "slot %d: %zu tids", told[i].slot, told[i].count);
        cr_assert_not(seen & 1u << told[i].slot, "slot %d was told twice", told[i].slot);
        seen |= 1u << told[i].slot;
    }
    cr_assert_eq(seen, slots, "told were %#x", seen);
}

#define SLOT(n) (1u << (n))

/* ---- stories ------------------------------------------------------------------ */

Test(spawn, all_hosts_know_the_whole_world_whichever_answers_first)
{
    spawn(6, true, true);
    reserve(3);
    reserve(1);
    cr_assert_eq(asked_count, HOSTS, "nothing is launched before all have reserved");
    reserve(2);
    for (int slot = 1; slot <= HOSTS; slot++)
        cr_assert_eq(asked[HOSTS + slot - 1].world, 6);
    launch(2, 0);
    launch(3, 0);
    cr_assert_eq(answers, 0);
    launch(1, 0);
    expect_fates((const int[]){1, 1, 1}, 2);
    cr_assert_eq(reply_sent->n_errors, 0);
    cr_assert_eq(reply_sent->world, WORLD);
    cr_assert_eq(told_count, 0);
}

Test(spawn, a_host_with_another_program_is_told_and_all_start)
{
    sums[0] = sums[2] = 7;
    sums[1] = 8;
    at_once = true;
    spawn(6, true, true);
    expect_fates((const int[]){1, 1, 1}, 2);
    cr_assert(compared);
    cr_assert_str_eq(reply_sent->unlike,
                     "prog is not the same on all hosts: node2 has another one than node1");
}

Test(spawn, one_host_has_nothing_to_compare)
{
    at_once = true;
    spawn(1, true, true);
    cr_assert_not(compared);
    cr_assert_str_eq(reply_sent->unlike, "");
}

Test(spawn, answers_that_come_at_once)
{
    at_once = true;
    spawn(6, true, true);
    expect_fates((const int[]){1, 1, 1}, 2);
}

Test(spawn, a_host_that_lacks_the_program_is_named_and_nothing_starts)
{
    spawn(6, true, true);
    reserve(1);
    refuse(2, DVM_CTL_RESERVE, DVM_ERR_NO_PROGRAM, "host node2 has no prog");
    reserve(3);
    cr_assert_eq(asked_count, HOSTS, "nothing is launched");
    expect_fates((const int[]){DVM_ERR_SPAWN, DVM_ERR_NO_PROGRAM, DVM_ERR_SPAWN}, 2);
    cr_assert_eq(reply_sent->n_missing, 1);
    cr_assert_str_eq(reply_sent->missing[0], "node2");
    cr_assert_str_eq(reply_sent->errors[0], "host node2 has no prog");
    expect_told(DVM_CTL_RELEASE, SLOT(1) | SLOT(3), 2);
}

Test(spawn, without_strict_the_others_start)
{
    spawn(6, false, true);
    reserve(1);
    refuse(2, DVM_CTL_RESERVE, DVM_ERR_NO_PROGRAM, "host node2 has no prog");
    reserve(3);
    cr_assert_eq(asked_count, HOSTS + 2);
    cr_assert_eq(asked[HOSTS].world, 4, "who did not reserve is not in the world");
    launch(1, 0);
    launch(3, 0);
    expect_fates((const int[]){1, DVM_ERR_NO_PROGRAM, 1}, 2);
    cr_assert_eq(told_count, 0);
}

Test(spawn, a_host_lost_between_reserve_and_launch)
{
    spawn(6, false, true);
    for (int slot = 1; slot <= HOSTS; slot++)
        reserve(slot);
    lose(2, DVM_CTL_LAUNCH);
    launch(1, 0);
    launch(3, 0);
    expect_fates((const int[]){1, DVM_ERR_HOST_GONE, 1}, 2);
    cr_assert_eq(reply_sent->n_errors, 1);
    cr_assert_eq(told_count, 0, "the others go on");
}

Test(spawn, strict_takes_back_what_runs_when_a_host_is_lost)
{
    spawn(6, true, true);
    for (int slot = 1; slot <= HOSTS; slot++)
        reserve(slot);
    launch(3, 0);
    lose(2, DVM_CTL_LAUNCH);
    cr_assert_eq(told_count, 0, "not before each has answered: its tasks might start later");
    launch(1, 0);
    expect_fates((const int[]){DVM_ERR_SPAWN, DVM_ERR_HOST_GONE, DVM_ERR_SPAWN}, 2);
    expect_told(DVM_CTL_ABORT, SLOT(1) | SLOT(3), 2);
}

Test(spawn, strict_takes_back_the_rest_of_a_host_that_started_some)
{
    spawn(6, true, true);
    for (int slot = 1; slot <= HOSTS; slot++)
        reserve(slot);
    launch(1, 0);
    launch(2, 1);
    launch(3, 0);
    cr_assert_eq(answers, 1);
    for (size_t i = 0; i < reply_sent->n_tids; i++)
        cr_assert_eq(reply_sent->tids[i], DVM_ERR_SPAWN);
    cr_assert_str_eq(reply_sent->errors[0], "no process can be made");
    expect_told(DVM_CTL_ABORT, SLOT(1) | SLOT(2) | SLOT(3), 2);
}

Test(spawn, hosts_without_a_task_are_neither_asked_nor_told)
{
    spawn(1, true, true);
    cr_assert_eq(asked_count, 1);
    reserve(asked[0].slot);
    cr_assert_eq(asked_count, 2);
    launch(asked[0].slot, 1);
    cr_assert_eq(answers, 1);
    expect_told(DVM_CTL_ABORT, SLOT(asked[0].slot), 1);
}

Test(spawn, all_hosts_lost_at_reserve)
{
    spawn(6, false, true);
    for (int slot = HOSTS; slot >= 1; slot--)
        lose(slot, DVM_CTL_RESERVE);
    expect_fates((const int[]){DVM_ERR_HOST_GONE, DVM_ERR_HOST_GONE, DVM_ERR_HOST_GONE}, 2);
    cr_assert_eq(reply_sent->n_errors, HOSTS);
    cr_assert_eq(asked_count, HOSTS);
    cr_assert_eq(told_count, 0);
}

Test(spawn, an_answer_with_other_counts_is_an_error_in_words)
{
    struct told t;

    spawn(6, false, true);
    reserve(1);
    t = take(2, DVM_CTL_RESERVE);
    give_tids(&t, t.count + 1);
    reserve(3);
    launch(1, 0);
    t = take(3, DVM_CTL_LAUNCH);
    t.count--;
    launch_some(&t, 0);
    expect_fates((const int[]){1, DVM_ERR_SPAWN, DVM_ERR_SPAWN}, 2);
    cr_assert_eq(reply_sent->n_errors, 2);
    for (size_t i = 0; i < reply_sent->n_errors; i++)
        cr_assert_str_eq(reply_sent->errors[i], "a host did not understand the spawn");
}

/* The console that shows a task's output hears of those that the task has spawned, and of
 * none that did not start. */
Test(spawn, the_sink_hears_of_what_a_task_has_spawned)
{
    test_asker.sink = SINK;
    spawn(6, false, false);
    for (int slot = 1; slot <= HOSTS; slot++)
        reserve(slot);
    launch(1, 0);
    lose(2, DVM_CTL_LAUNCH);
    launch(3, 0);
    expect_fates((const int[]){1, DVM_ERR_HOST_GONE, 1}, 2);
    expect_told(DVM_CTL_GUESTS, SLOT(DVM_TID_SLOT(SINK)), 4);
}

Test(spawn, a_machine_that_stops_starts_nothing)
{
    test_daemon.ending = true;
    spawn(6, true, true);
    cr_assert_eq(answers, 1);
    cr_assert_eq(fail_code, DVM_ERR_CLOSING);
    cr_assert_eq(asked_count, 0);
}
