/* config.h: the settings of this daemon: read at its start, told to `dvm config`. */
#ifndef DVMD_CONFIG_H
#define DVMD_CONFIG_H

#include "base/settings.h"
#include "daemon/computer/cgroup.h"
#include "daemon/handler.h"
#include "daemon/keeper.h"
#include "daemon/options.h"

struct cluster;
struct daemon;

/* Read the settings of this host, options of the command line last. Errors: ARG,
 * REFUSED, SYSTEM (dvm_fail). */
int config_read(struct settings *s, const struct options *o);

/* The limits of tasks for the keeper: limits->files is what tasks would have without a
 * setting. cgroup is opened where that is possible; what is not is noted in s. */
void config_limits(struct settings *s, struct keeper_limits *limits, struct cgroup *cgroup);

/* Which address to listen on (out, "" for all), and which to offer from now on; that there is
 * none to offer is noted in s. Error: ARG (dvm_fail, join_mark): it is none of this host. */
int config_addresses(struct settings *s, char *out, size_t size);

/* Put what the machine that was joined says of itself in the place of what was read. */
void config_joined(struct settings *s, const struct cluster *c);

/* Write to the log what was noted while they were read. */
void config_log(const struct settings *s);

/* How a setting is enforced here: a word or two, "" where there is nothing to enforce. */
const char *config_enforced(const struct daemon *d, enum setting_key key);

/* CONFIG. A row with function NULL ends the table. */
extern const struct handler config_handlers[];

#endif
