/* library.c: the pages of section 3, from the comments of the public header.
 *
 * A page is a run of functions of the header: the table names the first of each, and a
 * function that is new in the header comes onto the page that it stands in. So every
 * function has a page, and each has a link by its own name.
 */
#include <stdlib.h>
#include <string.h>

#include "dvm_errors.h"
#include "manual/header.h"
#include "manual/pages.h"

#define TITLE_MAX 4096 /* bytes of the line of NAME with its NUL */
#define WHY_MAX 200    /* bytes of a sentence on a bad header */

static const struct page {
    const char *first; /* function, which gives the page its name */
    const char *summary;
} pages[] = {
    {"dvm_type_size", "types, operators, groups and constants"},
    {"dvm_init", "life of a task: joining and leaving the machine"},
    {"dvm_errors", "what happens on errors, and their sentences"},
    {"dvm_send", "send and receive messages"},
    {"dvm_isend", "requests: operations that go on while the program does"},
    {"dvm_send_init", "persistent requests: described once, started often"},
    {"dvm_probe", "look for messages without receiving them"},
    {"dvm_type_contiguous", "types that a program makes, packing"},
    {"dvm_group_rank", "groups and ranks"},
    {"dvm_group_create", "making groups"},
    {"dvm_named_join", "named groups, which tasks join and leave while they run"},
    {"dvm_group_agree", "surviving the loss of members of a group"},
    {"dvm_value_put", "values under names, for others to find"},
    {"dvm_barrier", "collectives"},
    {"dvm_op_create", "operators of reductions: one's own, and reductions within a task"},
    {"dvm_ibarrier", "collectives that go on while the program does"},
    {"dvm_barrier_init", "collectives that are described once and started often"},
    {"dvm_dims_create", "grids and graphs: groups whose tasks have neighbours"},
    {"dvm_neighbour_allgather", "collectives among neighbours"},
    {"dvm_hosts", "hosts of the machine"},
    {"dvm_tasks", "tasks: list, spawn, signal, wait"},
    {"dvm_notify", "be told when a task ends or a host comes or goes"},
};
#define PAGES (sizeof pages / sizeof pages[0])

static const struct {
    const char *name, *sentence;
} errors[] = {
#define ROW(name, code, sentence) {"DVM_ERR_" #name, sentence},
    DVM_ERROR_LIST(ROW)
#undef ROW
};

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "dvm-manual: %s: %s\n", what, detail);
    exit(EXIT_FAILURE);
}

static const struct page *page_of(const char *function)
{
    for (size_t i = 0; i < PAGES; i++)
        if (!strcmp(pages[i].first, function))
            return &pages[i];
    return NULL;
}

static void title_line(char title[TITLE_MAX], const struct header_function *f, size_t count,
                       const char *summary)
{
    size_t used = 0;

    for (size_t i = 0; i < count && used < TITLE_MAX; i++)
        used += (size_t)snprintf(title + used, TITLE_MAX - used, "%s%s", i ? ", " : "", f[i].name);
    if (used < TITLE_MAX)
        snprintf(title + used, TITLE_MAX - used, " - %s", summary);
}

static void synopsis(FILE *out, const struct header_function *f, size_t count)
{
    roff_section(out, "SYNOPSIS");
    fputs(".nf\n.B #include <dvm.h>\n", out);
    for (size_t i = 0; i < count; i++) {
        const char *at = f[i].prototype;

        fputs(".PP\n", out);
        while (*at) {
            size_t length = strcspn(at, "\n");

            fputs("\\fB", out);
            roff_letters(out, at, length);
            fputs("\\fR\n", out);
            at += length + (at[length] == '\n');
        }
    }
    fputs(".fi\n", out);
}

static void bold_name(FILE *out, const char *name)
{
    fputs("\\fB", out);
    roff_letters(out, name, strlen(name));
    fputs("\\fR()", out);
}

/* A comment as the text of a .TP: further paragraphs are set in like the first. */
static void explain(FILE *out, const char *comment)
{
    const char *gap = strstr(comment, "\n\n");
    size_t first = gap ? (size_t)(gap - comment) : strlen(comment);
    char *text = strndup(comment, first);

    if (!text)
        fail("no memory for", comment);
    roff_text(out, text);
    free(text);
    if (gap) {
        fputs(".RS\n.PP\n", out);
        roff_text(out, gap);
        fputs(".RE\n", out);
    }
}

