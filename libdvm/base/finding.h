/* finding.h: what `dvm doctor` finds, as dvmd and dvm both know it.
 *
 * A finding is about one check of one host: well, a note, or a fault that keeps something
 * from working. Each that is not well has a code, whose row here says what to do; codes of
 * joins (join.h, J...) are used where a join would fail with them. dvmd --check writes a
 * finding as a line, which survives any shell between it and dvm.
 */
#ifndef DVM_BASE_FINDING_H
#define DVM_BASE_FINDING_H

#include <stddef.h>

#include "base/join.h"

/* X(NAME, code, check, cause, remedy): in a remedy %s is the host. */
#define FINDING_LIST(X)                                                                        \
    X(FOLDER, 101, "folder", "the runtime folder cannot be used",                              \
      "make it yours alone (chmod 700), or name another: DVM_DIR; on %s: "                     \
      "ls -ld \"${DVM_DIR:-/tmp/dvm-$(id -u)}\"")                                              \
    X(SPACE, 102, "space", "the disk of the runtime folder is nearly full",                    \
      "free some space there, or name a folder elsewhere: DVM_DIR; on %s: "                    \
      "df \"${DVM_DIR:-/tmp}\"")                                                               \
    X(FILES, 103, "files", "few descriptors are allowed",                                      \
      "raise the hard limit on %s: ulimit -Hn 65536, or nofile in /etc/security/limits.conf")  \
    X(MEMORY, 104, "memory", "tasks cannot share memory: memfd_create is not possible",        \
      "allow memfd_create and sealing on %s, for instance in the container's seccomp profile") \
    X(COPY, 105, "copy", "process_vm_readv is not allowed between the user's processes",       \
      "large messages between tasks of a host go through a ring then, slower where their "     \
      "cores are far apart; to allow it on %s: sysctl kernel.yama.ptrace_scope=1, in a "       \
      "container --cap-add SYS_PTRACE")                                                        \
    X(CGROUP, 106, "cgroup", "no cgroup may be made there",                                    \
      "limits are kept by rlimit instead; to have cgroups on %s: systemd-run --user --scope "  \
      "-p Delegate=yes dvm start")                                                             \
    X(CORES, 107, "cores", "the processor time allowed is less than the cores that are seen",  \
      "raise the quota of the container, or start dvmd on %s with --cores N")                  \
    X(CLOCK, 108, "clock", "reading the clock is slow: the kernel does not trust the processor's", \
      "see why on %s: dmesg | grep -i clocksource; tsc=reliable at boot, if it is")            \
    X(LIBRARY, 109, "libdvm", "libdvm.so.0 is not found by the loader or beside dvmd",         \
      "programs built with dvmcc may still find it; else on %s: LD_LIBRARY_PATH, ldconfig, "   \
      "or dvm run --push")                                                                     \
    X(DAEMON, 110, "dvmd", "dvmd does not run on this computer",                               \
      "name the right one: DVM_DAEMON=/path/of/dvmd, or install dvm again")                    \
    X(VERSION, 111, "version", "dvm and dvmd are of different versions",                       \
      "use those of one installation, on %s: dvm version")                                     \
    X(SSH, 112, "ssh", "there is no ssh on this computer",                                     \
      "install openssh-client for dvm add; dvm add --ssh PROGRAM and tickets do without")      \
    X(SILENT, 201, "path", "no answer comes back",                                             \
      "open the control port (TCP) in the firewall of %s or on the way to it; to choose the "  \
      "port: setting port")                                                                    \
    X(REFUSED, 202, "path", "the connection is refused",                                       \
      "let the firewall of %s accept its control port (TCP) instead of rejecting it")          \
    X(ROUTE, 203, "path", "no way leads there",                                                \
      "offer only addresses that the others reach: setting offer in dvmd.conf of %s")          \
    X(STRANGER, 204, "path", "somebody else answers there",                                    \
      "several hosts have that address; offer others: setting offer in dvmd.conf of %s")       \
    X(ADDRESS, 205, "path", "the host offers no address that means anything there",            \
      "start %s without --bind 127.0.0.1, or with a setting offer that the others reach")      \
    X(ONE_WAY, 206, "path", "only the other direction is open, which is the one that is used", \
      "nothing needs to be done; open the control port of %s to be safe")                      \
    X(NO_ECHO, 207, "daemon", "its daemon does not answer over the machine's own way",         \
      "is it stopped or short of CPU? on %s: dvm top; dvm logs %s")                            \
    X(NOT_TRIED, 208, "path", "it was not tried in time",                                      \
      "ask again with more time: dvm doctor --timeout 60; is %s short of CPU?")                \
    X(NO_ANSWER, 209, "daemon", "the host's daemon did not report",                            \
      "is it of an older version, or stopped? dvm hosts; dvm logs %s")                          \
    X(LANE_CLOSED, 210, "lane port", "the host takes no connections between tasks",            \
      "see why: dvm logs %s; the port above its control port must be free: setting port")       \
    X(LANE_SILENT, 211, "lane port", "no answer comes back",                                   \
      "open the port above the control port (TCP), too, in the firewall of %s or on the way "   \
      "to it; until then daemons carry what those tasks send, which is slower")                \
    X(LANE_REFUSED, 212, "lane port", "the connection is refused",                             \
      "let the firewall of %s accept the port above its control port (TCP), too; until then "   \
      "daemons carry what those tasks send, which is slower")                                  \
    X(LANE_STRANGER, 213, "lane port", "somebody else answers there",                          \
      "several hosts have that address; offer others: setting offer in dvmd.conf of %s")       \
    X(LANE_ROUTE, 214, "lane port", "no way leads there",                                      \
      "offer only addresses that the others reach: setting offer in dvmd.conf of %s")

