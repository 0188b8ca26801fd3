/* error: the list of errors is sound, sentences are kept for each thread, and
 * dvm_errors decides what a failed call does. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static const int codes[] = {
#define CODE_(name, code, text) (code),
    DVM_ERROR_LIST(CODE_)
#undef CODE_
};
#define COUNT (sizeof codes / sizeof codes[0])

Test(error, codes_are_negative_and_unique)
{
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_lt(codes[i], 0);
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(codes[i], codes[j], "%d stands twice", codes[i]);
    }
}

Test(error, codes_do_not_change)
{
    /* they travel between hosts; a new one goes to the end */
    for (size_t i = 0; i < COUNT; i++)
        cr_assert_eq(codes[i], -1 - (int)i);
}

Test(error, every_code_has_name_and_text)
{
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(strncmp(dvm_error_name(codes[i]), "DVM_ERR_", 8), 0);
        cr_assert_gt(strlen(dvm_error_name(codes[i])), 8);
        cr_assert_gt(strlen(dvm_error_text(codes[i])), 0);
        for (size_t j = 0; j < i; j++) {
            cr_assert_str_neq(dvm_error_name(codes[i]), dvm_error_name(codes[j]));
            cr_assert_str_neq(dvm_error_text(codes[i]), dvm_error_text(codes[j]));
        }
    }
    cr_assert_str_eq(dvm_error_name(DVM_ERR_TRUNCATE), "DVM_ERR_TRUNCATE");
}

Test(error, ok_and_strangers)
{
    cr_assert_str_eq(dvm_error_name(DVM_OK), "DVM_OK");
    cr_assert_str_eq(dvm_error_name(17), "DVM_ERR_?");
    cr_assert_str_eq(dvm_error_name(-9999), "DVM_ERR_?");
    cr_assert_not_null(dvm_error_text(-9999));
}

Test(error, sentence_is_kept)
{
    char saved[DVM_SENTENCE_MAX];

    cr_assert_str_empty(dvm_last_error());
    cr_assert_eq(dvm_fail(DVM_ERR_RANK, "rank %d", 9), DVM_ERR_RANK);
    cr_assert_str_eq(dvm_last_error(), "rank 9");
    error_save(saved);
    cr_assert_str_eq(saved, "rank 9");
}

Test(error, sentence_may_quote_the_last)
{
    dvm_fail(DVM_ERR_RANK, "inner");
    dvm_fail(DVM_ERR_RANK, "outer: %s", dvm_last_error());
    cr_assert_str_eq(dvm_last_error(), "outer: inner");
}

Test(error, long_sentence_is_cut)
{
    char text[2 * DVM_SENTENCE_MAX];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    dvm_fail(DVM_ERR_ARG, "%s", text);
    cr_assert_eq(strlen(dvm_last_error()), DVM_SENTENCE_MAX - 1);
    errno = ENOENT;
    dvm_fail_errno(DVM_ERR_ARG, "%s", text);
    cr_assert_eq(strlen(dvm_last_error()), DVM_SENTENCE_MAX - 1);
}

Test(error, errno_is_told_and_kept)
{
    errno = ENOENT;
    cr_assert_eq(dvm_fail_errno(DVM_ERR_SYSTEM, "file"), DVM_ERR_SYSTEM);
    cr_assert_eq(errno, ENOENT);
    cr_assert_str_eq(dvm_last_error(), "file: No such file or directory");
}

static void *other_thread(void *arg)
{
    const char **seen = arg;

    *seen = dvm_last_error();
    cr_assert_str_empty(*seen);
    dvm_fail(DVM_ERR_TAG, "of the other thread");
    return NULL;
}

Test(error, each_thread_has_its_own)
{
    const char *seen = NULL;
    pthread_t thread;

    dvm_fail(DVM_ERR_RANK, "of this thread");
    cr_assert_eq(pthread_create(&thread, NULL, other_thread, &seen), 0);
    pthread_join(thread, NULL);
    cr_assert_neq(seen, dvm_last_error());
    cr_assert_str_eq(dvm_last_error(), "of this thread");
}

Test(error, modes)
{
    cr_assert_eq(dvm_errors(DVM_RETURN), DVM_FATAL);
    cr_assert_eq(error_mode(), DVM_RETURN);
    cr_assert_eq(dvm_errors(DVM_SILENT), DVM_RETURN);
    cr_assert_eq(dvm_errors(3), DVM_ERR_ARG);
    cr_assert_eq(dvm_errors(-1), DVM_ERR_ARG);
    cr_assert_eq(dvm_errors(DVM_FATAL), DVM_SILENT);
}

Test(error, returned_errors_are_printed, .init = cr_redirect_stderr)
{
    dvm_errors(DVM_RETURN);
    dvm_fail(DVM_ERR_RANK, "rank 9 is nobody");
    cr_assert_eq(dvm_report(DVM_ERR_RANK), DVM_ERR_RANK);
    fflush(stderr);
    cr_assert_stderr_eq_str("dvm: DVM_ERR_RANK: rank 9 is nobody\n");
}

Test(error, sentences_say_who_speaks, .init = cr_redirect_stderr)
{
    dvm_errors(DVM_RETURN);
    error_speaker("rank 2 (host b)");
    dvm_fail(DVM_ERR_RANK, "rank 9 is nobody");
    dvm_report(DVM_ERR_RANK);
    error_speaker("");
    dvm_report(DVM_ERR_RANK);
    fflush(stderr);
    cr_assert_stderr_eq_str("dvm: rank 2 (host b): DVM_ERR_RANK: rank 9 is nobody\n"
                            "dvm: DVM_ERR_RANK: rank 9 is nobody\n");
}

Test(error, silent_errors_are_not, .init = cr_redirect_stderr)
{
    dvm_errors(DVM_SILENT);
    cr_assert_eq(dvm_report(DVM_ERR_RANK), DVM_ERR_RANK);
    cr_assert_eq(dvm_report(DVM_OK), DVM_OK);
    fprintf(stderr, ".");
    fflush(stderr);
    cr_assert_stderr_eq_str(".");
}

Test(error, fatal_errors_end_the_process, .exit_code = EXIT_FAILURE)
{
    dvm_fail(DVM_ERR_RANK, "rank 9 is nobody");
    dvm_report(DVM_ERR_RANK);
    _exit(EXIT_SUCCESS);
}

static void hook(int code, const char *sentence)
{
    _exit(code == DVM_ERR_RANK && strcmp(sentence, "rank 9") == 0 ? 7 : 8);
}

Test(error, fatal_errors_call_the_hook, .exit_code = 7)
{
    dvm_fatal_hook = hook;
    dvm_fail(DVM_ERR_RANK, "rank 9");
    dvm_report(DVM_ERR_RANK);
}
