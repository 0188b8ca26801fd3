/* The console's command lines: options by their tables, near misses, words. */
#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>

#include "base/nearest.h"
#include "console/options.h"
#include "console/text/words.h"
#include "console/value.h"

struct settings {
    bool flag;
    int number, many;
    const char *text;
    double time;
    enum option_color color;
    struct option_list list;
};

static const struct option_row rows[] = {
    {"flag", 'f', OPTION_FLAG, offsetof(struct settings, flag), NULL, "a flag", 0, 0},
    {"number", 'n', OPTION_INT, offsetof(struct settings, number), "N", "a number", 1, 99},
    {"many", 'm', OPTION_INT, offsetof(struct settings, many), "N", "a number", 1, 99999},
    {"text", 0, OPTION_TEXT, offsetof(struct settings, text), "TEXT", "a text", 0, 0},
    {"time", 0, OPTION_TIME, offsetof(struct settings, time), "TIME", "a time", 0.5, 7200},
    {"color", 0, OPTION_COLOR, offsetof(struct settings, color), "WHEN", "colours", 0, 0},
    {"list", 'l', OPTION_LIST, offsetof(struct settings, list), "TEXT", "texts", 0, 0},
    OPTION_END};

#define WORDS_MAX (OPTION_LIST_MAX + 3)

struct read {
    struct settings s;
    char *argv[WORDS_MAX];
    int operands;
    char error[OPTIONS_SENTENCE_MAX];
};

static void read_words(struct read *r, bool stop, const char *line)
{
    static char copy[256];
    struct options o = {.rows = rows, .settings = &r->s, .stop = stop};
    int argc = 1;
    char *rest;

    *r = (struct read){.argv = {(char *)"test"}};
    snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        r->argv[argc++] = w;
    r->operands = options_read(&o, argc, r->argv, r->error);
}

Test(options, all_forms)
{
    struct read r;

    read_words(&r, false, "-f -n 3 --text hello --time=2m a --color never b");
    cr_assert_eq(r.operands, 2, "%s", r.error);
    cr_expect(r.s.flag);
    cr_expect_eq(r.s.number, 3);
    cr_expect_str_eq(r.s.text, "hello");
    cr_expect_float_eq(r.s.time, 120, 1e-9);
    cr_expect_eq(r.s.color, COLOR_NEVER);
    cr_expect_str_eq(r.argv[0], "a");
    cr_expect_str_eq(r.argv[1], "b");
    cr_expect_null(r.argv[2]);
    read_words(&r, false, "-n7 --flag --number=8");
    cr_expect_eq(r.operands, 0);
    cr_expect_eq(r.s.number, 8);
}

Test(options, one_that_is_repeated)
{
    struct read r;
    char line[256] = "";

    read_words(&r, false, "--list a=1 b -lc=2 --list=d=3");
    cr_assert_eq(r.operands, 1, "%s", r.error);
    cr_assert_eq(r.s.list.count, 3);
    cr_expect_str_eq(r.s.list.texts[0], "a=1");
    cr_expect_str_eq(r.s.list.texts[1], "c=2");
    cr_expect_str_eq(r.s.list.texts[2], "d=3");
    for (int i = 0; i < OPTION_LIST_MAX; i++)
        strcat(line, "-lx ");
    read_words(&r, false, line);
    cr_expect_eq(r.operands, 0);
    strcat(line, "-lx");
    read_words(&r, false, line);
    cr_expect_eq(r.operands, -1);
    cr_expect_str_eq(r.error, "--list may be given at most 16 times");
    read_words(&r, false, "--list=");
    cr_expect_str_eq(r.error, "--list takes a value that is not empty, not \"\"");
}

