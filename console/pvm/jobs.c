/* jobs.c: tasks that were spawned with -> : their output comes here, each line with the job
 * and the task in front, to the console or a file, until all of them have ended, or are lost
 * with their hosts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/pvm/pvm.h"

struct pvm_job *pvm_job_create(struct pvm *p, size_t count, FILE *file)
{
    struct pvm_job *job = calloc(1, sizeof *job), **at = &p->jobs;

    if (job)
        job->tids = calloc(count, sizeof *job->tids);
    if (!job || !job->tids) {
        console_wrong(p->c, "no memory for a job");
        if (file)
            fclose(file);
        free(job);
        return NULL;
    }
    job->number = ++p->job_number;
    job->file = file;
    job->count = job->left = count;
    while (*at)
        at = &(*at)->next;
    *at = job;
    return job;
}

void pvm_job_remove(struct pvm *p, struct pvm_job *job)
{
    struct pvm_job **at = &p->jobs;

    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    if (job->file)
        fclose(job->file);
    free(job->tids);
    free(job);
}

static void less(struct pvm *p, struct pvm_job *job)
{
    if (--job->left > 0)
        return;
    printf("[%u] finished\n", job->number);
    pvm_job_remove(p, job);
}

void pvm_job_started(struct pvm *p, struct pvm_job *job, const Dvm__Pb__SpawnReply *reply)
{
    size_t failed = job->count;

    for (size_t i = 0; i < reply->n_tids && i < job->count; i++) {
        job->tids[i] = reply->tids[i];
        failed -= reply->tids[i] > 0;
    }
    if (failed == job->count) { /* none has begun, so none ends */
        pvm_job_remove(p, job);
        return;
    }
    job->left -= failed;
}

/* The job that has a task, and its place there; or NULL. */
static struct pvm_job *find(const struct pvm *p, int tid, size_t *place)
{
    for (struct pvm_job *job = p->jobs; job; job = job->next)
        for (*place = 0; *place < job->count; ++*place)
            if (job->tids[*place] == tid)
                return job;
    return NULL;
}

bool pvm_job_guests(struct pvm *p, const Dvm__Pb__Guests *m)
{
    size_t place;
    struct pvm_job *job = find(p, m->parent, &place);
    int *more = job ? realloc(job->tids, (job->count + m->n_tids) * sizeof *more) : NULL;

    if (!more)
        return job; /* without memory its output is not shown */
    job->tids = more;
    for (size_t i = 0; i < m->n_tids; i++)
        job->tids[job->count++] = m->tids[i];
    job->left += m->n_tids;
    return true;
}

static void acknowledge(struct pvm *p, const Dvm__Pb__Stdio *m)
{
    Dvm__Pb__StdioAck ack = DVM__PB__STDIO_ACK__INIT;

    ack.tid = m->tid;
    ack.bytes = m->data.len;
    client_send(p->client, DVM_TID_DAEMON(DVM_TID_SLOT(m->tid)), DVM_CTL_STDIO_ACK, &ack.base,
                NULL);
}

bool pvm_job_output(struct pvm *p, const Dvm__Pb__Stdio *m)
{
    size_t place;
    struct pvm_job *job = find(p, m->tid, &place);
    const char *at = (const char *)m->data.data;
    size_t left = m->data.len;

    while (job && left > 0) {
        const char *end = memchr(at, '\n', left);
        size_t length = end ? (size_t)(end - at) : left;
        FILE *out = job->file ? job->file : stdout;

        fprintf(out, "[%u:t%x] ", job->number, (unsigned)m->tid);
        fwrite(at, 1, length, out);
        fputc('\n', out);
        at += length + (end != NULL);
        left -= length + (end != NULL);
    }
    if (job && job->file)
        fflush(job->file);
    if (job)
        acknowledge(p, m);
    return job;
}

/* A task of a job has ended; with the last one the job is gone. */
static void end_task(struct pvm *p, struct pvm_job *job, size_t place)
{
    fprintf(job->file ? job->file : stdout, "[%u:t%x] EOF\n", job->number,
            (unsigned)job->tids[place]);
    job->tids[place] = 0;
    less(p, job);
}

bool pvm_job_exit(struct pvm *p, const Dvm__Pb__TaskExit *m)
{
    size_t place;
    struct pvm_job *job = find(p, m->tid, &place);

    if (job)
        end_task(p, job, place);
    return job;
}

/* A job that has a task on a host, and the task's place there; or NULL. */
static struct pvm_job *find_on(const struct pvm *p, int slot, size_t *place)
{
    for (struct pvm_job *job = p->jobs; job; job = job->next)
        for (*place = 0; *place < job->count; ++*place)
            if (job->tids[*place] > 0 && DVM_TID_SLOT(job->tids[*place]) == slot)
                return job;
    return NULL;
}

size_t pvm_jobs_lost(struct pvm *p, int slot)
{
    struct pvm_job *job;
    size_t place, lost = 0;

    for (; (job = find_on(p, slot, &place)); lost++)
        end_task(p, job, place);
    return lost;
}

/* A job's tasks that still run, in a list of tasks of all hosts. */
static void list_tasks(const struct pvm_job *job, const struct listing *l)
{
    for (size_t k = 0; k < job->count; k++)
        for (size_t i = 0; i < l->count; i++)
            for (size_t j = 0; l->replies[i] && j < l->replies[i]->n_tasks; j++)
                if (l->replies[i]->tasks[j]->tid == job->tids[k])
                    pvm_task_line(l->replies[i]->tasks[j], false);
}

static void list_long(const struct pvm *p)
{
    struct listing l;

    if (pvm_tasks(p, &l)) {
        pvm_task_heading(false);
        for (const struct pvm_job *job = p->jobs; job; job = job->next) {
            printf("%2u:\n", job->number);
            list_tasks(job, &l);
        }
    }
    listing_free(&l);
}

void pvm_jobs(struct pvm *p, int argc, char **argv)
{
    if (argc > 1) {
        list_long(p);
        return;
    }
    for (const struct pvm_job *job = p->jobs; job; job = job->next) {
        printf("%2u:", job->number);
        for (size_t i = 0; i < job->count; i++)
            if (job->tids[i] > 0)
                printf(" t%x", (unsigned)job->tids[i]);
        putchar('\n');
    }
}
