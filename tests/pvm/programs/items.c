/* items.c: every type, encoding and stride through a message to oneself.
 *
 * Prints what arrived and how long messages were, and nothing that differs between DVM and
 * PVM but where PVM is wrong: the same program linked with PVM's library prints the same (the
 * long form of pvm.sh holds it to that). Longs are 0 to 2^31 - 1, since PVM loses the rest, and
 * the lengths of messages with longs are not printed. With --wide it prints what only DVM does
 * right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#define ITEMS 7
#define STRIDE_MOST 3
#define TAG 5

static const char *const encodings[] = {"xdr", "raw", "in place"};

/* Send the send buffer to oneself and receive it. Returns its length. */
static int turn(void)
{
    int bytes = -1, id;

    if (pvm_send(pvm_mytid(), TAG) < 0)
        exit(1);
    id = pvm_recv(-1, TAG);
    pvm_bufinfo(id, &bytes, NULL, NULL);
    return bytes;
}

/* Name in PVM, type of a scalar, scalars of an item, how one is printed. */
#define EACH_TYPE(X)                                                                        \
    X(byte, char, 1, "%d")                                                                  \
    X(short, short, 1, "%d")                                                                \
    X(ushort, unsigned short, 1, "%d")                                                      \
    X(int, int, 1, "%d")                                                                    \
    X(uint, unsigned, 1, "%u")                                                              \
    X(long, long, 1, "%ld")                                                                 \
    X(ulong, unsigned long, 1, "%lu")                                                       \
    X(float, float, 1, "%g")                                                                \
    X(double, double, 1, "%g")                                                              \
    X(cplx, float, 2, "%g")                                                                 \
    X(dcplx, double, 2, "%g")

