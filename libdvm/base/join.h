/* join.h: everything that can keep a host from joining: each with a code that never
 * changes its meaning, the step at which it happens, the cause and the remedy.
 *
 * Console, daemon and help read this one table. The first digit of a code is the
 * step. Who finds out that a join fails marks the code beside its sentence; dvmd ends
 * what it says with it, as "CAUSE -> REMEDY [J804]", so that it survives any shell
 * between dvmd and dvm add.
 */
#ifndef DVM_BASE_JOIN_H
#define DVM_BASE_JOIN_H

#include <stddef.h>

/* X(NAME, code, step, cause, remedy): in a remedy %s is the host. */
#define JOIN_LIST(X)                                                                           \
    X(COMMAND, 1, "start", "the command that reaches the host cannot be run on this computer", \
      "is it in PATH? Install ssh, or name another: dvm add --ssh PROGRAM %s")                 \
    X(LATE, 2, "time", "the host did not answer in time",                                      \
      "does it answer by hand? ssh %s true; a slow one: dvm add --timeout 300 %s")             \
    X(NAME, 101, "resolve", "the name of the host is not known here",                          \
      "check the name: getent hosts %s")                                                       \
    X(CONNECT_REFUSED, 201, "connect", "nobody listens on the host's port for ssh",            \
      "start sshd there, then try: ssh %s true")                                               \
    X(CONNECT_TIMEOUT, 202, "connect", "the host's port for ssh gives no answer",              \
      "is it on, and port 22 open in its firewall? try: ssh %s true")                          \
    X(CONNECT_ROUTE, 203, "connect", "no way leads to the host",                               \
      "is it on, and in your network? try: ping %s")                                           \
    X(CONNECT_CLOSED, 204, "connect", "the host closed the connection before a login",         \
      "its sshd log tells why; try: ssh -v %s true")                                           \
    X(CONNECT, 209, "connect", "ssh failed", "try: ssh -v %s true")                            \
    X(HOST_KEY, 301, "host key", "this computer does not know the host's key yet",             \
      "log in once to accept it: ssh %s true")                                                 \
    X(HOST_KEY_CHANGED, 302, "host key", "the host has another key than it had",               \
      "if you know why: ssh-keygen -R %s")                                                     \
    X(LOGIN, 303, "login", "the host does not let you in without a password",                  \
      "give it your key: ssh-copy-id %s")                                                      \
    X(LOGIN_TRIES, 304, "login", "ssh offered too many keys",                                  \
      "name one: dvm add --ssh \"ssh -o IdentitiesOnly=yes -i KEY\" %s")                       \
    X(PROGRAM, 401, "program", "dvmd is not on the host",                                      \
      "install dvm there, or add it without --no-push: dvm add %s")                            \
    X(LIBRARY, 402, "program", "dvmd is on the host, but a library that it needs is not",      \
      "install the same packages there, or add it without --no-push: dvm add %s")              \
    X(LIBC, 403, "program", "the host's system is older than the one that dvmd was built for", \
      "build dvm on %s, or here on the oldest system of all hosts")                            \
    X(ARCH, 404, "program", "the host has another processor or system than this computer",     \
      "build and install dvm on %s")                                                           \
    X(PUSH, 405, "program", "dvmd could not be copied to the host",                            \
      "look for a full disk or noexec: ssh %s 'findmnt -T \"${DVM_DIR:-/tmp}\"; "              \
      "df \"${DVM_DIR:-/tmp}\"'")                                                              \
    X(VERSION, 501, "version", "the host's dvmd and the machine speak no common version",      \
      "install the same version of dvm on %s as here; this one: dvm version")                  \
    X(FOLDER, 601, "folder", "the runtime folder on the host cannot be trusted",               \
      "make it yours alone, or name another: ssh %s "                                          \
      "'ls -ld \"${DVM_DIR:-/tmp/dvm-$(id -u)}\"'")                                            \
    X(DISK, 602, "folder", "the runtime folder on the host cannot be made or written",         \
      "is its disk full? ssh %s 'df \"${DVM_DIR:-/tmp}\"'")                                    \
    X(LOCK, 603, "folder", "a daemon of that host runs already",                               \
      "if it is of this machine: dvm rm %s; if of another: ssh %s dvm halt")                   \
    X(PORT, 604, "port", "the port is in use on the host",                                     \
      "let it choose one: dvmd without --port; who has it: ssh %s ss -ltnp")                   \
    X(BIND, 605, "port", "the address to listen on is not one of the host",                    \
      "its addresses: ssh %s ip -brief address")                                               \
    X(LIMIT, 606, "limit", "a limit of the host was reached",                                  \
      "look at: ssh %s \"ulimit -a; free -m\"")                                                \
    X(OPTION, 607, "option", "dvmd does not take that option or name",                         \
      "its options: dvmd --help")                                                              \
    X(SETTING, 608, "setting", "a setting of the host cannot be read or taken",                \
      "correct it where the sentence says; what each setting takes: dvm config --keys")        \
    X(DIAL_BACK, 701, "dial back", "the host reaches no address of the machine",               \
      "open the port of the machine's first host for %s; to choose it: dvm start --port N")    \
    X(WRONG_DAEMON, 702, "dial back", "only daemons of other machines answer the host",        \
      "see that the addresses which were not reached can be from %s: ping, firewall")          \
    X(TICKET_ALTERED, 801, "ticket", "the ticket is incomplete or altered",                    \
      "copy all of it, or make a new one: dvm invite")                                         \
    X(TICKET_UNKNOWN, 802, "ticket", "the daemon that answered does not know the ticket",      \
      "make a new one where the machine runs: dvm invite")                                     \
    X(TICKET_EXPIRED, 803, "ticket", "the time of the ticket is over",                         \
      "make a new one: dvm invite --for 1h")                                                   \
    X(TICKET_USED, 804, "ticket", "the ticket is used up",                                     \
      "make one for more hosts: dvm invite --uses N")                                          \
    X(TICKET_NONE, 805, "ticket", "there is no ticket in the file or on standard input",       \
      "dvm invite | ssh %s dvmd --join -")                                                     \
    X(MEMBER, 901, "register", "a host of this name is in the machine",                        \
      "if it is to start anew: dvm rm %s")                                                     \
    X(FULL, 902, "register", "the machine has no place left",                                  \
      "remove hosts (dvm rm HOST) and wait ten minutes")                                       \
    X(CLOSING, 903, "register", "the machine is being stopped", "start it again: dvm start")   \
    X(COORDINATOR, 904, "register", "the daemon that was asked does not admit hosts",          \
      "make a ticket again, which asks the right one: dvm invite")                             \
    X(SECURITY, 905, "register", "the machine has less lane security than the host demands",   \
      "start it anew with more; what %s demands: ssh %s dvm config")                           \
    X(OTHER, 999, "join", "dvmd ended on the host for a reason of its own",                    \
      "try it by hand there: dvm invite | ssh %s dvmd --foreground --join -")