Test(options, a_letter_of_another_launcher)
{
    struct read r;

    read_words(&r, true, "-np 4 prog");
    cr_expect_eq(r.operands, -1);
    cr_expect_str_eq(r.error, "there is no option -np; did you mean -n 4?");
    read_words(&r, true, "-np");
    cr_expect_str_eq(r.error, "there is no option -np; did you mean -n N?");
    read_words(&r, true, "-np3 prog");
    cr_expect_str_eq(r.error, "there is no option -np3; did you mean -n 3?");
    read_words(&r, true, "-np prog");
    cr_expect_str_eq(r.error, "there is no option -np; did you mean -n N?");
}

Test(options, what_other_systems_have)
{
    static const struct option_hint hints[] = {{"-np", "use -n N"}, {"--host", "use --text"},
                                               {NULL, NULL}};
    struct settings s = {0};
    char error[OPTIONS_SENTENCE_MAX];
    char *np[] = {(char *)"test", (char *)"-np", (char *)"4", NULL};
    char *host[] = {(char *)"test", (char *)"--host=a", NULL};
    struct options o = {.rows = rows, .settings = &s, .hints = hints};

    cr_expect_eq(options_read(&o, 3, np, error), -1);
    cr_expect_str_eq(error, "there is no option -np: use -n N");
    cr_expect_eq(options_read(&o, 2, host, error), -1);
    cr_expect_str_eq(error, "there is no option --host: use --text");
}

Test(options, operands_that_look_like_options)
{
    struct read r;

    read_words(&r, true, "-n 2 prog -n 5 --nothing -- x");
    cr_assert_eq(r.operands, 6, "%s", r.error);
    cr_expect_eq(r.s.number, 2);
    cr_expect_str_eq(r.argv[1], "-n");
    cr_expect_str_eq(r.argv[4], "--");
    read_words(&r, true, "-f -- -x --flag");
    cr_assert_eq(r.operands, 2);
    cr_expect_str_eq(r.argv[0], "-x");
    read_words(&r, false, "- -- -f");
    cr_assert_eq(r.operands, 2);
    cr_expect(!r.s.flag);
}

Test(options, errors_in_words)
{
    static const struct {
        const char *line, *words;
    } bad[] = {
        {"--flga", "did you mean --flag?"},
        {"--numbr=3", "there is no option --numbr; did you mean --number?"},
        {"--completely-else", "there is no option --completely-else"},
        {"-x", "there is no option -x"},
        {"-n", "needs a value: --number N"},
        {"-n 0", "a whole number from 1 to 99, not \"0\""},
        {"-m 0", "a whole number, at least 1, not \"0\""},
        {"-m 100000", "a whole number from 1 to 99999"},
        {"-n 100", "not \"100\""},
        {"-n 3x", "not \"3x\""},
        {"-n 99999999999999999999", "a whole number"},
        {"--time 1y", "a time such as"},
        {"--time 0.1", "(0.5 s to 7200 s)"},
        {"--time nan", "a time such as"},
        {"--color pink", "auto, always or never"},
        {"--flag=yes", "takes no value"},
        {"--text=", "not empty"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct read r;

        read_words(&r, false, bad[i].line);
        cr_expect_eq(r.operands, -1, "%s was taken", bad[i].line);
        cr_expect(strstr(r.error, bad[i].words), "%s: %s", bad[i].line, r.error);
    }
}

Test(options, times)
{
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"30", 30},   {"30s", 30},     {"1.5m", 90},
                {"2h", 7200}, {"250ms", 0.25}, {"1d", 86400},
                {"500 ms", 0.5}, {"10 min", 600}, {"10min", 600}};
    static const char *const bad[] = {"", "s", "-1", "1x", "inf", "1 ", "1  s", " s", "1e999"};
    double seconds;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert(options_time(good[i].text, &seconds), "%s", good[i].text);
        cr_expect_float_eq(seconds, good[i].seconds, 1e-9);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect(!options_time(bad[i], &seconds), "%s", bad[i]);
}

