/* config.h: the settings of this daemon: read at its start, told to `dvm config`. */
#ifndef DVMD_CONFIG_H
#define DVMD_CONFIG_H

#include "base/settings.h"
#include "daemon/handler.h"
#include "daemon/options.h"

struct daemon;

/* Read the settings of this host, options of the command line last. Errors: ARG,
 * REFUSED, SYSTEM (dvm_fail). */
int config_read(struct settings *s, const struct options *o);

/* Write to the log what was noted while they were read. */
void config_log(const struct settings *s);

/* How a setting is enforced here: a word or two, "" where there is nothing to enforce. */
const char *config_enforced(const struct daemon *d, enum setting_key key);

/* CONFIG. A row with function NULL ends the table. */
extern const struct handler config_handlers[];

#endif