enum join_code {
    JOIN_NONE,
#define JOIN_CONSTANT(name, code, step, cause, remedy) JOIN_##name = (code),
    JOIN_LIST(JOIN_CONSTANT)
#undef JOIN_CONSTANT
};

#define JOIN_CODE_BYTES 8     /* "J804" with its NUL, and some */
#define JOIN_SENTENCE_MAX 512 /* bytes of a cause or remedy with its NUL */

struct join_fault {
    enum join_code code;
    const char *step, *cause, *remedy;
};

/* The table in order of codes; code is JOIN_NONE at its end. */
extern const struct join_fault join_faults[];

/* The row of a code; that of JOIN_OTHER for a number that is none. */
const struct join_fault *join_fault(int code);

/* A code as text, such as "J804". */
void join_code_write(int code, char out[JOIN_CODE_BYTES]);

/* The code that a text is: "J804", "j804" or "804"; JOIN_NONE when it is none. */
enum join_code join_code_read(const char *text);

/* The remedy of a code for a host, or "HOST" when host is NULL. */
void join_remedy(int code, const char *host, char *out, size_t size);

/* A failed join in one line: "CAUSE -> REMEDY [J804]". */
void join_line(int code, const char *cause, const char *host, char *out, size_t size);

/* Read such a line out of what a program said: *code, and in cause (size bytes) its
 * cause without "dvmd: ". Returns whether there was one. */
int join_line_read(const char *said, enum join_code *code, char *cause, size_t size);

/* Note the code of the failure that is being told. The first one after join_clear
 * holds: it was there that it was decided. */
void join_mark(enum join_code code);

/* The code noted; without one, what the DVM_ERR_ code error suggests. */
enum join_code join_marked(int error);

/* Forget what was noted. */
void join_clear(void);

#endif
