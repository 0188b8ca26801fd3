/* split.c: the implementation of split.h.
 *
 * One pass over the line. No word is longer than the line, so all letters fit into
 * one block of its length, and there are at most half as many words as bytes.
 */
#include "console/prompt/split.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define BLANKS " \t\r\n"
#define SPECIAL BLANKS "'\"\\#" /* what means something outside quotes */

/* The pass: where it reads and writes. */
struct pass {
    struct split *s;
    const char *line;
    size_t at;
    char *out;
};

/* One letter of a word under way, with what quotes make of it. */
static void take(struct pass *p)
{
    char c = p->line[p->at++], next = p->line[p->at];
    char *open = &p->s->open;

    if (*open == '\'' || *open == '"') {
        if (c == *open) {
            *open = 0;
            return;
        }
        if (*open == '"' && c == '\\' && (next == '"' || next == '\\'))
            c = p->line[p->at++];
    } else if (c == '\'' || c == '"') {
        *open = c;
        return;
    } else if (c == '\\') {
        if (!next) {
            *open = c;
            return;
        }
        c = p->line[p->at++];
    }
    *p->out++ = c;
}

static void take_word(struct pass *p)
{
    struct split *s = p->s;

    s->words[s->count++] = p->out;
    s->last = p->at;
    while (p->line[p->at] && (s->open || !strchr(BLANKS, p->line[p->at])))
        take(p);
    *p->out++ = '\0';
    s->between = p->line[p->at] != '\0';
}

int split_line(struct split *s, const char *line)
{
    size_t length = strlen(line);
    struct pass p = {.s = s, .line = line};

    *s = (struct split){.between = true};
    s->letters = malloc(length + 1);
    s->words = malloc((length / 2 + 2) * sizeof *s->words);
    if (!s->letters || !s->words) {
        split_free(s);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a line of %zu bytes", length);
    }
    p.out = s->letters;
    while (line[p.at += strspn(line + p.at, BLANKS)] && !s->comment) {
        s->comment = line[p.at] == '#';
        if (!s->comment)
            take_word(&p);
    }
    s->words[s->count] = NULL;
    return DVM_OK;
}

void split_free(struct split *s)
{
    free(s->words);
    free(s->letters);
    *s = (struct split){.between = true};
}

void split_quote(char *out, size_t size, const char *word, char open)
{
    const char *special = open == '"' ? "\"\\" : open ? "" : SPECIAL;
    size_t used = 0;

    for (; *word && used + 2 < size; word++) {
        if (strchr(special, *word))
            out[used++] = '\\';
        out[used++] = *word;
    }
    out[used] = '\0';
}
