/* error.c: the implementation of error.h: codes, names, the last
 * sentence of each thread, and what an error does (dvm_errors). */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/binding.h"

#define SPEAKER_MAX 128 /* bytes of "rank N (tid T, host H): " */

static _Thread_local char last[DVM_SENTENCE_MAX];
static _Atomic int mode = DVM_FATAL;
static char speaker[SPEAKER_MAX];
void (*dvm_fatal_hook)(int code, const char *sentence);

static const struct {
    int code;
    const char *name, *text;
} errors[] = {
    {DVM_OK, "DVM_OK", "success"},
#define ROW_(name, code, text) {(code), "DVM_ERR_" #name, text},
    DVM_ERROR_LIST(ROW_)
#undef ROW_
};

static size_t row_of(int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code)
            return i;
    return SIZE_MAX;
}

const char *dvm_error_name(int code)
{
    size_t row = row_of(code);

    return row == SIZE_MAX ? "DVM_ERR_?" : errors[row].name;
}

const char *dvm_error_text(int code)
{
    size_t row = row_of(code);

    return row == SIZE_MAX ? "this is no error code of DVM" : errors[row].text;
}

const char *dvm_last_error(void)
{
    return last;
}

/* The new sentence may be made of the old one, so it is put together elsewhere. */
int dvm_fail(int code, const char *format, ...)
{
    char text[DVM_SENTENCE_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    strcpy(last, text);
    return code;
}

void error_save(char *text)
{
    strcpy(text, last);
}

int error_chosen(void)
{
    return atomic_load(&mode);
}

int error_mode(void)
{
    return binding.decides ? binding.errors : error_chosen();
}

int dvm_fail_errno(int code, const char *format, ...)
{
    char text[DVM_SENTENCE_MAX];
    int saved = errno;
    va_list ap;
    int used;

    va_start(ap, format);
    used = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (used >= 0 && (size_t)used < sizeof text && saved == EMFILE)
        snprintf(text + used, sizeof text - (size_t)used,
                 ": this process may have %ld open files only; raise the limit (ulimit -n)",
                 sysconf(_SC_OPEN_MAX));
    else if (used >= 0 && (size_t)used < sizeof text)
        snprintf(text + used, sizeof text - (size_t)used, ": %s", strerror(saved));
    strcpy(last, text);
    errno = saved;
    return code;
}

int dvm_errors(int new_mode)
{
    if (new_mode < DVM_FATAL || new_mode > DVM_SILENT)
        return dvm_fail(DVM_ERR_ARG, "dvm_errors: %d is no mode; they are DVM_FATAL, DVM_RETURN "
                                     "and DVM_SILENT", new_mode);
    return atomic_exchange(&mode, new_mode);
}

void error_speaker(const char *who)
{
    snprintf(speaker, sizeof speaker, "%s%s", who, who[0] ? ": " : "");
}

void error_warn(const char *format, ...)
{
    char text[DVM_SENTENCE_MAX];
    va_list ap;

    if (error_mode() == DVM_SILENT)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fprintf(stderr, "dvm: %s%s\n", speaker, text);
}

int dvm_report(int code)
{
    int now = error_mode();

    if (code >= 0 || now == DVM_SILENT)
        return code;
    fprintf(stderr, "dvm: %s%s: %s\n", speaker, dvm_error_name(code),
            last[0] ? last : dvm_error_text(code));
    if (now == DVM_FATAL) {
        if (dvm_fatal_hook)
            dvm_fatal_hook(code, last);
        exit(EXIT_FAILURE);
    }
    return code;
}
