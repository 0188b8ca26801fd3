/* top.c: dvm top: hosts and tasks at work, drawn again each second.
 *
 * Daemons are asked for totals; what is shown are the differences to the time before. On a
 * terminal the first picture comes soon, with rates of a short time.
 */
#include "console/command.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "console/text/grid.h"
#include "console/text/words.h"
#include "console/watch/sample.h"
#include "console/watch/screen.h"

#define FIRST_SECONDS 0.25 /* until the first picture */
#define HEAD_ROWS 6        /* lines of the screen that are no hosts and no tasks */
#define HEAD_MAX (DVM_NAME_MAX + 160) /* bytes of the first line */
#define MS 1000

struct settings {
    double interval; /* seconds */
    const char *sort;
    bool once;
};

static const struct settings defaults = {.interval = 1, .sort = "cpu"};

static const struct option_row rows[] = {
    {"interval", 'i', OPTION_TIME, offsetof(struct settings, interval), "TIME",
     "how long from one picture to the next (default: 1s)", 0.1, 86400},
    {"sort", 's', OPTION_TEXT, offsetof(struct settings, sort), "cpu|memory|sent|received|tid",
     "the order of the tasks (default: cpu)", 0, 0},
    {"once", 0, OPTION_FLAG, offsetof(struct settings, once), NULL,
     "print one picture, of one interval, and end", 0, 0},
    OPTION_END};

static const struct grid_column host_columns[] = {
    {"HOST", false, false}, {"STATE", false, false}, {"CORES", true, false},
    {"TASKS", true, false}, {"LOAD", true, false},   {"CPU%", true, false},
    {"MEM USED", true, false}, {"MEM", true, false}, {"DAEMON%", true, false},
    {"DAEMON MEM", true, false},
};
static const struct grid_column task_columns[] = {
    {"TID", false, false},   {"RANK", true, false},  {"HOST", false, false},
    {"STATE", false, false}, {"CPU%", true, false},  {"MEM", true, false},
    {"MSG OUT/s", true, false}, {"OUT/s", true, false}, {"MSG IN/s", true, false},
    {"IN/s", true, false},   {"AGE", true, false},   {"PROGRAM", false, true},
};

static const struct {
    char key;
    enum sample_order order;
} keys[] = {{'c', SAMPLE_CPU}, {'m', SAMPLE_MEMORY}, {'s', SAMPLE_SENT},
            {'r', SAMPLE_RECEIVED}, {'t', SAMPLE_TID}};

/* ---- one picture -------------------------------------------------------------------------- */

static void host_line(struct grid *g, const struct sample_host *h)
{
    char text[WORDS_SIZE_MAX];

    grid_line(g);
    grid_cell(g, "%s", h->name);
    grid_cell(g, "%s", h->known ? words_host_state(h->state) : "silent");
    grid_color(g, h->known ? words_host_color(h->state) : "red");
    grid_cell(g, "%u", h->cores);
    grid_cell(g, "%u", h->tasks);
    if (!h->known) {
        for (size_t i = 4; i < sizeof host_columns / sizeof host_columns[0]; i++)
            grid_cell(g, "-");
        return;
    }
    grid_cell(g, "%.2f", h->load);
    grid_cell(g, "%.1f", h->cpu);
    grid_cell(g, "%s", words_size(text, (double)(h->memory_total - h->memory_free)));
    grid_cell(g, "%s", words_size(text, (double)h->memory_total));
    grid_cell(g, "%.1f", h->daemon_cpu);
    grid_cell(g, "%s", words_size(text, (double)h->daemon_memory));
}

static void count_cells(struct grid *g, const struct sample_count *messages,
                        const struct sample_count *bytes, bool counted)
{
    char text[WORDS_SIZE_MAX];

    if (!counted) {
        grid_cell(g, "-");
        grid_cell(g, "-");
        return;
    }
    grid_cell(g, "%.0f", messages->rate);
    grid_cell(g, "%s", words_size(text, bytes->rate));
}

static void task_line(struct grid *g, const struct sample_task *t)
{
    char text[WORDS_SIZE_MAX], age[WORDS_AGE_MAX];
    const char *base = strrchr(t->program, '/');

    grid_line(g);
    grid_cell(g, "0x%x", (unsigned)t->tid);
    grid_cell(g, "%d", t->rank);
    grid_cell(g, "%s", t->host);
    grid_cell(g, "%s", sample_state(t->state));
    grid_color(g, sample_color(t->state));
    grid_cell(g, "%.1f", t->cpu);
    grid_cell(g, "%s", words_size(text, (double)t->memory));
    count_cells(g, &t->sent_messages, &t->sent_bytes, t->counted);
    count_cells(g, &t->received_messages, &t->received_bytes, t->counted);
    grid_cell(g, "%s", words_age(age, t->age));
    grid_cell(g, "%s", base ? base + 1 : t->program);
}

/* Print hosts, then tasks, at most so many lines of each; says what is left out. */
static int print(const struct console *c, const struct sample *s, size_t most_hosts,
                 size_t most_tasks)
{
    size_t hosts = s->host_count < most_hosts ? s->host_count : most_hosts;
    size_t tasks = s->task_count < most_tasks ? s->task_count : most_tasks;
    struct grid *g = grid_create(c, host_columns, sizeof host_columns / sizeof host_columns[0]);
    int r;

    for (size_t i = 0; i < hosts; i++)
        host_line(g, &s->hosts[i]);
    r = grid_print(g);
    if (hosts < s->host_count)
        printf("... and %zu more hosts\n", s->host_count - hosts);
    putchar('\n');
    if (tasks == 0) {
        puts(s->task_count ? "(no room for tasks)" : "no tasks run");
        return r;
    }
    g = grid_create(c, task_columns, sizeof task_columns / sizeof task_columns[0]);
    for (size_t i = 0; i < tasks; i++)
        task_line(g, &s->tasks[i]);
    r = r ? r : grid_print(g);
    if (tasks < s->task_count)
        printf("... and %zu more tasks", s->task_count - tasks);
    return r;
}

