/* sample.h: what hosts and tasks use, as rates between two moments. */
#ifndef DVM_CONSOLE_SAMPLE_H
#define DVM_CONSOLE_SAMPLE_H

#include "console/ask.h"
#include "console/console.h"

struct sample_host {
    char name[DVM_NAME_MAX];
    int slot;
    unsigned state, cores, tasks; /* of those that answered, else as last heard */
    bool known;          /* it answered; else what follows is 0 */
    char error[DVM_SENTENCE_MAX]; /* why not */
    unsigned processors;
    double load;
    double cpu;          /* percent of all processors of the computer */
    double daemon_cpu;   /* percent of one processor: daemon and keeper */
    uint64_t memory_total, memory_free, daemon_memory; /* bytes */
    uint64_t now_ms, busy_ms, daemon_cpu_ms;
};

/* Of messages: in all, and by second. */
struct sample_count {
    uint64_t total;
    double rate;
};

struct sample_task {
    int tid, rank, slot, pid;
    char host[DVM_NAME_MAX];
    char *program;       /* owned */
    double age, cpu;     /* seconds; percent of one processor */
    uint64_t cpu_ms, memory;
    unsigned processes;
    char state;          /* as TaskUsage.state; '?' for 0 */
    bool counted;        /* the rest is known */
    struct sample_count sent_messages, sent_bytes, received_messages, received_bytes;
};

/* All hosts and tasks at one moment. All zero: nothing. */
struct sample {
    char machine[DVM_NAME_MAX];
    struct sample_host *hosts; /* owned; in order of slots */
    size_t host_count;
    struct sample_task *tasks; /* owned; in order of tids */
    size_t task_count;
    size_t failed;             /* hosts that did not answer */
    int code;                  /* why the last of them did not */
};

/* Ask all hosts. before: the sample that rates are counted from, or NULL: all rates are 0.
 * It is sorted by tid here. *out is to be freed with sample_free, also when this failed.
 * Errors: those of ask_hosts, NO_MEMORY. */
int sample_take(struct client *client, struct sample *before, struct sample *out);

/* The word for a task's state: "waiting" (in a call of libdvm), "running", "sleeping",
 * "disk", "stopped", "ended", "unknown"; and the colour it is shown in. */
const char *sample_state(char state);
const char *sample_color(char state);

/* By what tasks are sorted. */
enum sample_order {
    SAMPLE_CPU, SAMPLE_MEMORY, SAMPLE_SENT, SAMPLE_RECEIVED, SAMPLE_TID, SAMPLE_ORDERS
};

/* The name of an order. */
const char *sample_order_name(enum sample_order order);

/* The order of a name (cpu, memory, sent, received, tid), or SAMPLE_ORDERS. */
enum sample_order sample_order(const char *name);

/* Sort the tasks: those that use most first, but by tid the lowest. */
void sample_sort(struct sample *s, enum sample_order order);

/* One object with everything. seconds: between the two moments. */
json_t *sample_json(const struct sample *s, double seconds);

/* Free what it holds. */
void sample_free(struct sample *s);

#endif
