/* settings.h: what is in force on this host, and where each value comes from.
 *
 * Read in this order, a later one going before an earlier one:
 *
 *     the defaults of the table in setting.h
 *     /etc/dvm/dvmd.conf, and etc/dvm/dvmd.conf of the prefix dvmd is installed in
 *     ~/.config/dvm/dvmd.conf ($XDG_CONFIG_HOME)
 *     the file that $DVM_CONF names
 *     the environment: DVM_TASK_MEMORY for task_memory
 *     options of dvmd
 *
 * The first two are the administrator's if they belong to root and nobody else may write
 * to them: then what they say are limits, as each setting's rule has it. What goes past a
 * limit in a later file or the environment is not taken, and noted; in an option it is
 * an error. A line that cannot be read is an error: a limit that is misspelt would be none.
 *
 * A file has lines "name = value"; "#" begins a comment.
 */
#ifndef DVM_BASE_SETTINGS_H
#define DVM_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/setting.h"

#define SETTINGS_FROM_MAX 320          /* bytes of where a value comes from, with its NUL */
#define SETTINGS_NOTES_MAX 8           /* notes that are kept */
#define SETTINGS_NOTE_MAX 512          /* bytes of a note with its NUL */
#define SETTINGS_FILE_MAX (64 * 1024)  /* bytes of a file */
#define SETTINGS_NAME "dvmd.conf"

/* Whose word a value is. */
enum settings_author { SETTINGS_ADMINISTRATOR, SETTINGS_USER, SETTINGS_OPTION };

struct setting {
    struct setting_value value;
    char from[SETTINGS_FROM_MAX];       /* "/etc/dvm/dvmd.conf:3", "default", ... */
    struct setting_value limit;         /* the administrator's value */
    char limit_from[SETTINGS_FROM_MAX]; /* "" for no limit */
};

struct settings {
    struct setting list[SETTING_COUNT];
    char notes[SETTINGS_NOTES_MAX][SETTINGS_NOTE_MAX]; /* sentences for the log */
    size_t note_count;
};

/* Where to read from. All borrowed; NULL: not there. */
struct settings_places {
    const char *system[2];  /* files of the administrator */
    uid_t administrator;    /* who must own them: 0, another in tests */
    const char *user;       /* the user's file */
    const char *named;      /* a file that must be there; with environment, DVM_CONF says so */
    bool environment;
};

/* All defaults. */
void settings_init(struct settings *s);

/* Set one by its name, of length bytes; from: where that was said. Error: ARG (no such
 * setting, no such value; an option that goes past a limit), with a sentence that begins
 * with from. */
int settings_set(struct settings *s, const char *name, size_t length, const char *value,
                 const char *from, enum settings_author author);

/* Take what a file says: size bytes of text, with a NUL behind them. file: its name, for
 * sentences. Error: ARG, with the sentence of the first line that is wrong; those of the others are
 * notes. */
int settings_text(struct settings *s, char *text, size_t size, const char *file,
                  enum settings_author author);

/* The defaults, then all places. Errors: ARG, SYSTEM (a file cannot be read). */
int settings_read(struct settings *s, const struct settings_places *places);

/* The same from the usual places. */
int settings_read_usual(struct settings *s);

/* Keep a sentence about them. */
void settings_note(struct settings *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Values in force. */
const struct setting_value *settings_get(const struct settings *s, enum setting_key key);

/* As settings_get, as a number: 0 for "unlimited" and such. */
double settings_number(const struct settings *s, enum setting_key key);

/* Put another value in force, known to be good: what the machine says goes before what
 * this host has read. */
void settings_force(struct settings *s, enum setting_key key, const char *value,
                    const char *from);

/* A limit in words, for a sentence: "host_tasks, /etc/dvm/dvmd.conf:3". */
const char *settings_where(const struct settings *s, enum setting_key key, char *text,
                           size_t size);

#endif