static void draw(const struct console *c, const struct sample *s, enum sample_order order)
{
    char now[16], head[HEAD_MAX];
    time_t at = time(NULL);
    struct tm parts;
    int height, width, left, hosts;

    screen_size(&height, &width);
    left = height > HEAD_ROWS + 2 ? height - HEAD_ROWS : 2;
    hosts = left / 3 > (int)s->host_count ? (int)s->host_count : left / 3 > 0 ? left / 3 : 1;
    strftime(now, sizeof now, "%H:%M:%S", localtime_r(&at, &parts));
    screen_clear();
    snprintf(head, sizeof head, "%s  machine %s: %zu hosts, %zu tasks by %s   q quits; order: c cpu"
             "  m memory  s sent  r received  t tid", now, s->machine, s->host_count, s->task_count,
             sample_order_name(order));
    printf("%.*s\n\n", width, head);
    print(c, s, (size_t)hosts, (size_t)(left - hosts));
    screen_show();
}

/* ---- again and again ------------------------------------------------------------------------ */

/* Two samples and the time between them. */
struct view {
    const struct console *c;
    struct client *client;
    struct sample before, now;
    double taken; /* when now was, seconds */
    double seconds;
};

/* Returns DVM_OK or an error with its sentence. */
static int next_sample(struct view *v)
{
    double at = clock_seconds();

    sample_free(&v->before);
    v->before = v->now;
    v->seconds = v->taken > 0 ? at - v->taken : 0;
    v->taken = at;
    return sample_take(v->client, v->before.host_count ? &v->before : NULL, &v->now);
}

/* The order that a key asks for, or the one that is. */
static enum sample_order order_of(int key, enum sample_order order)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].key == key)
            return keys[i].order;
    return order;
}

/* Returns DVM_OK or why it ended by itself. */
static int watch(struct view *v, double interval, enum sample_order order)
{
    double wait = FIRST_SECONDS < interval ? FIRST_SECONDS : interval, until;
    int r = DVM_OK, key = 0;

    until = clock_seconds() + wait;
    while (!r && key != 'q' && key != SCREEN_END) {
        double left = until - clock_seconds();

        key = screen_key(left > 0 ? left : 0);
        order = order_of(key, order);
        if (key == 0) {
            r = next_sample(v);
            until = clock_seconds() + interval;
        }
        if (!r && v->seconds > 0) {
            sample_sort(&v->now, order);
            draw(v->c, &v->now, order);
        }
    }
    return r;
}

static int report(const struct view *v)
{
    int r = EXIT_OK;

    if (v->c->json)
        console_json(sample_json(&v->now, v->seconds));
    else
        r = print(v->c, &v->now, v->now.host_count, v->now.task_count);
    for (size_t i = 0; i < v->now.host_count; i++)
        if (!v->now.hosts[i].known)
            console_wrong(v->c, "host %s is not known: %s", v->now.hosts[i].name,
                          v->now.hosts[i].error);
    return r ? r : console_exit_some(v->now.failed, v->now.host_count, v->now.code);
}

/* Without a terminal: once, or (JSON) until nobody reads it any more. */
static int repeat(struct view *v, const struct settings *s, enum sample_order order)
{
    bool once = s->once || !v->c->json;
    int r;

    do {
        poll(NULL, 0, (int)(s->interval * MS));
        r = next_sample(v);
        if (r)
            return console_failed(v->c, r);
        sample_sort(&v->now, order);
        r = report(v);
    } while (!once && !ferror(stdout));
    return r;
}

static int top(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    enum sample_order order = sample_order(s->sort);
    struct view v = {.c = c};
    int r;

    if (order == SAMPLE_ORDERS) {
        console_wrong(c, "--sort is cpu, memory, sent, received or tid, not \"%.40s\"", s->sort);
        return EXIT_USAGE;
    }
    r = console_connect(c, &v.client);
    if (r)
        return r;
    r = next_sample(&v);
    if (r) {
        r = console_failed(c, r);
    } else if (!s->once && !c->json && screen_open()) {
        r = watch(&v, s->interval, order);
        screen_close(); /* what is said before is on the screen that goes */
        if (r)
            r = console_failed(c, r);
    } else {
        r = repeat(&v, s, order);
    }
    sample_free(&v.before);
    sample_free(&v.now);
    client_close(v.client);
    return r;
}

const struct command command_top = {
    .name = "top",
    .operands = "",
    .summary = "hosts and tasks at work: CPU, memory, messages",
    .text = "CPU% of a task is of one processor, with all that it started; of a host, of all of\n"
            "its computer. Messages and bytes are by second, counted by libdvm; programs without\n"
            "it show '-'. A task is waiting when it sleeps in a call of libdvm.\n"
            "On a terminal: q quits, c m s r t choose the order. Elsewhere, or with --once, one\n"
            "picture is printed; with --json one object a line, until it is ended.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .function = top,
    .examples = "dvm top                          # on a terminal\n"
                "dvm top --once --sort memory     # one table\n"
                "dvm top --json --interval 10s    # for a program that draws it\n",
};
