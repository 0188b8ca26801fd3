/* call.c: beginning and end of procedures, and default integers; see call.h. How large a
 * default integer is the module says, which is compiled with the program's options: the
 * same C file serves both.
 */
#include "call.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_MAX 512

void call_begin(const void *site, const void *ierror)
{
    int mode = DVM_FATAL;

    if (ierror)
        mode = dvm_binding_errors() == DVM_RETURN ? DVM_RETURN : DVM_SILENT;
    dvm_binding_begin(site, mode);
}

void call_end(int rc, void *ierror)
{
    dvm_binding_end();
    integer_put(ierror, rc);
}

int call_fail(int code, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(sentence, sizeof sentence, format, ap);
    va_end(ap);
    return dvm_binding_fail(code, sentence);
}

int integer(const void *at)
{
    int64_t value;

    if (dvmf_integer_kind == sizeof(int32_t))
        return *(const int32_t *)at;
    value = *(const int64_t *)at;
    return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

int integer_or(const void *at, int otherwise)
{
    return at ? integer(at) : otherwise;
}

void integer_put(void *at, int value)
{
    if (at && dvmf_integer_kind == sizeof(int32_t))
        *(int32_t *)at = value;
    else if (at)
        *(int64_t *)at = value;
}

/* type(dvm_status) with default integers of 4 bytes, and of 8 */
struct status4 {
    int32_t source, tag, error, cancelled;
    dvm_type type;
    int64_t bytes, count;
};
struct status8 {
    int64_t source, tag, error, cancelled;
    dvm_type type;
    int64_t bytes, count;
};

#define STATUS(from)                                                                       \
    {(from)->source, (from)->tag,  (from)->error,          (from)->cancelled,              \
     (from)->type,   (int64_t)(from)->bytes, (int64_t)(from)->count}

void status_put(void *at, const struct dvm_status *status)
{
    if (at && dvmf_integer_kind == sizeof(int32_t))
        *(struct status4 *)at = (struct status4)STATUS(status);
    else if (at)
        *(struct status8 *)at = (struct status8)STATUS(status);
}

#define FROM_STATUS(from)                                                                  \
    {.source = (int)(from)->source, .tag = (int)(from)->tag, .error = (int)(from)->error,  \
     .cancelled = (int)(from)->cancelled, .type = (from)->type,                            \
     .bytes = (size_t)(from)->bytes, .count = (size_t)(from)->count}

void status_get(struct dvm_status *status, const void *at)
{
    if (dvmf_integer_kind == sizeof(int32_t))
        *status = (struct dvm_status)FROM_STATUS((const struct status4 *)at);
    else
        *status = (struct dvm_status)FROM_STATUS((const struct status8 *)at);
}
