/* setting.h: the settings of a daemon, one row each: what a setting is called, what its
 * value may be, what an administrator's value means for users.
 *
 * From the one table come the reading of dvmd.conf (settings.h), `dvm config`, the manual
 * page dvmd.conf(5) and the checks of docs/configuration.md.
 */
#ifndef DVM_BASE_SETTING_H
#define DVM_BASE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Limits of values that others have, too: options, and what comes over the wire. */
#define SETTING_SILENCE_MIN_S 0.5  /* seconds */
#define SETTING_SILENCE_MAX_S 60
#define SETTING_REJOIN_MAX_S 86400 /* seconds */
#define SETTING_JOIN_S 20          /* seconds: the default, and what is longer is patience */
#define SETTING_PORT_MAX 65534     /* the port above it is used, too */

enum setting_key {
    SETTING_HOST_TASKS,
    SETTING_TASK_MEMORY,
    SETTING_TASK_CORES,
    SETTING_TASK_FILES,
    SETTING_OVERSUBSCRIBE,
    SETTING_PLACEMENT,
    SETTING_SILENCE,
    SETTING_JOIN,
    SETTING_REJOIN,
    SETTING_PORT,
    SETTING_BIND,
    SETTING_OFFER,
    SETTING_LANE_SECURITY,
    SETTING_CGROUP,
    SETTING_LOG_SIZE,
    SETTING_COUNT
};

enum setting_kind {
    SETTING_NUMBER,   /* a whole number */
    SETTING_DECIMAL,  /* "1.5" */
    SETTING_SIZE,     /* bytes: "512 MiB" */
    SETTING_TIME,     /* seconds: "3 s", "500 ms", "2 min" */
    SETTING_PORTS,    /* "7117", "7100-7199" */
    SETTING_NETWORK,  /* a numeric address, or a network: "10.0.0.0/8" */
    SETTING_NETWORKS, /* several, with commas */
    SETTING_CHOICE,   /* one of some words */
    SETTING_PATH      /* one of some words, or an absolute path */
};

/* What the value in an administrator's file is for users. */
enum setting_rule {
    SETTING_FREE,     /* a default, which they may change */
    SETTING_AT_MOST,  /* a limit: they may choose less */
    SETTING_AT_LEAST, /* a limit: they may choose a later of the words */
    SETTING_WITHIN,   /* a limit: they may choose a part of the range */
    SETTING_FIXED     /* they cannot change it */
};

/* The words of choices, in the order of the tables in setting.c. */
enum setting_oversubscribe { OVERSUBSCRIBE_ALLOW, OVERSUBSCRIBE_WARN, OVERSUBSCRIBE_REFUSE };
enum setting_placement { PLACEMENT_SPREAD, PLACEMENT_PACK };
enum setting_lane_security { LANE_SECURITY_OFF, LANE_SECURITY_AUTH, LANE_SECURITY_FULL };
enum setting_cgroup { CGROUP_AUTO, CGROUP_OFF, CGROUP_PATH };

#define SETTING_TEXT_MAX 256 /* bytes of a value with its NUL */
#define SETTING_NAME_MAX 32  /* bytes of a name with its NUL */

struct setting_row {
    const char *name;           /* as in dvmd.conf */
    enum setting_kind kind;
    enum setting_rule rule;
    const char *fallback;       /* its default, as text */
    const char *nothing;        /* the word for no value at all ("unlimited"), or NULL */
    double low, high;           /* least and highest number, in bytes, seconds, ... */
    const char *const *choices; /* of SETTING_CHOICE and SETTING_PATH; NULL at the end */
    const char *value;          /* what a value is called: "N", "SIZE" */
    const char *help;           /* what it does, in sentences */
};

struct setting_value {
    bool nothing;                /* row.nothing */
    double number;               /* in the kind's unit; the lower port; the place of the word */
    double most;                 /* of ports: the higher */
    char text[SETTING_TEXT_MAX]; /* as a file would say it; reading it gives this value again */
};

/* The row of a setting. */
const struct setting_row *setting_row(enum setting_key key);

/* The key of a name of length bytes, or SETTING_COUNT. */
enum setting_key setting_find(const char *name, size_t length);

/* The setting whose name is most like this one, or NULL. */
const char *setting_nearest(const char *name, size_t length);

/* Read a value. Error: ARG, with a sentence that says what the setting takes. */
int setting_parse(enum setting_key key, const char *text, struct setting_value *out);

/* Whether value goes past an administrator's limit, by the setting's rule. */
bool setting_exceeds(enum setting_key key, const struct setting_value *value,
                     const struct setting_value *limit);

/* What the setting takes, in words: "a size from 1 MiB to 64 TiB, or unlimited". */
void setting_range(enum setting_key key, char *text, size_t size);

/* What an administrator's value is for users, in words. */
const char *setting_rule_text(enum setting_key key);

/* The environment variable that sets it: "DVM_" and its name in capitals. */
void setting_variable(enum setting_key key, char text[SETTING_NAME_MAX]);

/* Write the rows of dvmd.conf(5) in the language of man pages: one .TP each. */
void setting_manual(FILE *out);

#endif
