/* started: the host's side of a spawn, RESERVE and LAUNCH: what is reserved is given out once and
 * forgotten when it is released, a LAUNCH is answered once, when each of its tasks runs or
 * will not, and what will not run ends for its world, too. In the place of keeper, records and
 * cores is what writes down what becomes of them.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define bind_give test_bind_give
#define bind_take test_bind_take
#define cluster_host test_host
#define cluster_self test_self
#define daemon_answer test_answer
#define daemon_fail test_fail
#define environment_free test_environment_free
#define environment_make test_environment_make
#define environment_with_token test_environment
#define exit_enrolled test_enrolled
#define exit_unstarted test_unstarted
#define foreign_watch test_foreign
#define keeper_cgroup test_cgroup
#define keeper_start test_start
#define program_locate test_locate
#define push_adapt test_adapt
#define stdio_open test_stdio
#define tasker_give test_tasker
#define tasks_event test_event
#define tasks_find test_find
#define tasks_forget test_forget
#define tasks_new test_new
#define tasks_tell_load test_tell_load
#define tasks_token_make test_token
#define tasks_world test_tasks_world
#include "daemon/tasks/launch.c"
#include "daemon/tasks/reserve.c"

#define SLOT 2
#define CORES 4
#define ASKER 0x40001 /* the daemon of slot 1 asks for it */
#define FIRST_TID (DVM_TID_DAEMON(SLOT) + 1)
#define OTHER_TID 0x40009 /* of the same world, on another host */
#define RECORDS 8
#define WORLD 77

static struct daemon test_daemon;
static struct tasks test_tasks;
static struct settings test_settings;
static struct options test_options;
static struct cluster_host test_cluster = {.slot = SLOT, .cores = CORES};
static struct world test_world;
static struct task records[RECORDS];
static int record_count, record_limit;

/* What became of the tasks, and of the requests. */
static int ordered, start_code, adapt_code, enrolled, cores_out;
static bool with_cores;
static int answers, code;
static int unstarted_tids[RECORDS], unstarted_count;
static char said[DVM_SENTENCE_MAX];
static Dvm__Pb__Reserved *reserved_sent;
static Dvm__Pb__Launched *launched_sent;

/* ---- in the place of others ----------------------------------------------------- */

void test_bind_give(const cpu_set_t *cpus) { cores_out--; }
const struct cluster_host *test_host(const struct cluster *c, int slot) { return &test_cluster; }
int test_self(const struct cluster *c) { return SLOT; }
void test_environment_free(struct environment *e) { }
int test_foreign(struct tasks *t, int tid) { return DVM_OK; }
const struct cgroup *test_cgroup(const struct keeper *k) { return NULL; }
void test_tell_load(struct tasks *t, enum cluster_class class, int slot) { }
int test_token(struct tasks *t, struct task *task) { return DVM_OK; }
void test_enrolled(struct tasks *t, struct task *task) { enrolled++; }

void test_event(struct tasks *t, const struct task *task, enum dvm_event kind, const char *text)
{
}

bool test_bind_take(int count, cpu_set_t *cpus)
{
    memset(cpus, 0, (size_t)count * sizeof *cpus);
    cores_out += with_cores ? count : 0;
    return with_cores;
}

struct environment *test_environment_make(const struct daemon *d, const Dvm__Pb__Spawn *what,
                                          int threads)
{
    return (struct environment *)&test_options; /* of no use to anybody here */
}

const char *const *test_environment(struct environment *e, const uint8_t *token, size_t size)
{
    static const char *const none[] = {NULL};

    return none;
}

int test_locate(const char *program, const char *directory, const char *look_first,
                const char *path, const char *host, char *out, size_t size)
{
    snprintf(out, size, "/bin/%s", program);
    return DVM_OK;
}

int test_adapt(const struct daemon *d, const char *path, Dvm__Pb__Spawn *what)
{
    return adapt_code ? dvm_fail(adapt_code, "no memory for its environment") : DVM_OK;
}

int test_start(struct keeper *k, const struct keeper_task *task)
{
    ordered += !start_code;
    return start_code ? dvm_fail(start_code, "its arguments are too long") : DVM_OK;
}

int test_stdio(struct tasks *t, struct task *task, const struct stdio_wish *wish, int ends[3])
{
    ends[0] = ends[1] = ends[2] = -1;
    return DVM_OK;
}

bool test_tasker(struct tasks *t, struct task *task, const Dvm__Pb__Launch *m,
                 const char *const *argv, const char *const *env)
{
    return false;
}

struct task *test_find(const struct tasks *t, int tid)
{
    for (int i = 0; i < record_count; i++)
        if (records[i].tid == tid)
            return &records[i];
    return NULL;
}

