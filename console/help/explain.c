/* explain.c: see explain.h. What the tables do not have (a letter, examples) is null, so
 * that every object has all of its fields. */
#include "console/help/explain.h"

#include <stdio.h>

static json_t *options_json(const struct option_row *rows)
{
    json_t *list = json_array();

    for (const struct option_row *r = rows; r && r->name; r++) {
        const char letter[2] = {r->letter, '\0'};

        json_array_append_new(list, json_pack("{s:s,s:s?,s:s?,s:s}", "name", r->name, "letter",
                                              r->letter ? letter : NULL, "value", r->value,
                                              "help", r->help));
    }
    return list;
}

json_t *explain_command(const struct command *k)
{
    const char *at = k->alias;
    char alias[VALUE_NAME_MAX];
    json_t *aliases = json_array();

    while (command_next_alias(&at, alias))
        json_array_append_new(aliases, json_string(alias));
    return json_pack("{s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:s?}", "name", k->name, "aliases", aliases,
                     "operands", k->operands, "summary", k->summary, "text",
                     k->text ? k->text : "", "options", options_json(k->options),
                     "common_options", options_json(console_options), "examples", k->examples);
}

json_t *explain_topic(const struct topic *t)
{
    json_t *rows = json_array();

    for (const struct topic_row *r = t->rows; r && r->term; r++)
        json_array_append_new(rows, json_pack("{s:s,s:s}", "term", r->term, "meaning",
                                              r->meaning));
    return json_pack("{s:s,s:s,s:s,s:o}", "name", t->name, "summary", t->summary, "text",
                     t->text, "rows", rows);
}

static json_t *name_json(const char *name, const char *summary)
{
    return json_pack("{s:s,s:s}", "name", name, "summary", summary);
}

json_t *explain_overview(void)
{
    json_t *commands = json_array(), *topics = json_array();

    for (size_t i = 0; command_list[i]; i++)
        if (!command_list[i]->hidden)
            json_array_append_new(commands,
                                  name_json(command_list[i]->name, command_list[i]->summary));
    for (const struct topic *t = topic_list; t->name; t++)
        json_array_append_new(topics, name_json(t->name, t->summary));
    return json_pack("{s:s,s:o,s:o}", "schema", "help/1", "commands", commands, "topics", topics);
}
