/* halt.c: dvm halt: the coordinator ends the machine; the command waits until
 * no daemon of it on this computer holds its lock. What daemons that were killed left
 * behind goes, too, also when none of them lives any more. */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/runtime.h"
#include "base/sweep.h"
#include "console/ask.h"
#include "console/local.h"

#define HALT_SECONDS 60.0   /* until all local daemons must have ended, on a busy computer, too */
#define LOOK_NS 2000000     /* between two looks at the locks, nanoseconds */

static int send_halt(struct client *client)
{
    Dvm__Pb__Halt message = DVM__PB__HALT__INIT;
    struct dvm_frame f;
    const uint8_t *payload;
    int r;

    message.reason = (char *)"dvm halt";
    r = client_call(client, DVM_TID_DAEMON(client_info(client)->coordinator), DVM_CTL_HALT,
                    &message.base, DVM_CTL_OK, &f, &payload, ASK_SECONDS);
    /* a daemon that ends at once may close the connection before its answer is read */
    return r == DVM_ERR_LOST_DAEMON || r == DVM_ERR_CLOSING ? DVM_OK : r;
}

/* Wait until none of the folders has a living daemon. Returns how many have one
 * when the time is over. */
static size_t wait_for_end(const struct local *l)
{
    static const struct timespec pause = {.tv_nsec = LOOK_NS};
    double deadline = clock_seconds() + HALT_SECONDS;
    size_t left;

    while ((left = local_alive(l)) > 0 && clock_seconds() < deadline)
        nanosleep(&pause, NULL);
    return left;
}

static int report(const struct console *c, const char *machine, const struct local *l, size_t left)
{
    if (left > 0) {
        console_wrong(c,
                      "%zu of %zu daemons on this computer have not ended within %.0f s; find them "
                      "with: pgrep -a dvmd, end them with: kill -9 PID",
                      left, l->count, HALT_SECONDS);
        return EXIT_TIMEOUT;
    }
    if (c->json)
        console_json(json_pack("{s:s,s:s,s:i}", "schema", "halt/1", "machine", machine, "daemons",
                               (int)l->count));
    else
        console_say(c, "machine %s has ended", machine);
    return EXIT_OK;
}

/* Remove what daemons left that were killed. The lock of one that lives is respected. */
static void sweep(const char *machine)
{
    const char *set = getenv("DVM_DIR");
    char path[RUNTIME_PATH_MAX];

    if (!set || !set[0])
        sweep_folders(machine);
    else if (runtime_folder(path, sizeof path, NULL, NULL) == DVM_OK)
        sweep_folder(path);
}

/* No daemon takes the order: those that are just about to end are waited for, and what
 * the machine's daemons have left is removed. */
static void clear_remains(void)
{
    char machine[DVM_NAME_MAX];
    struct local l;

    if (runtime_machine(machine, sizeof machine) != DVM_OK || local_list(&l, machine) != DVM_OK)
        return;
    if (wait_for_end(&l) == 0)
        sweep(machine);
    local_free(&l);
}

static int halt(struct console *c, const void *settings, int argc, char **argv)
{
    char machine[DVM_NAME_MAX];
    struct client *client;
    struct local l;
    int r = console_connect(c, &client);

    if (r) {
        clear_remains();
        return r;
    }
    snprintf(machine, sizeof machine, "%s", client_info(client)->machine);
    r = local_list(&l, machine);
    if (!r)
        r = send_halt(client);
    client_close(client);
    if (r)
        r = console_failed(c, r);
    else
        r = report(c, machine, &l, wait_for_end(&l));
    if (!r)
        sweep(machine);
    local_free(&l);
    return r;
}

const struct command command_halt = {
    .name = "halt",
    .operands = "",
    .summary = "stop the machine: all tasks, all hosts",
    .text = "Returns when every daemon of the machine on this computer has ended. What daemons\n"
            "that were killed have left there is removed, their logs included.\n",
    .function = halt,
    .examples = "dvm halt                    # the machine that is meant by default\n"
                "dvm --machine lab halt      # another one\n",
};
