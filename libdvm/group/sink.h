/* sink.h: where received bytes go: types checked, sizes compared, foreign
 * representations converted.
 */
#ifndef DVM_GROUP_SINK_H
#define DVM_GROUP_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "group/group.h"
#include "match/match.h"

/* Check buffer, count and type of a public call. *bytes receives count elements in
 * bytes. Errors: TYPE, ARG. */
int sink_check_buffer(const char *call, const void *buffer, size_t count, dvm_type type,
                      size_t *bytes);

/* Whether elements of one array and of another do not overlap, as far as is easily seen: such of a
 * derived type with gaps, and a count that no memory holds, count as apart. */
bool sink_apart(const void *one, size_t one_count, dvm_type one_type, const void *other,
                size_t other_count, dvm_type other_type);

/* The same, and what is to be sent or (into) received. A derived type whose elements lie in
 * one piece is as good as a basic one. Further error: TYPE (into elements that lie over each
 * other). */
int sink_data(const char *call, const void *buffer, size_t count, dvm_type type, bool into,
              struct match_data *data);

/* Give data, whose buffer, bytes and type are set, its shape, if it needs one; or its real
 * beginning, if a derived type lies in one piece. type exists. */
void sink_shape(size_t count, dvm_type type, bool into, struct match_data *data);

/* Refuse what cannot be received into: count elements of a derived type that lie over each
 * other. Errors: TYPE, NO_MEMORY. */
int sink_check_into(const char *call, size_t count, dvm_type type);

/* A sink for data (checked before). */
struct match_sink sink_make(const struct group *g, const struct match_data *data,
                            uintptr_t site);

/* The same for bytes in one piece of a basic type with this code. */
struct match_sink sink_basic(dvm_group number, void *buffer, size_t bytes, uint32_t code,
                             uintptr_t site);

/* Turn a result into a status (which may be NULL). Sources become ranks of the
 * result's group. */
void sink_status(const struct match_result *result, struct dvm_status *status);

/* The status of an operation with nobody (DVM_NULL). status may be NULL. */
void sink_status_null(struct dvm_status *status);

#endif
