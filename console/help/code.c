/* code.c: the tables of base/join.h and base/finding.h for people (dvm help CODE) and for
 * programs (--json). */
#include "console/help/code.h"

#include <string.h>

#include "base/finding.h"
#include "base/join.h"

#define STEP_COLUMN 10 /* width of the steps in that list */

static bool means_all(const char *word)
{
    return !strcmp(word, CODE_ALL);
}

static void list_all(FILE *out)
{
    fputs("Why a host did not join: the first digit is the step. dvm help CODE has the remedy.\n\n",
          out);
    for (const struct join_fault *f = join_faults; f->code != JOIN_NONE; f++) {
        char code[JOIN_CODE_BYTES];

        join_code_write(f->code, code);
        fprintf(out, "%s  %-*s %s\n", code, STEP_COLUMN, f->step, f->cause);
    }
    fputs("\nWhat dvm doctor finds:\n\n", out);
    for (const struct finding_row *f = finding_rows; f->code != FINDING_NONE; f++) {
        char code[FINDING_CODE_BYTES];

        finding_code_write(f->code, code);
        fprintf(out, "%s  %-*s %s\n", code, STEP_COLUMN, f->check, f->cause);
    }
}

/* A code of dvm doctor. */
static bool explain_finding(FILE *out, const char *word)
{
    const struct finding_row *f = finding_row((int)finding_code_read(word));
    char code[FINDING_CODE_BYTES], remedy[FINDING_REMEDY_BYTES];

    if (!f)
        return false;
    finding_code_write(f->code, code);
    finding_remedy(code, NULL, remedy, sizeof remedy);
    fprintf(out, "%s: dvm doctor found something, at the check \"%s\"\n\n"
            "cause:   %s\nremedy:  %s\n", code, f->check, f->cause, remedy);
    return true;
}

bool code_explain(FILE *out, const char *word)
{
    const struct join_fault *f = join_fault(join_code_read(word));
    char code[JOIN_CODE_BYTES], remedy[JOIN_SENTENCE_MAX];

    if (means_all(word)) {
        list_all(out);
        return true;
    }
    if (join_code_read(word) == JOIN_NONE)
        return explain_finding(out, word);
    join_code_write(f->code, code);
    join_remedy(f->code, NULL, remedy, sizeof remedy);
    fprintf(out, "%s: a host did not join, at the step \"%s\"\n\ncause:   %s\nremedy:  %s\n", code,
            f->step, f->cause, remedy);
    return true;
}

static void add_findings(json_t *list, enum finding_code only)
{
    for (const struct finding_row *f = finding_rows; f->code != FINDING_NONE; f++) {
        char code[FINDING_CODE_BYTES], remedy[FINDING_REMEDY_BYTES];

        if (only != FINDING_NONE && f->code != only)
            continue;
        finding_code_write(f->code, code);
        finding_remedy(code, NULL, remedy, sizeof remedy);
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}", "code", code, "step", f->check,
                                              "cause", f->cause, "remedy", remedy));
    }
}

json_t *code_json(const char *word)
{
    enum join_code only = join_code_read(word);
    enum finding_code finding = finding_code_read(word);
    json_t *list;

    if (only == JOIN_NONE && finding == FINDING_NONE && !means_all(word))
        return NULL;
    list = json_array();
    if (only == JOIN_NONE)
        add_findings(list, finding);
    if (finding != FINDING_NONE)
        return list;
    for (const struct join_fault *f = join_faults; f->code != JOIN_NONE; f++) {
        char code[JOIN_CODE_BYTES], remedy[JOIN_SENTENCE_MAX];

        if (only != JOIN_NONE && f->code != only)
            continue;
        join_code_write(f->code, code);
        join_remedy(f->code, NULL, remedy, sizeof remedy);
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}", "code", code, "step", f->step,
                                              "cause", f->cause, "remedy", remedy));
    }
    return list;
}