int test_new(struct tasks *t, enum role role, const char *program, struct task **out)
{
    if (record_count == record_limit) {
        dvm_fail(DVM_ERR_LIMIT, "no more tids");
        return DVM_ERR_LIMIT; /* in plain sight: the optimizer takes *out for used otherwise */
    }
    *out = &records[record_count];
    **out = (struct task){.tid = FIRST_TID + record_count, .role = role,
                          .program = (char *)(uintptr_t)"prog"};
    record_count++;
    return DVM_OK;
}

void test_forget(struct tasks *t, struct task *task)
{
    tasks_reserve(t, task, false);
    task->tid = 0;
}

struct world *test_tasks_world(struct tasks *t, uint64_t id, const int32_t *tids, size_t count)
{
    test_world.id = id;
    test_world.count = (int)count;
    return &test_world;
}

/* As exit.c does with the record. */
void test_unstarted(struct tasks *t, struct task *task, const char *why)
{
    cr_assert_eq(task->world, &test_world, "its world cannot be told");
    if (task->bound)
        test_bind_give(&task->cpus);
    task->state = DVM_TASK_ENDED;
    unstarted_tids[unstarted_count++] = task->tid;
    snprintf(said, sizeof said, "%s", why);
}

void test_answer(struct daemon *d, enum cluster_class class, const struct dvm_frame *request,
                 int type, const ProtobufCMessage *message)
{
    uint8_t bytes[4096];
    size_t size = protobuf_c_message_pack(message, bytes);

    answers++;
    code = DVM_OK;
    if (type == DVM_CTL_RESERVED)
        reserved_sent = dvm__pb__reserved__unpack(NULL, size, bytes);
    else
        launched_sent = dvm__pb__launched__unpack(NULL, size, bytes);
}

void test_fail(struct daemon *d, const struct dvm_frame *request, int error, const char *format,
               ...)
{
    answers++;
    code = error;
}

/* ---- a story's steps ------------------------------------------------------------ */

static void set_up(void)
{
    settings_init(&test_settings);
    snprintf(test_daemon.host, sizeof test_daemon.host, "node2");
    test_daemon.settings = &test_settings;
    test_daemon.options = &test_options;
    test_daemon.tasks = &test_tasks;
    test_tasks.d = &test_daemon;
    record_limit = RECORDS;
}

static void tear_down(void)
{
    dvm__pb__reserved__free_unpacked(reserved_sent, NULL);
    dvm__pb__launched__free_unpacked(launched_sent, NULL);
}

TestSuite(started, .init = set_up, .fini = tear_down);

static void give(handler_f *handler, const ProtobufCMessage *m)
{
    struct dvm_frame frame = {.src = ASKER, .ref = 5};
    uint8_t bytes[4096];

    frame.length = (uint32_t)protobuf_c_message_pack(m, bytes);
    answers = 0;
    handler(&test_daemon, &frame, bytes);
}

static void reserve_some(unsigned count)
{
    Dvm__Pb__Reserve m = DVM__PB__RESERVE__INIT;
    Dvm__Pb__Spawn what = DVM__PB__SPAWN__INIT;

    what.program = (char *)(uintptr_t)"prog";
    what.count = count;
    m.what = &what;
    m.world = WORLD;
    give(handle_reserve, &m.base);
    cr_assert_eq(answers, 1);
}

/* LAUNCH of count tids from the first, in a world with one of another host before them. */
static void launch_some(size_t count)
{
    Dvm__Pb__Launch m = DVM__PB__LAUNCH__INIT;
    Dvm__Pb__Spawn what = DVM__PB__SPAWN__INIT;
    int32_t world[RECORDS + 1] = {OTHER_TID};

    for (size_t i = 0; i < count; i++)
        world[i + 1] = FIRST_TID + (int)i;
    m.world = WORLD;
    m.world_tids = world;
    m.n_world_tids = count + 1;
    m.tids = world + 1;
    m.n_tids = count;
    m.what = &what;
    m.path = (char *)(uintptr_t)"/bin/prog";
    give(handle_launch, &m.base);
}

static void keeper_says(int i, pid_t pid, int error)
{
    tasks_started(&test_tasks, FIRST_TID + i, pid, error,
                  pid ? KEEPER_STEP_NONE : KEEPER_STEP_FORK);
}

/* ---- RESERVE -------------------------------------------------------------------- */

