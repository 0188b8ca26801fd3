/* explain.h: what `dvm help` and `dvm COMMAND --help` say, for programs (--json): the tables
 * from which the texts are made. Each object is the caller's. */
#ifndef DVM_CONSOLE_EXPLAIN_H
#define DVM_CONSOLE_EXPLAIN_H

#include <jansson.h>

#include "console/command.h"
#include "console/help/topic.h"

/* Of a command: name, aliases, operands, summary, text, options, examples. */
json_t *explain_command(const struct command *k);

/* Of a topic: name, summary, text, rows. */
json_t *explain_topic(const struct topic *t);

/* Names and summaries of all commands and topics. */
json_t *explain_overview(void);

#endif
