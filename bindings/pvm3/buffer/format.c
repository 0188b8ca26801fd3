/* format.c: pvm_packf and pvm_unpackf.
 *
 *     %[count][.stride][h l u]letter     count and stride: digits, or * for an argument
 *
 * The letters are c (bytes), d (integers), f (floating), x (complex), s (a string); h makes an
 * integer short, l long (and f double), u unsigned. What is packed is an argument itself when
 * neither count nor stride stands there, else the address of an array; what is unpacked is an
 * address always. %+ at the beginning takes an encoding and begins a message.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/buffer/pack.h"
#include "bindings/pvm3/trace/fields.h"

/* The old names of these two with a list of arguments. */
int pvm_vpackf(const char *format, va_list args);
int pvm_vunpackf(const char *format, va_list args);

#define NUMBER_MAX 100000000L /* of a count in a format */

struct item {
    long count, stride;
    bool counted; /* count or stride stands there: an address follows */
    char letter;
    int type;     /* PVM_... */
};

struct arguments {
    va_list list;
};

/* Digits or a star, else the value given. */
static long number(const char **p, struct arguments *args, long usual, bool *there)
{
    long value = 0;

    if (**p == '*') {
        (*p)++;
        *there = true;
        return va_arg(args->list, int);
    }
    if (!isdigit((unsigned char)**p))
        return usual;
    *there = true;
    for (; isdigit((unsigned char)**p); (*p)++)
        value = value < NUMBER_MAX ? 10 * value + (**p - '0') : value;
    return value;
}

/* The type of a letter with its modifiers; -1 when there is none. */
static int type_of(char letter, bool shorter, bool longer, bool without_sign)
{
    switch (letter) {
    case 'c':
        return PVM_BYTE;
    case 'd':
        if (shorter)
            return without_sign ? PVM_USHORT : PVM_SHORT;
        if (longer)
            return without_sign ? PVM_ULONG : PVM_LONG;
        return without_sign ? PVM_UINT : PVM_INT;
    case 'f':
        return longer ? PVM_DOUBLE : PVM_FLOAT;
    case 'x':
        return longer ? PVM_DCPLX : PVM_CPLX;
    case 's':
        return PVM_STR;
    default:
        return -1;
    }
}

/* Read what stands behind a %. false: it makes no sense. */
static bool read_item(const char **p, struct arguments *args, struct item *item)
{
    bool shorter = false, longer = false, without_sign = false;

    *item = (struct item){.stride = 1};
    item->count = number(p, args, 1, &item->counted);
    if (**p == '.') {
        (*p)++;
        item->stride = number(p, args, 1, &item->counted);
    }
    for (;; (*p)++) {
        if (**p == 'h')
            shorter = true;
        else if (**p == 'l')
            longer = true;
        else if (**p == 'u')
            without_sign = true;
        else
            break;
    }
    item->letter = **p;
    item->type = type_of(item->letter, shorter, longer, without_sign);
    *p += item->type >= 0;
    return item->type >= 0;
}

/* Pack an argument itself. */
static int pack_value(const char *call, int type, struct arguments *args)
{
    union {
        char c;
        short h;
        int d;
        long l;
        float f;
        double lf;
    } value;

    switch (type) {
    case PVM_BYTE:
        value.c = (char)va_arg(args->list, int);
        break;
    case PVM_SHORT:
    case PVM_USHORT:
        value.h = (short)va_arg(args->list, int);
        break;
    case PVM_LONG:
    case PVM_ULONG:
        value.l = va_arg(args->list, long);
        break;
    case PVM_FLOAT:
        value.f = (float)va_arg(args->list, double);
        break;
    case PVM_DOUBLE:
        value.lf = va_arg(args->list, double);
        break;
    case PVM_CPLX:
    case PVM_DCPLX: /* no argument holds one: its address */
        return pvm3_pack(call, type, va_arg(args->list, void *), 1, 1);
    default:
        value.d = va_arg(args->list, int);
        break;
    }
    return pvm3_pack(call, type, &value, 1, 1);
}

static int pack_item(const char *call, const struct item *item, struct arguments *args)
{
    if (item->type == PVM_STR)
        return pvm3_pack_text(call, va_arg(args->list, char *));
    if (!item->counted)
        return pack_value(call, item->type, args);
    return pvm3_pack(call, item->type, va_arg(args->list, void *), item->count, item->stride);
}

static int unpack_item(const char *call, const struct item *item, struct arguments *args)
{
    if (item->type == PVM_STR)
        return pvm3_unpack_text(call, va_arg(args->list, char *),
                                item->counted ? item->count : 0);
    return pvm3_unpack(call, item->type, va_arg(args->list, void *), item->count, item->stride);
}

/* Go through a format. */
static int walk(const char *call, const char *format, struct arguments *args,
                int (*act)(const char *call, const struct item *item, struct arguments *args))
{
    const char *p = format;
    struct item item;
    int rc = PvmOk;

    if (!format)
        return pvm3_fail(call, PvmBadParam, "there is no format");
    if (act == pack_item && p[0] == '%' && p[1] == '+') {
        p += 2;
        rc = pvm_initsend(va_arg(args->list, int));
    }
    while (*p && rc >= 0) {
        if (isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        if (*p++ != '%' || !read_item(&p, args, &item))
            return pvm3_fail(call, PvmBadParam, "the format \"%s\" makes no sense at \"%s\"",
                             format, p);
        rc = act(call, &item, args);
    }
    return rc < 0 ? rc : PvmOk;
}

int pvm_vpackf(const char *format, va_list list)
{
    struct arguments args;
    int rc;

    va_copy(args.list, list);
    rc = walk("pvm_packf", format, &args, pack_item);
    va_end(args.list);
    return rc;
}

int pvm_vunpackf(const char *format, va_list list)
{
    struct arguments args;
    int rc;

    va_copy(args.list, list);
    rc = walk("pvm_unpackf", format, &args, unpack_item);
    va_end(args.list);
    return rc;
}

int pvm_packf(const char *format, ...)
{
    const bool slow = pvm3_tracing, told = slow && pvm3_trace_enter(true);
    va_list list;
    int rc;

    if (told)
        pvm3_trace_event(TEV_PACKF | TEV_EVENT_ENTRY, FIELDS(TEXT(PF, format)));
    va_start(list, format);
    rc = pvm_vpackf(format, list);
    va_end(list);
    if (told)
        pvm3_trace_event(TEV_PACKF | TEV_EVENT_EXIT, FIELDS(INT(CC, rc)));
    if (slow)
        pvm3_trace_leave();
    return rc;
}

int pvm_unpackf(const char *format, ...)
{
    const bool slow = pvm3_tracing, told = slow && pvm3_trace_enter(true);
    va_list list;
    int rc;

    if (told)
        pvm3_trace_event(TEV_UNPACKF | TEV_EVENT_ENTRY, FIELDS(TEXT(PF, format)));
    va_start(list, format);
    rc = pvm_vunpackf(format, list);
    va_end(list);
    if (told)
        pvm3_trace_event(TEV_UNPACKF | TEV_EVENT_EXIT, FIELDS(INT(CC, rc)));
    if (slow)
        pvm3_trace_leave();
    return rc;
}