Test(started, reserved_tids_count_until_they_are_released)
{
    Dvm__Pb__Release m = DVM__PB__RELEASE__INIT;

    reserve_some(3);
    cr_assert_eq(reserved_sent->n_tids, 3);
    cr_assert_eq(reserved_sent->tids[2], FIRST_TID + 2);
    cr_assert_str_eq(reserved_sent->path, "/bin/prog");
    cr_assert_eq(test_tasks.reserved, 3);
    m.tids = reserved_sent->tids;
    m.n_tids = 3;
    give(handle_release, &m.base);
    cr_assert_eq(test_tasks.reserved, 0);
    cr_assert_null(test_find(&test_tasks, FIRST_TID));
}

Test(started, when_tids_run_out_none_stays_reserved)
{
    record_limit = 2;
    reserve_some(3);
    cr_assert_eq(code, DVM_ERR_LIMIT);
    cr_assert_eq(test_tasks.reserved, 0);
}

/* Two spawns that ask at the same time must not both get the last cores. */
Test(started, what_is_reserved_counts_against_the_cores)
{
    settings_force(&test_settings, SETTING_OVERSUBSCRIBE, "refuse", "test");
    reserve_some(CORES - 1);
    cr_assert_eq(code, DVM_OK);
    reserve_some(2);
    cr_assert_eq(code, DVM_ERR_LIMIT);
    cr_assert_eq(test_tasks.reserved, CORES - 1);
}

/* ---- LAUNCH --------------------------------------------------------------------- */

Test(started, the_answer_waits_for_the_last_and_says_a_reason_once)
{
    reserve_some(4);
    launch_some(4);
    cr_assert_eq(ordered, 4);
    keeper_says(3, 103, 0);
    keeper_says(0, 0, EAGAIN);
    keeper_says(2, 0, EAGAIN);
    cr_assert_eq(answers, 0);
    keeper_says(1, 101, 0);
    cr_assert_eq(answers, 1);
    cr_assert_eq(launched_sent->n_tids, 4);
    cr_assert_eq(launched_sent->tids[0], DVM_ERR_SPAWN);
    cr_assert_eq(launched_sent->tids[1], FIRST_TID + 1);
    cr_assert_eq(launched_sent->tids[2], DVM_ERR_SPAWN);
    cr_assert_eq(launched_sent->tids[3], FIRST_TID + 3);
    cr_assert_eq(launched_sent->n_errors, 1);
    cr_assert_not_null(strstr(launched_sent->errors[0], "no process can be made"));
    cr_assert_eq(test_tasks.reserved, 0);
    cr_assert_eq(records[1].rank, 2);
}

Test(started, all_orders_fail_at_once)
{
    start_code = DVM_ERR_LIMIT;
    reserve_some(2);
    launch_some(2);
    cr_assert_eq(answers, 1);
    cr_assert_eq(launched_sent->tids[0], DVM_ERR_LIMIT);
    cr_assert_eq(launched_sent->tids[1], DVM_ERR_LIMIT);
    cr_assert_eq(unstarted_count, 2);
}

Test(started, the_keepers_word_after_the_end_is_not_believed)
{
    reserve_some(1);
    launch_some(1);
    keeper_says(0, 100, 0);
    cr_assert_eq(answers, 1);
    keeper_says(0, 0, EAGAIN);
    cr_assert_eq(answers, 1);
    cr_assert_eq(unstarted_count, 0);
    cr_assert_eq(records[0].state, DVM_TASK_RUNNING);
}

Test(started, a_task_that_ended_before_the_keeper_told_of_its_start)
{
    reserve_some(1);
    launch_some(1);
    records[0].enrolled_gone = true;
    keeper_says(0, 100, 0);
    cr_assert_eq(answers, 1);
    cr_assert_eq(enrolled, 1);
}

/* Its reservation has expired, as another host took a minute. */
Test(started, what_is_not_reserved_any_more_gives_its_cores_back)
{
    with_cores = true;
    reserve_some(2);
    test_forget(&test_tasks, &records[1]);
    launch_some(2);
    cr_assert_eq(ordered, 1);
    cr_assert_eq(cores_out, 1);
    keeper_says(0, 100, 0);
    cr_assert_eq(launched_sent->tids[0], FIRST_TID);
    cr_assert_eq(launched_sent->tids[1], DVM_ERR_SPAWN);
    cr_assert_eq(cores_out, 1);
}

/* The others of the world run on their hosts, and may wait for these. */
Test(started, a_launch_that_fails_as_a_whole_ends_its_tasks_for_their_world)
{
    adapt_code = DVM_ERR_NO_MEMORY;
    reserve_some(2);
    launch_some(2);
    cr_assert_eq(answers, 1);
    cr_assert_eq(code, DVM_ERR_NO_MEMORY);
    cr_assert_eq(unstarted_count, 2);
    cr_assert_eq(test_tasks.reserved, 0);
    cr_assert_str_eq(said, "no memory for its environment");
}
