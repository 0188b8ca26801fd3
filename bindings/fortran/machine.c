/* machine.c: hosts and tasks of the machine. */
#include <stdlib.h>

#include "array.h"
#include "procedures.h"

void dvmf_add_hosts(const CFI_cdesc_t *hosts, void *added, void *ierror)
{
    int count = 0, rc = DVM_OK;
    char *list;

    CALL_BEGIN(ierror);
    list = text_get(&rc, "dvm_add_hosts", hosts);
    if (rc == DVM_OK) {
        rc = dvm_add_hosts(list, &count);
        integer_put(added, count);
    }
    free(list);
    call_end(rc, ierror);
}

void dvmf_remove_host(const CFI_cdesc_t *name, void *ierror)
{
    int rc = DVM_OK;
    char *host;

    CALL_BEGIN(ierror);
    host = text_get(&rc, "dvm_remove_host", name);
    if (rc == DVM_OK)
        rc = dvm_remove_host(host);
    free(host);
    call_end(rc, ierror);
}

void dvmf_spawn(const CFI_cdesc_t *program, const CFI_cdesc_t *tids, const CFI_cdesc_t *args,
                const CFI_cdesc_t *where, const CFI_cdesc_t *env, const CFI_cdesc_t *directory,
                const CFI_cdesc_t *errors, void *ierror)
{
    static const char call[] = "dvm_spawn";
    struct ints list, codes = {.at = NULL};
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, call, tids);
    if (rc == DVM_OK)
        rc = ints_get(&codes, call, errors);
    if (rc == DVM_OK && codes.at && codes.count < list.count)
        rc = call_fail(DVM_ERR_ARG, "dvm_spawn: errors has %d places for %d tasks", codes.count,
                       list.count);
    char *name = text_get(&rc, call, program), *hosts = text_get(&rc, call, where);
    char *folder = text_get(&rc, call, directory);
    char **words = texts_get(&rc, call, args), **variables = texts_get(&rc, call, env);

    if (rc == DVM_OK) {
        rc = dvm_spawn(&(struct dvm_spawn){.program = name, .where = hosts, .directory = folder,
                                           .args = (const char *const *)words,
                                           .env = (const char *const *)variables},
                       list.count, list.at, codes.at);
        ints_put(&list, tids);
        ints_put(&codes, errors);
    }
    ints_free(&list);
    ints_free(&codes);
    free(name);
    free(hosts);
    free(folder);
    texts_free(words);
    texts_free(variables);
    call_end(rc, ierror);
}

void dvmf_kill(const void *tid, const void *signal, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_kill(integer(tid), integer(signal)), ierror);
}

/* type(dvm_exit) with default integers of 4 bytes, and of 8 */
struct exit4 {
    int32_t tid, status, signal, lost;
};
struct exit8 {
    int64_t tid, status, signal, lost;
};

static void exit_put(void *at, const struct dvm_exit *e)
{
    if (at && dvmf_integer_kind == sizeof(int32_t))
        *(struct exit4 *)at = (struct exit4){e->tid, e->status, e->signal, e->lost};
    else if (at)
        *(struct exit8 *)at = (struct exit8){e->tid, e->status, e->signal, e->lost};
}

void dvmf_task_wait(const void *tid, const double *timeout, void *how, void *ierror)
{
    struct dvm_exit e;
    int rc;

    CALL_BEGIN(ierror);
    rc = dvm_task_wait(integer(tid), timeout ? *timeout : -1, &e);
    if (rc == DVM_OK)
        exit_put(how, &e);
    call_end(rc, ierror);
}

void dvmf_notify(const void *what, const void *tag, const CFI_cdesc_t *tids, const void *count,
                 void *ierror)
{
    struct ints list;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_notify", tids);
    if (rc == DVM_OK)
        rc = dvm_notify(integer(what), list.at, tids ? list.count : integer_or(count, -1),
                        integer(tag));
    ints_free(&list);
    call_end(rc, ierror);
}

/* For the module's dvm_hosts and dvm_tasks, which make room and take numbers and texts apart.
 * *count receives how many there are, which may be more than max. */
void dvmf_hosts(struct dvm_host *list, size_t max, size_t *count, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_hosts(list, max, count), ierror);
}

void dvmf_tasks(struct dvm_task *list, size_t max, size_t *count, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_tasks(list, max, count), ierror);
}