enum finding_code {
    FINDING_NONE,
#define FINDING_CONSTANT(name, code, check, cause, remedy) FINDING_##name = (code),
    FINDING_LIST(FINDING_CONSTANT)
#undef FINDING_CONSTANT
};

enum finding_level {
    FINDING_WELL,
    FINDING_NOTE, /* slower or less than it could be */
    FINDING_BAD,  /* something does not work */
    FINDING_LEVELS
};

#define FINDING_CHECK_BYTES 16 /* of the name of a check with its NUL */
#define FINDING_CODE_BYTES JOIN_CODE_BYTES /* "D104", "J804" */
#define FINDING_TEXT_BYTES 320 /* of what was found with its NUL */
#define FINDING_LINE_BYTES (FINDING_TEXT_BYTES + 64)
#define FINDING_MAX 32         /* findings about one host */
#define FINDING_REMEDY_BYTES 512

/* What begins a finding in a line. */
#define FINDING_WORD "check "

struct finding {
    enum finding_level level;
    char check[FINDING_CHECK_BYTES];
    char code[FINDING_CODE_BYTES]; /* "" where it is well */
    char text[FINDING_TEXT_BYTES];
};

struct findings {
    struct finding list[FINDING_MAX];
    size_t count;
};

struct finding_row {
    enum finding_code code;
    const char *check, *cause, *remedy;
};

/* The table in order of codes; code is FINDING_NONE at its end. */
extern const struct finding_row finding_rows[];

/* The row of a code, or NULL for a number that is none. */
const struct finding_row *finding_row(int code);

/* The code that a text is ("D104", "d104"), or FINDING_NONE. */
enum finding_code finding_code_read(const char *text);

/* A code as text. */
void finding_code_write(enum finding_code code, char out[FINDING_CODE_BYTES]);

/* The word for a level: "well", "note", "bad". */
const char *finding_level_name(enum finding_level level);

/* Add that a check is well; what is beyond FINDING_MAX is dropped. The rest as printf. */
void finding_well(struct findings *f, const char *check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add what is not well, by the row of its code. */
void finding_add(struct findings *f, enum finding_level level, enum finding_code code,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Add a failure of a join: code is one of join.h. */
void finding_join(struct findings *f, int code, const char *text);

/* What to do about a code, of this table or that of joins, at a host (NULL: "HOST"); ""
 * for a text that is no code. */
void finding_remedy(const char *code, const char *host, char *out, size_t size);

/* Write a finding as a line, without its end: "check LEVEL CODE NAME: TEXT"; CODE is "-"
 * where it is well. */
void finding_write(const struct finding *f, char out[FINDING_LINE_BYTES]);

/* Read such a line. Returns 0 for one that is none. */
int finding_read(const char *line, struct finding *out);

#endif
