/* acting_daemon.h: a daemon that says what a test wants, for tests of the console
 * without dvmd: a process that holds the lock of a folder of its own, listens on
 * its socket, welcomes consoles, and passes everything else to the test. */
#ifndef DVM_TEST_ACTING_DAEMON_H
#define DVM_TEST_ACTING_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <protobuf-c/protobuf-c.h>

#include "proto/control.h"
#include "proto/frame.h"

#define ACTING_CONSOLE_TID 0x40001 /* of every console that it welcomes */
#define ACTING_OUTPUT_MAX (4 * 1024 * 1024)

struct acting {
    char folder[64];
    pid_t pid;
};

/* Called in the daemon's process for each frame but HELLO. */
typedef void acting_serve_f(int client, const struct dvm_frame *frame, const uint8_t *payload);

/* Start one and set DVM_DIR to its folder. Fails the test when it cannot. */
void acting_start(struct acting *d, acting_serve_f *serve);

/* End it and remove its folder. */
void acting_stop(struct acting *d);

/* For a serve function: answer a frame, or send a message of the daemon's own. A
 * message over part bytes (0: a frame's most) goes in several frames. */
void acting_reply(int client, const struct dvm_frame *to, int type, const ProtobufCMessage *m);
void acting_reply_parts(int client, const struct dvm_frame *to, int type,
                      const ProtobufCMessage *m, size_t part);
void acting_send(int client, int type, const ProtobufCMessage *m);
void acting_fail(int client, const struct dvm_frame *to, int code, const char *text);

/* What a command did. */
struct spoken {
    int status; /* exit status, or 128 and the signal */
    char *out, *err; /* what it wrote, with a NUL; owned */
};

/* Run a main function in a process of its own with the words (NULL at the end) as
 * its arguments; input: its stdin, NULL for /dev/null. */
struct spoken speak(int (*program)(int argc, char **argv), const char *input,
                    const char *const *words);
void spoken_free(struct spoken *s);

#endif
