/* join.c: the table of join.h as data, its texts, and the mark of the calling thread.
 *
 * A mark stands beside the error code and the sentence because both are older than
 * it and mean more than joins; so no function between the cause and its report needs
 * another argument.
 */
#include "base/join.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"

#define ARROW " -> "
#define SPEAKER "dvmd: "
#define CODE_MAX 999

const struct join_fault join_faults[] = {
#define JOIN_ROW(name, code, step, cause, remedy) {JOIN_##name, step, cause, remedy},
    JOIN_LIST(JOIN_ROW)
#undef JOIN_ROW
    {JOIN_NONE, NULL, NULL, NULL},
};

/* What an error means when nobody noted more. */
static const struct {
    int error;
    enum join_code code;
} suggestions[] = {
    {DVM_ERR_TICKET, JOIN_TICKET_UNKNOWN}, {DVM_ERR_VERSION, JOIN_VERSION},
    {DVM_ERR_PROTOCOL, JOIN_VERSION},      {DVM_ERR_TIMEOUT, JOIN_DIAL_BACK},
    {DVM_ERR_EXISTS, JOIN_LOCK},           {DVM_ERR_REFUSED, JOIN_FOLDER},
    {DVM_ERR_ARG, JOIN_OPTION},            {DVM_ERR_LIMIT, JOIN_LIMIT},
    {DVM_ERR_NO_MEMORY, JOIN_LIMIT},       {DVM_ERR_CLOSING, JOIN_CLOSING},
};

static _Thread_local enum join_code mark;

const struct join_fault *join_fault(int code)
{
    const struct join_fault *f = join_faults;

    while (f->code != JOIN_NONE && (int)f->code != code)
        f++;
    return f->code != JOIN_NONE ? f : join_fault(JOIN_OTHER);
}

void join_code_write(int code, char out[JOIN_CODE_BYTES])
{
    snprintf(out, JOIN_CODE_BYTES, "J%03u", (unsigned)join_fault(code)->code);
}

enum join_code join_code_read(const char *text)
{
    const char *digits = text + (text[0] == 'J' || text[0] == 'j');
    char *end;
    long code = isdigit((unsigned char)digits[0]) ? strtol(digits, &end, 10) : 0;

    if (code <= 0 || code > CODE_MAX || *end)
        return JOIN_NONE;
    return join_fault((int)code)->code == (enum join_code)code ? (enum join_code)code : JOIN_NONE;
}

void join_remedy(int code, const char *host, char *out, size_t size)
{
    const char *at = join_fault(code)->remedy;
    size_t used = 0;

    out[0] = '\0';
    while (*at && used < size) {
        const char *place = strstr(at, "%s");
        size_t n = place ? (size_t)(place - at) : strlen(at);

        used += (size_t)snprintf(out + used, size - used, "%.*s%s", (int)n, at,
                                 !place ? "" : host ? host : "HOST");
        at += n + (place ? 2 : 0);
    }
}

void join_line(int code, const char *cause, const char *host, char *out, size_t size)
{
    char remedy[JOIN_SENTENCE_MAX], text[JOIN_CODE_BYTES];

    join_code_write(code, text);
    join_remedy(code, host, remedy, sizeof remedy);
    snprintf(out, size, "%s%s%s [%s]", cause, ARROW, remedy, text);
}

/* The code at the end of a line of n bytes, in square brackets. */
static enum join_code code_at_end(const char *line, size_t n)
{
    char text[JOIN_CODE_BYTES];
    size_t begin = n;

    while (begin > 0 && line[begin - 1] != '[')
        begin--;
    if (n < 2 || line[n - 1] != ']' || begin == 0 || n - begin > sizeof text)
        return JOIN_NONE;
    snprintf(text, sizeof text, "%.*s", (int)(n - 1 - begin), line + begin);
    return join_code_read(text);
}

int join_line_read(const char *said, enum join_code *code, char *cause, size_t size)
{
    int found = 0;

    while (*said) {
        size_t n = strcspn(said, "\r\n");
        enum join_code c = strncmp(said, SPEAKER, strlen(SPEAKER)) == 0 ? code_at_end(said, n)
                                                                       : JOIN_NONE;

        if (c != JOIN_NONE) {
            const char *begin = said + strlen(SPEAKER), *end = strstr(begin, ARROW);

            found = 1;
            *code = c;
            if (!end || end > said + n) /* a line without a remedy */
                for (end = said + n; end[-1] != '[';)
                    end--;
            while (end > begin && (end[-1] == '[' || end[-1] == ' '))
                end--;
            snprintf(cause, size, "%.*s", (int)(end - begin), begin);
        }
        said += n;
        said += strspn(said, "\r\n");
    }
    return found;
}

void join_mark(enum join_code code)
{
    if (mark == JOIN_NONE)
        mark = code;
}

enum join_code join_marked(int error)
{
    if (mark != JOIN_NONE)
        return mark;
    for (size_t i = 0; i < sizeof suggestions / sizeof suggestions[0]; i++)
        if (suggestions[i].error == error)
            return suggestions[i].code;
    return JOIN_OTHER;
}

void join_clear(void)
{
    mark = JOIN_NONE;
}
