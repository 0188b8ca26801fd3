/* roff.h: text in the language of manual pages (groff's and mandoc's man macros). */
#ifndef DVM_MANUAL_ROFF_H
#define DVM_MANUAL_ROFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The version and the date that pages carry, and where they go. */
struct book {
    const char *folder;  /* with man1, man3, ... below it */
    const char *version; /* "0.1.0" */
    const char *date;    /* "2026-01-31" */
    size_t pages;        /* written so far */
};

/* Begin the page name(section): opens its file and writes the title line and NAME; summary
 * is one line. Ends the program with a sentence when that fails. */
FILE *roff_page(struct book *b, const char *name, int section, const char *summary);

/* End a page that roff_page began, in the same way. */
void roff_close(FILE *out);

/* Write a page that only shows another: alias(section) is name(section). */
void roff_link(struct book *b, const char *alias, const char *name, int section);

/* A section's heading; it may be of several words. */
void roff_section(FILE *out, const char *heading);

/* length bytes of text, so that nothing in it is taken for a command. */
void roff_letters(FILE *out, const char *text, size_t length);

/* A line of text, with its end. */
void roff_line(FILE *out, const char *text);

/* Text of several lines: paragraphs are parted by empty lines; lines that begin with
 * blanks are shown as they are. */
void roff_text(FILE *out, const char *text);

/* Text that is shown as it is. */
void roff_literal(FILE *out, const char *text);

/* The lines "COMMAND  # what it does" of examples, shown as they are. */
void roff_examples(FILE *out, const char *text);

/* A term, in bold, and behind it its meaning, which is one paragraph. argument: behind the
 * term in italics, or NULL. */
void roff_term(FILE *out, const char *term, const char *argument, const char *meaning);

#endif
