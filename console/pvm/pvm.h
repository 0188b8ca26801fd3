/* pvm.h: one `dvm pvm`: the console with the commands of PVM 3.4, what its parts share.
 *
 *   ../commands/pvm.c  options; the machine, the host file
 *   loop.c             lines of stdin and messages of the daemon, as they come
 *   table.c            the commands; help
 *   words.c            alias, echo, setenv, export: what concerns the console alone
 *   hosts.c            add, conf, delete, mstat
 *   tasks.c            ps, pstat, kill, sig, reset
 *   spawn.c, where.c   spawn, and on which hosts
 *   jobs.c             tasks whose output comes here
 *   mailbox.c          names, put
 *   option.c           getopt, setopt
 *   hostfile.c         host files
 *
 * What a command prints is what PVM's prints, to the letter where a script may read it; why
 * something failed is said on stderr in DVM's words, too. */
#ifndef DVM_CONSOLE_PVM_PVM_H
#define DVM_CONSOLE_PVM_PVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/console.h"
#include "console/held.h"
#include "console/listing.h"
#include "console/lost.h"
#include "console/pvm/hostfile.h"
#include "proto/client.h"
#include "proto/control.pb-c.h"

struct pvm_alias {
    char *name, *text; /* owned */
};

struct pvm {
    const struct console *c;
    struct client *client; /* this console: jobs' output comes to it */
    struct client *asker;  /* for questions, so that no output is lost over an answer */
    struct hostfile hosts; /* what host files and add have said */
    char *path;            /* owned: PATH as it was */
    struct pvm_alias *aliases;
    size_t alias_count;
    struct pvm_job *jobs;  /* owned list */
    struct held_list early; /* of tasks that no job has yet */
    struct lost_hosts lost; /* news of tasks there may come later */
    unsigned job_number;   /* of the last one */
    bool terminal, leave;
    int result;
};

struct pvm_command {
    const char *name, *summary, *syntax; /* syntax: what stands behind the name */
    const char *text;                    /* further lines of help, or NULL */
    int least, most;                     /* words behind the name; most -1: any number */
    void (*function)(struct pvm *p, int argc, char **argv); /* argv[0]: the name */
};

/* ---- loop.c ---- */

/* Read and do lines until the end. */
void pvm_loop(struct pvm *p);

/* Do what a line says. */
void pvm_line(struct pvm *p, const char *line);

/* Take what was held, as if it came now. */
void pvm_take(struct pvm *p, struct held_list *list);

/* Take one message of the daemon that is no answer. */
void pvm_message(struct pvm *p, const struct dvm_frame *f, const uint8_t *payload);

/* ---- table.c ---- */

/* The command of a name, or NULL. */
const struct pvm_command *pvm_command_find(const char *name);
void pvm_help(struct pvm *p, int argc, char **argv);

/* ---- words.c ---- */

/* The text that a name stands for, or NULL. */
const char *pvm_alias_text(const struct pvm *p, const char *name);
void pvm_aliases_free(struct pvm *p);
void pvm_alias(struct pvm *p, int argc, char **argv);
void pvm_unalias(struct pvm *p, int argc, char **argv);
void pvm_echo(struct pvm *p, int argc, char **argv);
void pvm_setenv(struct pvm *p, int argc, char **argv);
void pvm_export(struct pvm *p, int argc, char **argv);
void pvm_unexport(struct pvm *p, int argc, char **argv);
void pvm_id(struct pvm *p, int argc, char **argv);
void pvm_version(struct pvm *p, int argc, char **argv);
void pvm_inside(struct pvm *p, int argc, char **argv);

/* ---- trace.c ---- */

/* The command trace: show or choose what spawn -@ has tasks tell. */
void pvm_trace(struct pvm *p, int argc, char **argv);

/* Start who writes down what a job's tasks tell, to a file (NULL: to the terminal), and have the
 * tasks that are spawned next tell it. ends: say when that has ended. Returns a descriptor for
 * pvm_trace_end, negative when nothing could be started. */
int pvm_trace_begin(unsigned job, const char *file, bool ends);

/* They are spawned, or not (NULL); those after them tell nobody. */
void pvm_trace_end(int tids, const Dvm__Pb__SpawnReply *reply);

/* ---- hosts.c ---- */

/* PVM's name for an architecture of DVM's, and its number of how data is stored. */
const char *pvm_arch(const char *machine);

/* The machine's hosts; NULL after a sentence. To be freed with
 * dvm__pb__hosts_reply__free_unpacked. */
Dvm__Pb__HostsReply *pvm_hosts(const struct pvm *p);

