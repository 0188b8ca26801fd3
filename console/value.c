/* value.c: the table of value.h, and how its words are found in usage texts.
 *
 * Capital letters make a word of the table; all else stands for itself. So a new
 * option with a fixed set of words needs no row here, and one with a new kind of
 * value needs one row.
 */
#include "console/value.h"

#include <ctype.h>
#include <string.h>

const struct value value_list[] = {
    {"HOST", VALUE_HOST, NULL, "a host of the machine, as dvm hosts shows it; or a list of hosts"},
    {"HOSTS", VALUE_HOST, NULL, "hosts of the machine: names, or a list such as node[3-8,12]"},
    {"COMPUTER", VALUE_COMPUTER, NULL,
     "a name that ssh knows, with or without a user; or a list such as node[1-8,12]"},
    {"TASK", VALUE_TARGET, NULL,
     "a task by its tid (0x40001, as dvm ps shows it), ranks of its run (0x40001:0-3,7), a "
     "host for all tasks there, or all"},
    {"TID", VALUE_TASK, NULL, "the tid of a task, as dvm ps shows it: 0x40001"},
    {"RANK", VALUE_NUMBER, NULL, "the rank of a task in its world: 0 is the first"},
    {"RANKS", VALUE_TEXT, NULL, "ranks: a list such as 0-3,7"},
    {"MACHINE", VALUE_MACHINE, NULL, "the name of a machine"},
    {"NAME", VALUE_TEXT, NULL, "a name: letters, digits, '.', '-' and '_'"},
    {"PROGRAM", VALUE_PROGRAM, NULL, "a program: a path, or a name that is looked for in PATH"},
    {"ARGUMENT", VALUE_FILE, NULL, "an argument of the program"},
    {"FILE", VALUE_FILE, NULL, "a file; - where a text says so is stdin or stdout"},
    {"DIR", VALUE_FOLDER, NULL, "a folder"},
    {"N", VALUE_NUMBER, NULL, "a whole number"},
    {"LINES", VALUE_NUMBER, NULL, "a number of lines"},
    {"BYTES", VALUE_TEXT, NULL, "a size: a number of bytes, or with k, m or g"},
    {"SECONDS", VALUE_NUMBER, NULL, "a number of seconds"},
    {"TIME", VALUE_TIME, NULL, "a length of time: 250ms, 30s, 10m, 2h, 1d; a number is seconds"},
    {"SIGNAL", VALUE_SIGNAL, NULL, "a signal: TERM, SIGTERM or 15"},
    {"ADDR", VALUE_TEXT, NULL, "an address of this computer"},
    {"ADDRESS", VALUE_TEXT, NULL, "an address: HOST:PORT"},
    {"PORTS", VALUE_TEXT, NULL, "a range of ports, such as 7000-7099"},
    {"COMMAND", VALUE_COMMAND, NULL, "a command of dvm"},
    {"TOPIC", VALUE_TOPIC, NULL, "a topic of dvm help"},
    {"CODE", VALUE_CODE, NULL, "a code that a message of dvm names"},
    {"KEY=VALUE", VALUE_TEXT, NULL, "a setting with its value, such as task_memory=1GiB"},
    {"KEY", VALUE_TEXT, NULL, "the name of a setting"},
    {"WORD", VALUE_TEXT, NULL, "any word"},
    {"TEXT", VALUE_TEXT, NULL, "any text"},
    {"WHEN", VALUE_WORD, "auto|always|never", "auto, always or never"},
    {"SHELL", VALUE_WORD, "bash|zsh|fish", "a shell"},
    {NULL, VALUE_TEXT, NULL, NULL}};

const struct value *value_find(const char *word, size_t length)
{
    for (const struct value *v = value_list; v->name; v++)
        if (strlen(v->name) == length && !memcmp(v->name, word, length))
            return v;
    return NULL;
}

void value_each(const char *text, value_each_f *each, void *arg)
{
    while (*text) {
        size_t length = strcspn(text, "|");
        const struct value *v = value_find(text, length);

        if (v && v->words)
            value_each(v->words, each, arg);
        else if (length > 0)
            each(arg, v, text, length);
        text += length + (text[length] == '|');
    }
}

static void look_for_unknown(void *arg, const struct value *v, const char *word, size_t length)
{
    bool *known = arg;

    if (!v && isupper((unsigned char)word[0]))
        *known = false;
}

bool value_known(const char *text)
{
    bool known = text[0] != '\0';

    value_each(text, look_for_unknown, &known);
    return known;
}

bool value_operand(const char *operands, size_t index, char name[VALUE_NAME_MAX])
{
    size_t number = 0, length;
    bool repeats = false;

    for (const char *at = operands; *at; at += length + strspn(at + length, " ")) {
        size_t used = 0;

        length = strcspn(at, " ");
        if (length == strlen("[--]") && !strncmp(at, "[--]", length))
            continue;
        for (size_t i = 0; i < length && used + 1 < VALUE_NAME_MAX; i++)
            if (!strchr("[].", at[i]))
                name[used++] = at[i];
        name[used] = '\0';
        if (number++ == index)
            return true;
        repeats = length > 3 && memmem(at, length, "...", 3);
    }
    return number > 0 && repeats;
}
