/* acting_daemon.c: see acting_daemon.h. */
#include "tests/support/acting_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/runtime.h"
#include "proto/control.pb-c.h"

#define CLIENTS_MAX 8
#define WORDS_MAX 64

static void die(const char *what)
{
    fprintf(stderr, "acting daemon: %s: %s (%s)\n", what, strerror(errno), dvm_last_error());
    abort();
}

static void send_frame(int client, struct dvm_frame f, const uint8_t *payload)
{
    uint8_t bytes[DVM_FRAME_MAX];

    dvm_frame_encode(bytes, &f);
    memcpy(bytes + DVM_FRAME_BYTES, payload, f.length);
    /* a client that is gone is the test's own business */
    if (send(client, bytes, DVM_FRAME_BYTES + f.length, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
        errno != ECONNRESET)
        die("send");
}

static void send_message(int client, uint64_t ref, int flags, int type, const ProtobufCMessage *m,
                         size_t part)
{
    size_t size = m ? protobuf_c_message_get_packed_size(m) : 0, at = 0;
    uint8_t *bytes = malloc(size + 1);

    if (!bytes)
        die("malloc");
    if (m)
        protobuf_c_message_pack(m, bytes);
    if (part == 0)
        part = DVM_PAYLOAD_MAX;
    do {
        size_t length = size - at < part ? size - at : part;

        send_frame(client,
                   (struct dvm_frame){.version = DVM_FRAME_VERSION,
                                      .op = DVM_OP_CONTROL,
                                      .flags = (uint8_t)flags,
                                      .src = DVM_TID_DAEMON(1),
                                      .dst = ACTING_CONSOLE_TID,
                                      .tag = type,
                                      .size = size,
                                      .ref = ref,
                                      .extra = at,
                                      .length = (uint32_t)length},
                   bytes + at);
        at += length;
    } while (at < size);
    free(bytes);
}

void acting_reply(int client, const struct dvm_frame *to, int type, const ProtobufCMessage *m)
{
    send_message(client, to->ref, DVM_FLAG_REPLY, type, m, 0);
}

void acting_reply_parts(int client, const struct dvm_frame *to, int type,
                      const ProtobufCMessage *m, size_t part)
{
    send_message(client, to->ref, DVM_FLAG_REPLY, type, m, part);
}

void acting_send(int client, int type, const ProtobufCMessage *m)
{
    send_message(client, 0, 0, type, m, 0);
}

void acting_fail(int client, const struct dvm_frame *to, int code, const char *text)
{
    Dvm__Pb__Fail fail = DVM__PB__FAIL__INIT;

    fail.code = code;
    fail.text = (char *)(uintptr_t)text;
    acting_reply(client, to, DVM_CTL_FAIL, &fail.base);
}

static void welcome(int client, const struct dvm_frame *to)
{
    Dvm__Pb__Welcome w = DVM__PB__WELCOME__INIT;

    w.protocol = DVM_FRAME_VERSION;
    w.tid = ACTING_CONSOLE_TID;
    w.slot = 1;
    w.coordinator = 1;
    w.host = (char *)"fake1";
    w.machine = (char *)"fake";
    w.version = (char *)"9.9.9";
    acting_reply(client, to, DVM_CTL_WELCOME, &w.base);
}

/* Returns false when the client is gone. */
static bool take_frame(int client, acting_serve_f *serve)
{
    uint8_t bytes[DVM_FRAME_MAX];
    struct dvm_frame f;
    ssize_t got = recv(client, bytes, sizeof bytes, 0);

    if (got <= 0)
        return false;
    if (dvm_frame_decode(&f, bytes, (size_t)got))
        die("a frame that is none");
    if (f.tag == DVM_CTL_HELLO)
        welcome(client, &f);
    else
        serve(client, &f, bytes + DVM_FRAME_BYTES);
    return true;
}

static void serve_all(int listener, acting_serve_f *serve)
{
    struct pollfd p[CLIENTS_MAX + 1] = {{.fd = listener, .events = POLLIN}};
    int count = 1;

    for (;;) {
        poll(p, (nfds_t)count, -1);
        for (int i = count - 1; i > 0; i--)
            if (p[i].revents && !take_frame(p[i].fd, serve)) {
                close(p[i].fd);
                p[i] = p[--count];
            }
        if (p[0].revents && count <= CLIENTS_MAX)
            p[count++] = (struct pollfd){.fd = accept(listener, NULL, NULL), .events = POLLIN};
    }
}

void acting_start(struct acting *d, acting_serve_f *serve)
{
    int lock, listener = -1;

    strcpy(d->folder, "/tmp/dvm-fake-XXXXXX");
    if (!mkdtemp(d->folder))
        die("mkdtemp");
    if (runtime_lock(d->folder, &lock) || runtime_listen(d->folder, &listener))
        die("folder");
    setenv("DVM_DIR", d->folder, 1);
    fflush(NULL);
    d->pid = fork();
    if (d->pid < 0)
        die("fork");
    if (d->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve_all(listener, serve);
    }
    close(lock);
    close(listener);
}

void acting_stop(struct acting *d)
{
    kill(d->pid, SIGKILL);
    waitpid(d->pid, NULL, 0);
    runtime_remove(d->folder);
    unsetenv("DVM_DIR");
}

static char *contents(FILE *file)
{
    char *text = malloc(ACTING_OUTPUT_MAX);
    size_t size;

    if (!text)
        die("malloc");
    rewind(file);
    size = fread(text, 1, ACTING_OUTPUT_MAX - 1, file);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* stdin with this text, or the null device. */
static int input_of(const char *input)
{
    int ends[2];

    if (!input)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (pipe2(ends, O_CLOEXEC) < 0 ||
        write(ends[1], input, strlen(input)) != (ssize_t)strlen(input))
        die("input");
    close(ends[1]);
    return ends[0];
}

struct spoken speak(int (*program)(int argc, char **argv), const char *input,
                    const char *const *words)
{
    FILE *out = tmpfile(), *err = tmpfile();
    int in = input_of(input), status, argc = 0;
    char *argv[WORDS_MAX] = {NULL};
    struct spoken s;
    pid_t pid;

    if (!out || !err || in < 0)
        die("files");
    while (words[argc]) {
        argv[argc] = strdup(words[argc]);
        argc++;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        dup2(in, STDIN_FILENO);
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        status = program(argc, argv);
        fflush(NULL);
        _exit(status);
    }
    waitpid(pid, &status, 0);
    close(in);
    while (argc > 0)
        free(argv[--argc]);
    s.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    s.out = contents(out);
    s.err = contents(err);
    return s;
}

void spoken_free(struct spoken *s)
{
    free(s->out);
    free(s->err);
}
