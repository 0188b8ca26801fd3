/* What daemons answer to the console's commands, from anywhere: the first byte chooses
 * the command, which runs as a user would run it; the packets are in its socket before
 * it asks, and EOF behind them, so nothing waits. The command ends with a status that
 * the page of exit codes knows, whatever it is told.
 */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/runtime.h"
#include "console/command.h"
#include "console/watch/sample.h"
#include "proto/control.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 8
#define WORD_MAX 32
#define SELF DVM_TID_MAKE(1, 1)
#define STATUS_MAX 255

static const char *const commands[][WORDS_MAX] = {
    {"hosts"},
    {"hosts", "--json"},
    {"ps"},
    {"ps", "--json"},
    {"invite"},
    {"invite", "--json"},
    {"kill", "0x40002"},
    {"rm", "other"},
    {"spawn", "-n", "2", "/bin/true"},
    {"run", "-n", "2", "/bin/true"},
    {"signal", "TERM", "0x40002"},
    {"wait", "0x40002"},
    {"events"},
    {"events", "--json"},
    {"events", "-n", "3"},
    {"events", "-f"},
    {"logs", "0x40002"},
    {"logs", "--json", "0x40002", "0x80001"},
    {"logs", "sim1"},
    {"logs", "-f", "0x40002"},
    {"wait", "--json", "0x40002", "0x80001:0-3"},
    {"signal", "USR1", "all", "--json"},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static char folder[] = "/tmp/dvm-fuzz-XXXXXX";
static int listening, stop;
static struct input in;

static void remove_folder(void)
{
    runtime_remove(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int lock;

    input_be_quiet();
    if (!mkdtemp(folder) || runtime_lock(folder, &lock) || runtime_listen(folder, &listening) ||
        !freopen("/dev/null", "w", stdout))
        abort();
    atexit(remove_folder);
    setenv("DVM_DIR", folder, 1);
    stop = eventfd(0, EFD_CLOEXEC);
    return 0;
}

/* HELLO is request 1; the answers of good will are to those that follow. */
static void queue_all(int socket)
{
    static struct input_packet p;
    uint64_t ref = 1;

    while (in.left > 0) {
        struct dvm_frame f;

        if (input_packet(&in, &p, &f, DVM_TID_DAEMON(1), SELF) && (p.repairs & REPAIR_REF)) {
            f.ref = ref++;
            f.flags |= DVM_FLAG_REPLY;
            dvm_frame_encode(p.bytes, &f);
        }
        input_send(socket, p.bytes, p.size, NULL, 0);
    }
    shutdown(socket, SHUT_WR);
}

/* The daemon: one connection, which gets everything. */
static void *serve(void *arg)
{
    struct pollfd ready[2] = {{.fd = listening, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
    int sockets[WORDS_MAX], count = 0;
    uint64_t word;

    do {
        poll(ready, 2, -1);
        if ((ready[0].revents & POLLIN) && count < WORDS_MAX) {
            int fd = accept(listening, NULL, NULL);

            if (fd >= 0) {
                queue_all(fd);
                sockets[count++] = fd;
            }
        }
    } while (!(ready[1].revents & POLLIN));
    if (read(stop, &word, sizeof word) < 0)
        abort();
    while (count > 0)
        close(sockets[--count]);
    return NULL;
}

static int run(const char *const *words)
{
    static char text[WORDS_MAX][WORD_MAX]; /* a command may move and cut its words */
    char *argv[WORDS_MAX + 2] = {(char *)(uintptr_t)"dvm"};
    int argc = 1;

    for (; argc <= WORDS_MAX && words[argc - 1]; argc++) {
        snprintf(text[argc - 1], WORD_MAX, "%s", words[argc - 1]);
        argv[argc] = text[argc - 1];
    }
    argv[argc] = NULL;
    return command_main(argc, argv);
}

/* Two samples as dvm top takes them, but not the time between them. */
static int run_top(void)
{
    struct sample before = {0}, now = {0};
    struct client *client;
    int fd;

    if (runtime_connect(folder, &fd))
        abort();
    if (client_open(&client, fd, "fuzz", false))
        return 0;
    sample_take(client, NULL, &before);
    sample_take(client, &before, &now);
    for (int i = 0; i < SAMPLE_ORDERS; i++)
        sample_sort(&now, (enum sample_order)i);
    json_decref(sample_json(&now, 1));
    sample_free(&before);
    sample_free(&now);
    client_close(client);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t enough = 1;
    pthread_t daemon;
    unsigned command;
    int status;

    in = (struct input){data, size};
    command = (unsigned)input_int(&in, 1) % (COMMANDS + 1);
    if (pthread_create(&daemon, NULL, serve, NULL) != 0)
        return 0;
    status = command < COMMANDS ? run(commands[command]) : run_top();
    if (status < 0 || status > STATUS_MAX)
        abort();
    if (write(stop, &enough, sizeof enough) != sizeof enough)
        abort();
    pthread_join(daemon, NULL);
    return 0;
}