static void description(FILE *out, const struct header_function *f, size_t count)
{
    bool remarked = false;

    roff_section(out, "DESCRIPTION");
    for (size_t i = 0; i < count; i++)
        if (f[i].remarks[0]) {
            fputs(remarked ? ".PP\n" : "", out);
            roff_text(out, f[i].remarks);
            remarked = true;
        }
    for (size_t i = 0; i < count; i++) {
        const char *comment = f[i].comment;

        fputs(".TP\n", out);
        bold_name(out, f[i].name);
        /* those that share a comment stand together before it */
        for (; i + 1 < count && !f[i + 1].comment[0]; i++) {
            fputs(", ", out);
            bold_name(out, f[i + 1].name);
        }
        fputc('\n', out);
        explain(out, comment);
    }
}

static void definitions(FILE *out, const struct header_function *f, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++)
        any = any || f[i].definitions[0];
    if (!any)
        return;
    roff_section(out, "TYPES AND CONSTANTS");
    for (size_t i = 0; i < count; i++)
        if (f[i].definitions[0])
            roff_literal(out, f[i].definitions);
}

static void codes(FILE *out)
{
    roff_section(out, "CODES");
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        roff_term(out, errors[i].name, NULL, errors[i].sentence);
}

static void function_page(struct book *b, const struct page *p, const struct header_function *f,
                          size_t count)
{
    char title[TITLE_MAX];
    FILE *out;

    title_line(title, f, count, p->summary);
    out = roff_page(b, p->first, 3, title);
    synopsis(out, f, count);
    description(out, f, count);
    definitions(out, f, count);
    if (!strcmp(p->first, "dvm_errors")) {
        codes(out);
    } else {
        roff_section(out, "ERRORS");
        fputs("Functions that return int return 0 (DVM_OK) or a negative code. By default no "
              "function returns\nan error: it prints a sentence and ends the task's group. See\n"
              ".BR dvm_errors (3)\nfor that and for the codes, and\n.BR dvm (3)\nfor those that "
              "every function may return.\n",
              out);
    }
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm (3),\n.BR dvm (7)\n", out);
    roff_close(out);
    for (size_t i = 1; i < count; i++)
        roff_link(b, f[i].name, p->first, 3);
}

/* How many functions the page that begins with the first has; the summary is p's. */
static size_t page_length(const struct header_function *f, size_t left)
{
    size_t count = 1;

    while (count < left && !page_of(f[count].name))
        count++;
    return count;
}

static void overview_page(struct book *b, const struct header *h)
{
    FILE *out = roff_page(b, "dvm", 3,
                          "dvm - the library of the distributed cluster virtual machine");

    roff_section(out, "SYNOPSIS");
    fputs(".nf\n.B #include <dvm.h>\n.PP\n.B dvmcc \\-o program program.c\n.B dvm run \\-n 4 "
          "./program\n.fi\n",
          out);
    roff_section(out, "DESCRIPTION");
    roff_text(out, h->overview);
    roff_section(out, "FUNCTIONS");
    for (size_t i = 0; i < h->count; i++) {
        const struct page *p = page_of(h->functions[i].name);

        if (p) {
            fputs(".TP\n.BR ", out);
            roff_letters(out, p->first, strlen(p->first));
            fputs(" (3)\n", out);
            roff_line(out, p->summary);
        }
        fprintf(out, "%s\n", p ? ".br" : ",");
        roff_letters(out, h->functions[i].name, strlen(h->functions[i].name));
        fputs("()", out);
        fputs(i + 1 == h->count || page_of(h->functions[i + 1].name) ? "\n" : "", out);
    }
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm (1),\n.BR dvm (7)\n", out);
    roff_close(out);
}

void pages_library(struct book *b, const char *text)
{
    char why[WHY_MAX];
    struct header *h = header_read(text, why, sizeof why);
    size_t done = 0, count;

    if (!h)
        fail("the header cannot be understood", why);
    overview_page(b, h);
    for (; done < h->count; done += count) {
        const struct page *p = page_of(h->functions[done].name);

        if (!p)
            fail("no page begins with the first function of the header", h->functions[done].name);
        count = page_length(&h->functions[done], h->count - done);
        function_page(b, p, &h->functions[done], count);
    }
    header_free(h);
}
