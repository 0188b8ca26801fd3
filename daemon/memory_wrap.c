/* memory_wrap.c: allocations of dvmd that fail are tried once more, with the reserve given
 * up; see memory.h.
 *
 * The linker puts the __wrap_ functions in the place of those that they are named after
 * (CMakeLists.txt), in all of dvmd's own code, so that no allocation is forgotten. libev
 * is given an allocator, and so is protobuf-c when it unpacks. libzmq cannot be: without
 * memory it ends the process, with a sentence of its own.
 */
#include <ev.h>
#include <protobuf-c/protobuf-c.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/memory.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
ProtobufCMessage *__real_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
                                                   ProtobufCAllocator *allocator, size_t length,
                                                   const uint8_t *data);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
ProtobufCMessage *__wrap_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
                                                   ProtobufCAllocator *allocator, size_t length,
                                                   const uint8_t *data);

void *__wrap_malloc(size_t size)
{
    void *got = __real_malloc(size);

    return got || !size || !memory_give_up() ? got : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *got = __real_calloc(count, size);

    return got || !count || !size || !memory_give_up() ? got : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    void *got = __real_realloc(old, size);

    return got || !size || !memory_give_up() ? got : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

static void *unpack_alloc(void *unused, size_t size)
{
    return __wrap_malloc(size);
}

static void unpack_free(void *unused, void *memory)
{
    free(memory);
}

ProtobufCMessage *__wrap_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
                                                   ProtobufCAllocator *allocator, size_t length,
                                                   const uint8_t *data)
{
    static ProtobufCAllocator ours = {unpack_alloc, unpack_free, NULL};

    return __real_protobuf_c_message_unpack(descriptor, allocator ? allocator : &ours, length,
                                            data);
}

static void *for_libev(void *old, long size)
{
    if (size > 0)
        return __wrap_realloc(old, (size_t)size);
    free(old);
    return NULL;
}

void memory_wrap_start(void)
{
    ev_set_allocator(for_libev);
    memory_start();
}