#define ROUND(name, type, scalars, format)                                                  \
    static void round_##name(int encoding, int stride)                                      \
    {                                                                                       \
        type out[ITEMS * STRIDE_MOST * 2], in[ITEMS * STRIDE_MOST * 2];                     \
        int packed, bytes, unpacked;                                                        \
                                                                                            \
        for (int i = 0; i < ITEMS * STRIDE_MOST * 2; i++) {                                 \
            out[i] = (type)(strstr(#name, "long") ? i * 37 : i * 37 - 100);                 \
            in[i] = (type)99;                                                               \
        }                                                                                   \
        pvm_initsend(encoding);                                                             \
        packed = pvm_pk##name(out, ITEMS, stride);                                          \
        if (packed < 0) {                                                                   \
            printf(#name " %s stride %d: pack %d\n", encodings[encoding], stride, packed);  \
            return;                                                                         \
        }                                                                                   \
        bytes = turn();                                                                     \
        unpacked = pvm_upk##name(in, ITEMS, stride);                                        \
        printf(#name " %s stride %d: %d %d:", encodings[encoding], stride, unpacked,        \
               strstr(#name, "long") ? 0 : bytes);                                          \
        for (int i = 0; i < ITEMS * stride * (scalars); i++)                                \
            printf(" " format, in[i]);                                                      \
        printf("; more: %d\n", pvm_upk##name(in, 1, 1));                                    \
    }

EACH_TYPE(ROUND)

/* From the last item to the first, and to every other place from the end. */
#define BACK(name, type, scalars, format)                                                   \
    static void back_##name(int encoding)                                                   \
    {                                                                                       \
        type out[ITEMS * (scalars)], in[2 * ITEMS * (scalars)];                             \
        int packed, unpacked;                                                               \
                                                                                            \
        for (int i = 0; i < ITEMS * (scalars); i++)                                         \
            out[i] = (type)(i * 11 + 1);                                                    \
        for (int i = 0; i < 2 * ITEMS * (scalars); i++)                                     \
            in[i] = (type)99;                                                               \
        pvm_initsend(encoding);                                                             \
        packed = pvm_pk##name(out + (ITEMS - 1) * (scalars), ITEMS, -1);                    \
        turn();                                                                             \
        unpacked = pvm_upk##name(in + (2 * ITEMS - 1) * (scalars), ITEMS, -2);              \
        printf(#name " %s backwards: %d %d:", encodings[encoding], packed, unpacked);       \
        for (int i = 0; i < 2 * ITEMS * (scalars); i++)                                     \
            printf(" " format, in[i]);                                                      \
        printf("\n");                                                                       \
    }

EACH_TYPE(BACK)

static void backwards(int encoding)
{
#define CALL(name, type, scalars, format) back_##name(encoding);
    EACH_TYPE(CALL)
#undef CALL
}

static void strings(int encoding)
{
    char text[64] = "";
    int value = 0, bytes, rc[4];

    pvm_initsend(encoding);
    rc[0] = pvm_pkstr("");
    rc[1] = pvm_pkstr("one, two");
    rc[2] = pvm_pkint(&(int){77}, 1, 1);
    bytes = turn();
    printf("strings %s: %d %d %d, %d bytes:", encodings[encoding], rc[0], rc[1], rc[2], bytes);
    rc[0] = pvm_upkstr(text);
    printf(" %d '%s'", rc[0], text);
    rc[0] = pvm_upkstr(text);
    printf(" %d '%s'", rc[0], text);
    rc[0] = pvm_upkint(&value, 1, 1);
    printf(" %d %d\n", rc[0], value);
}

/* A double is taken apart as bytes: the encoding is what it says it is. */
static void inside(int encoding)
{
    unsigned char bytes[24] = "";
    double number = 1.5;
    short small[2] = {-2, 3};

    pvm_initsend(encoding);
    pvm_pkdouble(&number, 1, 1);
    pvm_pkshort(small, 2, 1);
    turn();
    printf("inside %s: %d:", encodings[encoding], pvm_upkbyte((char *)bytes, 12, 1));
    for (int i = 0; i < 12; i++)
        printf(" %02x", bytes[i]);
    printf("\n");
}

static void formats(void)
{
    int count = 3, numbers[6] = {1, 2, 3, 4, 5, 6}, in[6] = {0};
    unsigned short small = 0;
    char text[32] = "", letter = 0;
    double d[2] = {0, 0};
    long l = 0;
    float f = 0;
    int bytes, rc = pvm_packf("%+ %d %*d %2.2d %s %lf %hud %c %f", PvmDataRaw, count, count,
                              numbers, numbers, "text", 2.5, 7, 'x', 0.25);

    bytes = turn();
    printf("formats: %d, %d bytes;", rc, bytes);
    printf(" %d:", pvm_unpackf("%d %3d %2.2d %s %lf %hud %c %f", &count, in, in + 3, text, d,
                               &small, &letter, &f));
    printf(" %d; %d %d %d; %d %d; %s %g %d %c %g\n", count, in[0], in[1], in[2], in[3], in[5],
           text, d[0], small, letter, f);
    rc = pvm_packf("%+%ld %2lf", PvmDataDefault, 123456L, d);
    turn();
    printf("long formats: %d %d", rc, pvm_unpackf("%ld %2lf", &l, d));
    printf(" %ld %g\n", l, d[0]);
}

static void arrays(void)
{
    short out[5] = {1, -2, 3, -4, 5}, in[5] = {0};
    double d[3] = {1.25, 2.5, -8}, e[3] = {0};
    int tid = 0, tag = 0, length = 0, rc, me = pvm_mytid();

    rc = pvm_psend(me, 6, out, 5, PVM_SHORT);
    printf("psend: %d;", rc);
    rc = pvm_precv(-1, -1, in, 5, PVM_SHORT, &tid, &tag, &length);
    printf(" precv: %d %d %d %d: %d %d %d\n", rc, tid == me, tag, length, in[0], in[1], in[4]);
    pvm_psend(me, 7, d, 3, PVM_DOUBLE);
    rc = pvm_precv(me, 7, e, 2, PVM_DOUBLE, NULL, NULL, &length);
    printf("shorter: %d %d: %g %g %g\n", rc, length, e[0], e[1], e[2]);
    pvm_psend(me, 8, d, 3, PVM_DOUBLE);
    rc = pvm_recv(me, 8);
    pvm_bufinfo(rc, &length, &tag, &tid);
    rc = pvm_upkdouble(e, 3, 1);
    printf("unpacked: %d %d %d: %g %g %g\n", length, tag, rc, e[0], e[1], e[2]);
}

static void buffers(void)
{
    int first = pvm_mkbuf(PvmDataRaw), second, value = 0, old, a = 1, b = 2;

    pvm_initsend(PvmDataDefault);
    second = pvm_getsbuf();
    pvm_pkint(&a, 1, 1);
    old = pvm_setsbuf(first);
    printf("buffers: %d %d %d", old == second, pvm_getsbuf() == first, pvm_getrbuf() != first);
    pvm_pkint(&b, 1, 1);
    pvm_send(pvm_mytid(), TAG);
    pvm_setsbuf(old);
    pvm_send(pvm_mytid(), TAG);
    first = (pvm_recv(-1, TAG), pvm_setrbuf(0));
    second = (pvm_recv(-1, TAG), pvm_getrbuf());
    pvm_upkint(&value, 1, 1);
    printf(" second %d", value);
    printf(" %d", pvm_setrbuf(first) == second);
    pvm_upkint(&value, 1, 1);
    printf(" first %d,", value);
    printf(" again %d", pvm_upkint(&value, 1, 1));
    pvm_setrbuf(second);
    printf(" %d", pvm_upkint(&value, 1, 1));
    pvm_setrbuf(first);
    printf(" %d", pvm_upkint(&value, 1, 1));
    printf("; free: %d", pvm_freebuf(second));
    printf(" %d", pvm_freebuf(second));
    printf(" %d %d %d\n", pvm_freebuf(0), pvm_freebuf(-3), pvm_getrbuf() == first);
}

static void nested(void)
{
    int inner, outer, value = 0, text = 0, id;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&(int){41}, 1, 1);
    turn();
    inner = pvm_setrbuf(0);
    outer = pvm_initsend(PvmDataDefault);
    pvm_pkint(&(int){40}, 1, 1);
    printf("nested: %d", pvm_pkmesg(inner));
    pvm_pkint(&(int){42}, 1, 1);
    (void)outer;
    turn();
    pvm_upkint(&value, 1, 1);
    id = pvm_upkmesg();
    pvm_upkint(&text, 1, 1);
    printf(" %d %d %d", value, id > 0, text);
    outer = pvm_setrbuf(id);
    pvm_bufinfo(id, &value, &text, NULL);
    printf(" %d %d", value, text);
    printf(" %d\n", pvm_upkint(&value, 1, 1));
    pvm_initsend(PvmDataDefault);
    printf("body: %d", pvm_pkmesgbody(id));
    turn();
    printf(" %d", pvm_upkint(&value, 1, 1));
    printf(" %d\n", value);
}

static void mistakes(void)
{
    int value = 0;

    pvm_setsbuf(0);
    pvm_setrbuf(0);
    printf("mistakes: %d %d", pvm_pkint(&value, 1, 1), pvm_upkint(&value, 1, 1));
    printf(" %d %d %d", pvm_send(pvm_mytid(), 1), pvm_initsend(9), pvm_bufinfo(999, 0, 0, 0));
    pvm_initsend(PvmDataDefault);
    printf(" %d %d %d", pvm_pkint(&value, -1, 1), pvm_send(-5, 1), pvm_send(pvm_mytid(), -1));
    printf(" %d %d %d", pvm_nrecv(-1, -1), pvm_probe(-1, -1), pvm_setopt(99, 1));
    printf(" %d %d %d\n", pvm_setopt(PvmAutoErr, 0), pvm_setopt(PvmRoute, PvmRouteDirect),
           pvm_getopt(PvmFragSize));
}

/* What only DVM does right. */
static void wide(void)
{
    long large = (1L << 40) + 7, in = 0;
    int many[64], got[64] = {0}, sum = 0;

    pvm_initsend(PvmDataDefault);
    pvm_pklong(&large, 1, 1);
    turn();
    printf("wide: %d", pvm_upklong(&in, 1, 1));
    printf(" %ld\n", in);
    pvm_initsend(PvmDataInPlace);
    for (int i = 0; i < 64; i++) {
        many[i] = i;
        pvm_pkint(&many[i], 1, 1);
    }
    turn();
    for (int i = 0; i < 64; i++) {
        pvm_upkint(&got[i], 1, 1);
        sum += got[i];
    }
    printf("in place: %d\n", sum);
    printf("null: %d %d\n", pvm_pkstr(NULL), pvm_spawn(NULL, NULL, 0, NULL, 1, &sum));
    printf("tag: %d\n", pvm_recv(-1, -2));
}

int main(int argc, char **argv)
{
    pvm_setopt(PvmAutoErr, 0);
    if (argc > 1 && strcmp(argv[1], "--wide") == 0) {
        wide();
        pvm_exit();
        return 0;
    }
    for (int encoding = PvmDataDefault; encoding <= PvmDataInPlace; encoding++) {
        for (int stride = 1; stride <= STRIDE_MOST; stride++) {
#define CALL(name, type, scalars, format) round_##name(encoding, stride);
            EACH_TYPE(CALL)
#undef CALL
        }
        if (encoding != PvmDataInPlace) {
            backwards(encoding);
            strings(encoding);
            inside(encoding);
        }
    }
    formats();
    arrays();
    buffers();
    nested();
    mistakes();
    pvm_exit();
    return 0;
}
