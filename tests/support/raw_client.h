/* raw_client.h: a client of a daemon that speaks the socket's protocol byte by
 * byte and checks nothing, so that tests may say what no program would.
 */
#ifndef DVM_TESTS_RAW_CLIENT_H
#define DVM_TESTS_RAW_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "proto/passed.h"

#define RAW_SECONDS 60.0 /* how long an answer may take */
#define RAW_MESSAGE_MAX (1 << 20)

/* What came last. */
struct raw_client {
    int fd;
    int tid, slot;       /* by WELCOME */
    uint64_t refs;
    struct dvm_frame frame;
    uint8_t payload[RAW_MESSAGE_MAX]; /* of a control message: all its parts */
    int fds[PASSED_MAX];                 /* that came with it; closed at the next receive */
    int fd_count;
};

/* Connect to the daemon of a folder. NULL when it cannot. */
struct raw_client *raw_connect(const char *folder);

void raw_close(struct raw_client *c);

/* Send bytes as one packet, with descriptors. False when the daemon hung up. */
bool raw_packet(struct raw_client *c, const void *bytes, size_t size, const int *fds,
                int fd_count);

/* Send a frame whose version and length are filled in here. */
bool raw_send(struct raw_client *c, struct dvm_frame f, const void *payload, size_t length,
              const int *fds, int fd_count);

/* Send a control message of this client to dst; returns its ref. */
uint64_t raw_control(struct raw_client *c, int dst, int type, const ProtobufCMessage *m);

/* Send HELLO; role, token and versions as given. */
bool raw_hello(struct raw_client *c, int role, const char *hex_token, unsigned min,
               unsigned max);

/* Receive the next message. 1, 0 at the end of the connection, -1 after seconds. */
int raw_receive(struct raw_client *c, double seconds);

/* Receive until a control message of this type comes; others are dropped. False at
 * the end or after RAW_SECONDS. */
bool raw_expect(struct raw_client *c, int type);

/* Connect and enrol: role 1 task, 2 console. NULL when refused. */
struct raw_client *raw_enrol(const char *folder, int role, const char *hex_token);

/* The text of a FAIL or REFUSE that came last, in words and with its code. */
const char *raw_text(struct raw_client *c, int *code);

#endif