Test(nearest, edits)
{
    struct nearest n;

    cr_expect_eq(nearest_edits("hosts", "hosts"), 0);
    cr_expect_eq(nearest_edits("hsots", "hosts"), 1);
    cr_expect_eq(nearest_edits("host", "hosts"), 1);
    cr_expect_eq(nearest_edits("", "abc"), 3);
    cr_expect_eq(nearest_edits("kitten", "sitting"), 3);
    nearest_begin(&n, "hlat", strlen("hlat"));
    nearest_offer(&n, "", "hosts");
    nearest_offer(&n, "", "halt");
    nearest_offer(&n, "", "start");
    cr_expect_str_eq(n.best, "halt");
    nearest_begin(&n, "frobnicate", strlen("frobnicate"));
    nearest_offer(&n, "", "run");
    cr_expect_str_eq(n.best, "");
}

Test(words, ages)
{
    char text[WORDS_AGE_MAX];

    cr_expect_str_eq(words_age(text, 12.44), "12.4s");
    cr_expect_str_eq(words_age(text, -1), "0.0s");
    cr_expect_str_eq(words_age(text, 185), "3m05s");
    cr_expect_str_eq(words_age(text, 7380), "2h03m");
    cr_expect_str_eq(words_age(text, 86400 * 4 + 7 * 3600), "4d07h");
    cr_expect_str_eq(words_span(text, 1), "1 s");
    cr_expect_str_eq(words_span(text, 1.5), "1.5 s");
    cr_expect_str_eq(words_span(text, 90), "90 s");
    cr_expect_str_eq(words_span(text, 600), "10 min");
    cr_expect_str_eq(words_span(text, 7200), "2 h");
    cr_expect_str_eq(words_span(text, 86400), "24 h");
    cr_expect_str_eq(words_span(text, 7 * 86400), "7 days");
}

Test(words, tids_and_signals)
{
    static const char *const bad[] = {"", "x", "0", "-1", "0x40000", "1", "0x40000000", "0x40001x"};
    int value;

    cr_assert(words_tid("0x40001", &value));
    cr_expect_eq(value, 0x40001);
    cr_assert(words_tid("262145", &value));
    cr_expect_eq(value, 0x40001);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect(!words_tid(bad[i], &value), "%s", bad[i]);
    cr_assert(words_signal("TERM", &value) && value == SIGTERM);
    cr_assert(words_signal("sigusr1", &value) && value == SIGUSR1);
    cr_assert(words_signal("9", &value) && value == SIGKILL);
    cr_expect(!words_signal("0", &value));
    cr_expect(!words_signal("999", &value));
    cr_expect(!words_signal("SIGNOTHING", &value));
}

Test(value, operands)
{
    char name[VALUE_NAME_MAX];

    cr_assert(value_operand("[--] PROGRAM [ARGUMENT...]", 0, name));
    cr_expect_str_eq(name, "PROGRAM");
    for (size_t i = 1; i < 4; i++) {
        cr_assert(value_operand("[--] PROGRAM [ARGUMENT...]", i, name));
        cr_expect_str_eq(name, "ARGUMENT");
    }
    cr_assert(value_operand("[COMMAND|TOPIC]", 0, name));
    cr_expect_str_eq(name, "COMMAND|TOPIC");
    cr_expect(!value_operand("[COMMAND|TOPIC]", 1, name));
    cr_assert(value_operand("TID...", 7, name));
    cr_expect_str_eq(name, "TID");
    cr_expect(!value_operand("", 0, name));
}

static void collect(void *arg, const struct value *v, const char *word, size_t length)
{
    char *text = arg;

    sprintf(text + strlen(text), "%s:%.*s ", v ? v->name : "", (int)length, word);
}

Test(value, alternatives)
{
    char text[200] = "";

    value_each("RANKS|all|none", collect, text);
    cr_expect_str_eq(text, "RANKS:RANKS :all :none ");
    text[0] = '\0';
    value_each("WHEN|DIR", collect, text);
    cr_expect_str_eq(text, ":auto :always :never DIR:DIR ");
    cr_expect(value_known("RANKS|all"));
    cr_expect(!value_known("RANKS|ALL"));
    cr_expect(!value_known(""));
}