/* The host of a name that is up, or NULL. */
const Dvm__Pb__Host *pvm_host(const Dvm__Pb__HostsReply *hosts, const char *name);

/* Do a command of dvm in a process of its own. Returns its exit code. */
int pvm_do(const struct pvm *p, int argc, char **argv);

/* Add all hosts of the host file that are meant to be added and are not there. */
void pvm_add_all(struct pvm *p);
void pvm_add(struct pvm *p, int argc, char **argv);
void pvm_conf(struct pvm *p, int argc, char **argv);
void pvm_delete(struct pvm *p, int argc, char **argv);
void pvm_mstat(struct pvm *p, int argc, char **argv);
void pvm_halt(struct pvm *p, int argc, char **argv);
void pvm_quit(struct pvm *p, int argc, char **argv);

/* ---- tasks.c ---- */

/* The tasks of all hosts; false after a sentence. To be freed with listing_free in any case. */
bool pvm_tasks(const struct pvm *p, struct listing *l);

/* Read a tid as PVM writes it: 40001 or t40001, or 0x40001. */
bool pvm_tid(const char *text, int *tid);

/* The heading of a list of tasks, and a line of it. */
void pvm_task_heading(bool wide);
void pvm_task_line(const Dvm__Pb__Task *t, bool wide);

/* The code of an error in PVM's words. */
const char *pvm_error(int code);
void pvm_ps(struct pvm *p, int argc, char **argv);
void pvm_pstat(struct pvm *p, int argc, char **argv);
void pvm_kill(struct pvm *p, int argc, char **argv);
void pvm_sig(struct pvm *p, int argc, char **argv);
void pvm_reset(struct pvm *p, int argc, char **argv);

/* ---- spawn.c, where.c ---- */

/* The command spawn. */
void pvm_spawn(struct pvm *p, int argc, char **argv);

/* Where programs are looked for: PVM_PATH, ep= of host files, PVM's own folder, PATH. */
void pvm_path(const struct pvm *p);

/* The hosts, parted by commas, that a word of spawn means: a host or an architecture, all
 * others with '~' in front; "": all. NULL: none is so. To be freed. */
char *pvm_where(const Dvm__Pb__HostsReply *hosts, const char *word);

/* A text with $NAME replaced by the environment's. To be freed; NULL: no memory. */
char *pvm_expand(const char *text);

/* ---- jobs.c ---- */

struct pvm_job {
    struct pvm_job *next;
    unsigned number;
    FILE *file;       /* owned; NULL: to the console */
    int *tids;        /* owned; of its own tasks, then what they have spawned; 0: has ended */
    size_t count, left;
};

/* A new job of so many tasks, the last of the list. file: NULL for the console; taken in any
 * case. NULL: no memory. */
struct pvm_job *pvm_job_create(struct pvm *p, size_t count, FILE *file);

/* Its tasks are known: those that were not started have tids below 0. */
void pvm_job_started(struct pvm *p, struct pvm_job *job, const Dvm__Pb__SpawnReply *reply);

/* Forget a job. */
void pvm_job_remove(struct pvm *p, struct pvm_job *job);

/* A task has written something, or has ended. false: no job has this task, or not yet. */
bool pvm_job_output(struct pvm *p, const Dvm__Pb__Stdio *m);
bool pvm_job_exit(struct pvm *p, const Dvm__Pb__TaskExit *m);

/* A job's task has spawned others, whose output comes here, too. false: as above. */
bool pvm_job_guests(struct pvm *p, const Dvm__Pb__Guests *m);

/* All tasks of jobs on a host have ended with it. Returns how many. */
size_t pvm_jobs_lost(struct pvm *p, int slot);
void pvm_jobs(struct pvm *p, int argc, char **argv);

/* ---- mailbox.c, option.c ---- */

/* The commands names, put. */
void pvm_names(struct pvm *p, int argc, char **argv);
void pvm_put(struct pvm *p, int argc, char **argv);

/* Whether the mailbox has an entry of this name. */
bool pvm_is_named(const struct pvm *p, const char *name);

/* ---- hoster.c ---- */

/* Whether a program of PVM's starts the daemons of hosts; add a host by it: returns NULL, or why it
 * is not added, in PVM's words (static). */
bool pvm_hoster_is_there(const struct pvm *p);
const char *pvm_hoster_add(const struct pvm *p, const struct hostfile_entry *e);

/* Delete values whose owners have ended. */
void pvm_leftovers(const struct pvm *p);
void pvm_getopt(struct pvm *p, int argc, char **argv);
void pvm_setopt(struct pvm *p, int argc, char **argv);

#endif
