/* sddf.c: what pvmtev.h describes, as lines.
 *
 *     #1072: "pkint(0.0)"        a kind's number and name, with (0.0) for the beginning of a
 *     { ... };;                  call, (1.1) for its end, (0) for others; and its data
 *     "pkint(0.0)" { ... };;     an event
 */
#include "bindings/pvm3/tracefile/sddf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <pvm3.h>
#include <pvmtev.h>

extern struct Pvmtevinfo pvmtevinfo[];

#define FIELDS_MAX 32
#define TEXT_MAX 4096
#define VALUE_MAX 1024
#define LINE_MAX_BYTES 262144
#define NUMBER_FIRST 1000 /* of kinds: twice an event's number behind it, the ends further */
#define HOST_ADD 1802

enum side { BEGINNING, END, ALONE, SIDES };

static struct kind {
    int count, type[FIELDS_MAX]; /* of its data */
    bool written;                /* its description */
} kinds[SIDES][TEV_MAX + 1];
static char names[TEV_DID_MAX + 1][16], meanings[TEV_DID_MAX + 1][64];

static FILE *out;
static int job, speaker;
static char line[LINE_MAX_BYTES]; /* of an event */
static size_t used;

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Put more into the line; it is cut where there is no room. */
static void put(const char *format, ...)
{
    va_list args;
    int more;

    va_start(args, format);
    more = vsnprintf(line + used, sizeof line - used, format, args);
    va_end(args);
    used = more < 0 || used + (size_t)more >= sizeof line ? sizeof line - 1 : used + (size_t)more;
}

static void end_line(void)
{
    if (job)
        fprintf(out, "[T%d:t%x] ", job, (unsigned)speaker);
    fprintf(out, "%.*s\n", (int)used, line);
    used = 0;
}

void sddf_begin(FILE *file, int number)
{
    const time_t now = time(NULL);
    char when[64];

    out = file;
    job = number;
    speaker = pvm_mytid();
    strftime(when, sizeof when, "%a %b %d %H:%M:%S %Y", localtime(&now));
    put("/*");
    end_line();
    put(" * \"Creation Date\" \"%s\"", when);
    end_line();
    put(" * \"Machine\" \"Console %s (PVM %s)\"", pvm_version(), pvm_version());
    end_line();
    put(" */ ;;");
    end_line();
    end_line();
}

static const char *type_word(int type)
{
    static const char *const words[] = {
        [TEV_DATA_BYTE] = "char",    [TEV_DATA_DOUBLE] = "double", [TEV_DATA_FLOAT] = "float",
        [TEV_DATA_INT] = "int",      [TEV_DATA_UINT] = "int",      [TEV_DATA_LONG] = "int",
        [TEV_DATA_ULONG] = "int",    [TEV_DATA_SHORT] = "int",     [TEV_DATA_USHORT] = "int",
        [TEV_DATA_STRING] = "char",
    };
    const int plain = type & ~TEV_DATA_ARRAY;

    return plain > 0 && plain <= TEV_DATA_STRING && words[plain] ? words[plain] : "int";
}

static void describe(const char *name, const char *meaning, int type)
{
    const char *const several = type & TEV_DATA_ARRAY ? "[]" : "";

    put("\t// \"%s\" \"%s\"", name, meaning);
    end_line();
    put("\t%s \"%s\"%s%s;", type_word(type), name, several,
        (type & ~TEV_DATA_ARRAY) == TEV_DATA_STRING ? "[]" : "");
    end_line();
}

static void begin_kind(int number, const char *name)
{
    end_line();
    put("#%d: \"%s\"", number, name);
    end_line();
    put("{");
    end_line();
}

static void end_kind(void)
{
    put("};;");
    end_line();
    end_line();
}

void sddf_host(const char *name, const char *arch, int tid, int speed)
{
    static bool described;
    struct timeval now;

    speaker = tid;
    if (!described) {
        begin_kind(HOST_ADD, "host_add(0)");
        describe("TS", "Time Seconds", TEV_DATA_INT);
        describe("TU", "Time Microseconds", TEV_DATA_INT);
        describe("TID", "Task ID", TEV_DATA_INT);
        describe("HN", "Host Name", TEV_DATA_STRING);
        describe("HNA", "Host Name Alias", TEV_DATA_STRING);
        describe("HA", "Host Architecture", TEV_DATA_STRING);
        describe("HSP", "Host Speed", TEV_DATA_INT);
        end_kind();
        described = true;
    }
    gettimeofday(&now, NULL);
    put("\"host_add(0)\" { %ld, %ld, %d, ", (long)now.tv_sec, (long)now.tv_usec, tid);
    put("[%zu] { \"%s\" }, [%zu] { \"%s\" }, ", strlen(name) + 1, name, strlen(name) + 1, name);
    put("[%zu] { \"%s\" }, %d };;", strlen(arch) + 1, arch, speed);
    end_line();
}

/* ---- events ----------------------------------------------------------------------------- */

