/* input.h: the bytes of a fuzzer, taken apart into steps and packets.
 *
 * A packet is a length (16 bits), a byte of repairs, and the bytes themselves. Most
 * packets are to be frames that are not thrown away at the door, so repairs set what
 * a sender of good will would have right; with no repair the bytes go as they are.
 * When the input is used up, all that is taken from it is zero.
 */
#ifndef DVM_TESTS_FUZZ_INPUT_H
#define DVM_TESTS_FUZZ_INPUT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proto/frame.h"
#include "proto/segment.h"

#define INPUT_FDS 4                        /* descriptors with one packet */
#define INPUT_PACKET_MAX (DVM_FRAME_MAX + 8) /* a packet may be longer than a frame */

struct input {
    const uint8_t *at;
    size_t left;
};

enum input_repair {
    REPAIR_FRAME = 1,  /* version and length */
    REPAIR_SRC = 2,    /* src and dst are as the target says */
    REPAIR_SIZE = 4,   /* size is the length, extra 0: no part of a longer message */
    REPAIR_SEQ = 8,    /* the next number, in targets that know it */
    REPAIR_REF = 16    /* the ref that is waited for, likewise */
};

struct input_packet {
    unsigned repairs; /* enum input_repair */
    size_t size;
    uint8_t bytes[INPUT_PACKET_MAX];
};

/* The next integer of so many bytes, little-endian. */
static inline uint64_t input_int(struct input *in, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes && in->left > 0; i++, in->left--)
        value |= (uint64_t)*in->at++ << (8 * i);
    return value;
}

/* The next packet; its frame, if it is to be one, is in *frame for further repairs. */
static inline bool input_packet(struct input *in, struct input_packet *p,
                                struct dvm_frame *frame, int src, int dst)
{
    size_t wanted = (size_t)input_int(in, 2);

    p->repairs = (unsigned)input_int(in, 1);
    p->size = wanted < in->left ? wanted : in->left;
    if (p->size)
        memcpy(p->bytes, in->at, p->size);
    in->at += p->size;
    in->left -= p->size;
    if (p->size < DVM_FRAME_BYTES || !(p->repairs & REPAIR_FRAME) || p->size > DVM_FRAME_MAX)
        return false;
    p->bytes[0] = DVM_FRAME_VERSION;
    for (int i = 0; i < 4; i++) /* src and dst need not be tids; a sign is no frame */
        p->bytes[DVM_FRAME_BYTES - 8 + i] = (uint8_t)((p->size - DVM_FRAME_BYTES) >> (8 * i));
    if (p->repairs & REPAIR_SRC)
        memset(p->bytes + 4, 0, 8);
    if (dvm_frame_decode(frame, p->bytes, p->size))
        return false;
    if (p->repairs & REPAIR_SRC) {
        frame->src = src;
        frame->dst = dst;
    }
    if (p->repairs & REPAIR_SIZE) {
        frame->size = frame->length;
        frame->extra = 0;
    }
    dvm_frame_encode(p->bytes, frame);
    return true;
}

/* Send a packet without waiting, with descriptors; what does not go is dropped. */
static inline void input_send(int socket, const void *bytes, size_t size, const int *fds,
                              int fd_count)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int) * INPUT_FDS)];
    } control;
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    if (fd_count > 0) {
        memset(&control, 0, sizeof control);
        m.msg_control = control.room;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
        memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * (size_t)fd_count);
    }
    if (sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return;
}

/* Receive a packet without waiting; -1 when there is none. The descriptors that came
 * with it are the caller's. */
static inline ssize_t input_receive(int socket, void *bytes, size_t size, int *fds,
                                    int *fd_count)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int) * INPUT_FDS)];
    } control;
    struct iovec part = {bytes, size};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
                       .msg_controllen = sizeof control.room};
    ssize_t got = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = got >= 0 ? CMSG_FIRSTHDR(&m) : NULL;

    *fd_count = 0;
    if (c && c->cmsg_type == SCM_RIGHTS) {
        *fd_count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(c), (size_t)*fd_count * sizeof(int));
    }
    return got > 0 ? got : -1;
}

/* A sealed memfd of zeros, as rings and inboxes are. -1 when there is none. */
static inline int input_segment(size_t bytes)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && (ftruncate(fd, (off_t)bytes) ||
                    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What the code under test says to people is not wanted in the fuzzer's report. */
static inline void input_be_quiet(void)
{
    FILE *nowhere = fopen("/dev/null", "w");

    if (nowhere)
        stderr = nowhere;
}

#endif
