/* pvm_jobs: when a job of the PVM console is over, in whatever order the news of its tasks comes,
 * of those that they spawn, and of hosts that are lost. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/pvm/pvm.h"
#include "proto/event.h"

#define A DVM_TID_MAKE(1, 7)
#define B DVM_TID_MAKE(2, 7)
#define C DVM_TID_MAKE(3, 7)

static struct console console_ = {.quiet = true};
static struct pvm p;

static void set_up(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
    p = (struct pvm){.c = &console_};
}

static void tear_down(void)
{
    while (p.jobs)
        pvm_job_remove(&p, p.jobs);
    held_release(&p.early, NULL, NULL);
}

TestSuite(pvm_jobs, .init = set_up, .fini = tear_down);

static void message(int tag, const ProtobufCMessage *m)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(m) + 1);
    struct dvm_frame f = {.tag = tag};

    cr_assert_not_null(bytes);
    f.length = (uint32_t)protobuf_c_message_pack(m, bytes);
    pvm_message(&p, &f, bytes);
    free(bytes);
}

static void job(const int32_t *tids, size_t count)
{
    Dvm__Pb__SpawnReply reply = DVM__PB__SPAWN_REPLY__INIT;
    struct pvm_job *made = pvm_job_create(&p, count, NULL);

    cr_assert_not_null(made);
    reply.tids = (int32_t *)(uintptr_t)tids;
    reply.n_tids = count;
    pvm_job_started(&p, made, &reply);
}

#define JOB(...) job((const int32_t[]){__VA_ARGS__},                  \
                     sizeof(int32_t[]){__VA_ARGS__} / sizeof(int32_t))

static void ends(int tid)
{
    Dvm__Pb__TaskExit m = DVM__PB__TASK_EXIT__INIT;

    m.tid = tid;
    message(DVM_CTL_TASK_EXIT, &m.base);
}

static void spawns(int parent, int32_t child)
{
    Dvm__Pb__Guests m = DVM__PB__GUESTS__INIT;

    m.parent = parent;
    m.tids = &child;
    m.n_tids = 1;
    message(DVM_CTL_GUESTS, &m.base);
}

static void host(int slot, enum dvm_event event)
{
    Dvm__Pb__HostEvent m = DVM__PB__HOST_EVENT__INIT;
    Dvm__Pb__Host h = DVM__PB__HOST__INIT;

    h.slot = (uint32_t)slot;
    h.name = (char *)(uintptr_t)"far";
    m.host = &h;
    m.event = event;
    m.reason = (char *)(uintptr_t)"no sign of life";
    message(DVM_CTL_HOST_EVENT, &m.base);
}

static void expect_said(FILE *file, const char *wanted)
{
    char text[512];

    fflush(stdout);
    fflush(stderr);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    cr_expect_str_eq(text, wanted);
}

Test(pvm_jobs, tasks_end)
{
    JOB(A, B);
    ends(B);
    cr_expect_not_null(p.jobs);
    ends(A);
    cr_expect_null(p.jobs);
    expect_said(cr_get_redirected_stdout(), "[1:t80007] EOF\n[1:t40007] EOF\n[1] finished\n");
}

Test(pvm_jobs, a_host_is_lost)
{
    JOB(A, B);
    JOB(B + 1, B + 2);
    host(3, DVM_EVENT_HOST_LOST);
    host(2, DVM_EVENT_HOST_LOST);
    cr_assert_not_null(p.jobs);
    cr_expect_eq(p.jobs->number, 1);
    cr_expect_null(p.jobs->next);
    ends(A);
    cr_expect_null(p.jobs);
    expect_said(cr_get_redirected_stdout(),
                "[1:t80007] EOF\n[2:t80008] EOF\n[2:t80009] EOF\n[2] finished\n"
                "[1:t40007] EOF\n[1] finished\n");
    expect_said(cr_get_redirected_stderr(),
                "dvm: host far was lost, and 3 tasks of jobs with it: no sign of life\n");
}

/* The news of what a task has spawned comes from its host, which may be behind. */
Test(pvm_jobs, a_host_is_lost_before_its_task_is_known)
{
    JOB(A);
    host(2, DVM_EVENT_HOST_LOST);
    spawns(A, B);
    ends(A);
    cr_expect_null(p.jobs);
    host(2, DVM_EVENT_HOST_JOINED); /* another one */
    JOB(A);
    spawns(A, B);
    ends(A);
    cr_assert_not_null(p.jobs);
    ends(B);
    cr_expect_null(p.jobs);
}

/* From three hosts: the news of the grandchild, and of its end, overtakes that of its parent. */
Test(pvm_jobs, a_grandchild_is_known_first)
{
    JOB(A);
    spawns(B, C);
    ends(C);
    spawns(A, B);
    ends(B);
    ends(A);
    cr_expect_null(p.jobs);
    expect_said(cr_get_redirected_stdout(), "[1:tc0007] EOF\n[1:t80007] EOF\n[1:t40007] EOF\n"
                                            "[1] finished\n");
}

Test(pvm_jobs, bytes_that_are_no_message)
{
    const uint8_t junk[] = {0xff, 0xff, 0xff};
    const int tags[] = {DVM_CTL_STDIO, DVM_CTL_TASK_EXIT, DVM_CTL_GUESTS, DVM_CTL_HOST_EVENT};
    struct dvm_frame f = {.length = sizeof junk};

    JOB(A);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        f.tag = tags[i];
        pvm_message(&p, &f, junk);
    }
    host(0, DVM_EVENT_HOST_LOST);
    host(DVM_SLOT_MAX + 1, DVM_EVENT_HOST_LOST);
    cr_expect_not_null(p.jobs);
}