static int get(void)
{
    int value = TEV_MARK_EVENT_BUFFER_END; /* what ends everything, at a message's end */

    pvm_upkint(&value, 1, 1);
    return value;
}

static void get_text(char *text, size_t size)
{
    static char whole[TEXT_MAX];

    whole[0] = '\0';
    pvm_unpackf("%*s", (int)sizeof whole, whole);
    snprintf(text, size, "%s", whole);
}

static void get_names(void)
{
    char text[TEXT_MAX];

    for (int id = get(); id >= 0 && id <= TEV_DID_MAX; id = get()) {
        get_text(names[id], sizeof names[id]);
        get_text(text, sizeof text);
        snprintf(meanings[id], sizeof meanings[id], "%s", text);
    }
}

static void put_value(int type)
{
    char text[VALUE_MAX];
    double real = 0;
    long large = 0;

    switch (type) {
    case TEV_DATA_STRING:
        get_text(text, sizeof text);
        put("[%zu] { \"%s\" }", strlen(text) + 1, text);
        break;
    case TEV_DATA_LONG:
        pvm_upklong(&large, 1, 1);
        put("%ld", large);
        break;
    case TEV_DATA_DOUBLE:
        pvm_upkdouble(&real, 1, 1);
        put("%g", real);
        break;
    default:
        put("%d", get());
    }
}

static void put_data(int type)
{
    int count;

    if (!(type & TEV_DATA_ARRAY)) {
        put_value(type);
        return;
    }
    count = get();
    put("[%d] {", count);
    for (int i = 0; i < count && used < sizeof line - 1; i++) {
        put(i ? ", " : " ");
        put_value(type & ~TEV_DATA_ARRAY);
    }
    put(" }");
}

static void show_name(char *name, size_t size, int event, enum side side)
{
    static const char *const ends[SIDES] = {"(0.0)", "(1.1)", "(0)"};

    snprintf(name, size, "%s%s", pvmtevinfo[event].name, ends[side]);
}

/* An event that describes itself: the data first, then as an event. What the descriptor says of
 * all data stands before the data in the message, mixed with it: so both are collected. */
static void take_described(int event, enum side side)
{
    struct kind *k = &kinds[side][event];
    int ids[FIELDS_MAX], did;
    char name[80], text[TEXT_MAX], *values;

    get_text(text, sizeof text); /* its name, which is in the table */
    show_name(name, sizeof name, event, side);
    k->count = 0;
    for (did = get(); did >= 0 && did <= TEV_DID_MAX && k->count < FIELDS_MAX; did = get()) {
        ids[k->count] = did;
        k->type[k->count] = get();
        put(k->count ? ", " : "");
        put_data(k->type[k->count++]);
    }
    values = strndup(line, used);
    used = 0;
    if (!k->written) {
        begin_kind(NUMBER_FIRST + 2 * event + (side == END ? NUMBER_FIRST + 1 : 0), name);
        for (int i = 0; i < k->count; i++)
            describe(names[ids[i]], meanings[ids[i]], k->type[i]);
        end_kind();
        k->written = true;
    }
    put("\"%s\" { %s };;", name, values ? values : "");
    end_line();
    free(values);
}

static void take_event(int event, enum side side)
{
    const struct kind *k = &kinds[side][event];
    char name[80];

    show_name(name, sizeof name, event, side);
    put("\"%s\" {", name);
    for (int i = 0; i < k->count; i++) {
        put(i ? ", " : " ");
        put_data(k->type[i]);
    }
    put(" };;");
    end_line();
    get(); /* its end */
}

static enum sddf_told take(bool described)
{
    const int eid = get(), event = eid & ~(TEV_EVENT_ENTRY | TEV_EVENT_EXIT);
    const enum side side = eid & TEV_EVENT_ENTRY ? BEGINNING : eid & TEV_EVENT_EXIT ? END : ALONE;

    if (event < TEV_FIRST || event > TEV_MAX)
        return SDDF_NOTHING;
    if (described)
        take_described(event, side);
    else
        take_event(event, side);
    return event == TEV_NEWTASK ? SDDF_BIRTH : event == TEV_ENDTASK ? SDDF_DEATH : SDDF_NOTHING;
}

enum sddf_told sddf_message(int *tid)
{
    enum sddf_told told = SDDF_NOTHING, last;
    int mark;

    pvm_bufinfo(pvm_getrbuf(), NULL, NULL, &speaker);
    *tid = speaker;
    while ((mark = get()) != TEV_MARK_EVENT_BUFFER_END && mark != TEV_MARK_DATA_ID_END) {
        if (mark == TEV_MARK_DATA_ID) {
            get_names();
            break;
        }
        if (mark == TEV_MARK_USER_EVENT_RECORD)
            break; /* its data is the program's own business */
        if (mark != TEV_MARK_EVENT_DESC && mark != TEV_MARK_EVENT_RECORD)
            continue;
        last = take(mark == TEV_MARK_EVENT_DESC);
        told = last != SDDF_NOTHING ? last : told;
    }
    return told;
}
