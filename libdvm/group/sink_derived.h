/* sink_derived.h: derived types and messages of several types: sink.c's harder half. */
#ifndef DVM_GROUP_SINK_DERIVED_H
#define DVM_GROUP_SINK_DERIVED_H

#include "match/match.h"
#include "type/type.h"

/* As match_sink.check, convert and take, where sink or message is not of one basic type. An
 * integer that does not fit is TYPE, without a sentence; *index receives its place. */
int sink_check_derived(const struct match_sink *sink, struct match_result *m);
int sink_convert_derived(const struct match_sink *sink, const struct match_result *m,
                         const void *raw, size_t *index);
void sink_take(const struct match_sink *sink, const struct match_result *m, size_t at,
               const void *from, size_t bytes);

/* The words of a sink's elements when they are of several types, else NULL. */
const uint8_t *sink_words(const struct match_sink *sink);

/* Elements of several types, whose words are given, for a sentence. false: of one type. */
bool sink_mixed_text(uint32_t type, size_t bytes, const uint8_t *words, char *text, size_t size);

/* Elements of a message of several types; 0 where its words are not here. */
size_t sink_mixed_count(const struct match_result *m);

/* What check returns for this relation; refusals with their sentences (sink.c). */
int sink_related(enum type_relation relation, bool too_long, const struct match_sink *sink,
                 const struct match_result *m);

/* Refuse with a sentence that names both sides (sink.c). Returns code. */
int sink_refuse(int code, const struct match_sink *sink, const struct match_result *m,
                const char *advice);

#endif
