/* code.h: what `dvm help` says of the codes behind verdicts, such as J303. */
#ifndef DVM_CONSOLE_CODE_H
#define DVM_CONSOLE_CODE_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#define CODE_ALL "codes" /* the word that stands for all codes */
#define CODE_SUMMARY "why hosts did not join: all codes, such as J303"

/* Explain the code that word is, or list all for "codes". Returns false, having done
 * nothing, for another word. */
bool code_explain(FILE *out, const char *word);

/* The same as a list of objects, or NULL for another word. */
json_t *code_json(const char *word);

#endif
