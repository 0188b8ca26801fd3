/* What the prompt is made of: lines cut into words, the file of the history, and what
 * may come next in a line, by the tables and from a machine. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/command.h"
#include "console/complete/complete.h"
#include "console/prompt/history.h"
#include "console/prompt/split.h"
#include "proto/control.pb-c.h"
#include "tests/support/acting_daemon.h"

#define WORDS_MAX 8

/* ---- lines ---- */

Test(split, words_of_a_line)
{
    static const struct {
        const char *line, *words; /* the words, parted by '|' */
        char open;
        bool between;
    } rows[] = {
        {"", "", 0, true},
        {"  \t ", "", 0, true},
        {"hosts", "hosts", 0, false},
        {" run  -n 2 ", "run|-n|2", 0, true},
        {"a 'b c'd \"e 'f\"", "a|b cd|e 'f", 0, false},
        {"a\\ b c\\", "a b|c", '\\', false},
        {"\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d", 0, false},
        {"'' \"\"", "|", 0, false},
        {"a 'b c", "a|b c", '\'', false},
        {"a \"", "a|", '"', false},
        {"a #b c", "a", 0, true},
        {"# a", "", 0, true},
        {"a#b", "a#b", 0, false},
        {"a\\ ", "a ", 0, false},
        {"x \\#y", "x|#y", 0, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char joined[200] = "";
        struct split s;

        cr_assert_eq(split_line(&s, rows[i].line), 0);
        for (size_t k = 0; k < s.count; k++)
            sprintf(joined + strlen(joined), "%s%s", k ? "|" : "", s.words[k]);
        cr_expect_str_eq(joined, rows[i].words, "%s", rows[i].line);
        cr_expect_eq(s.open, rows[i].open, "%s", rows[i].line);
        cr_expect_eq(s.between, rows[i].between, "%s", rows[i].line);
        cr_expect_null(s.words[s.count]);
        split_free(&s);
    }
}

/* What is quoted is read as the same word. */
Test(split, quoting)
{
    static const char *const words[] = {"plain", "a b", "it's", "\"x\"", "#n", "back\\slash", ""};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (const char *open = "-\""; *open; open++) {
            char quoted[64], line[80];
            struct split s;

            split_quote(quoted, sizeof quoted, words[i], *open == '-' ? 0 : *open);
            snprintf(line, sizeof line, "w %s%s", *open == '-' ? "" : "\"", quoted);
            cr_assert_eq(split_line(&s, line), 0);
            if (words[i][0])
                cr_expect_str_eq(s.words[1], words[i]);
            cr_expect_leq(s.count, 2);
            split_free(&s);
        }
}

/* ---- history ---- */

static char folder[] = "/tmp/dvm-history-XXXXXX";
static char path[HISTORY_PATH_MAX];

static void with_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a/b/history", folder);
}

static void without_folder(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(history, .init = with_folder, .fini = without_folder, .timeout = 240);

struct lines {
    size_t count;
    char first[32], last[32];
};

static void take(void *arg, const char *line)
{
    struct lines *l = arg;

    if (l->count++ == 0)
        snprintf(l->first, sizeof l->first, "%s", line);
    snprintf(l->last, sizeof l->last, "%s", line);
}

Test(history, where_it_is)
{
    char found[HISTORY_PATH_MAX];

    setenv("DVM_HISTORY", "/x/y", 1);
    cr_expect(history_path(found));
    cr_expect_str_eq(found, "/x/y");
    setenv("DVM_HISTORY", "", 1);
    cr_expect(!history_path(found));
    unsetenv("DVM_HISTORY");
    setenv("XDG_STATE_HOME", "/state", 1);
    cr_expect(history_path(found));
    cr_expect_str_eq(found, "/state/dvm/history");
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/ann", 1);
    cr_expect(history_path(found));
    cr_expect_str_eq(found, "/home/ann/.local/state/dvm/history");
    unsetenv("HOME");
    cr_expect(!history_path(found));
}

Test(history, private_and_cut)
{
    struct lines l = {0};
    struct stat st;
    char line[32];

    cr_expect(history_load(path, take, &l), "no file is no error");
    umask(0);
    for (int i = 1; i <= 2 * HISTORY_LINES; i++) {
        snprintf(line, sizeof line, "line %d", i);
        cr_assert(history_add(path, line));
    }
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    chmod(path, 0644);
    for (int again = 0; again < 2; again++) { /* the second time the file has been cut */
        l = (struct lines){0};
        cr_assert(history_load(path, take, &l));
        cr_expect_eq(l.count, HISTORY_LINES);
        cr_expect_str_eq(l.first, "line 1001");
        cr_expect_str_eq(l.last, "line 2000");
        cr_assert_eq(stat(path, &st), 0);
        cr_expect_eq(st.st_mode & 0777, 0600);
    }
    cr_expect_lt(st.st_size, (HISTORY_LINES + 1) * (off_t)strlen("line 2000\n"));
}

Test(history, links_are_not_followed)
{
    char target[HISTORY_PATH_MAX], link[HISTORY_PATH_MAX];
    struct lines l = {0};

    snprintf(target, sizeof target, "%s/target", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    cr_assert_eq(symlink(target, link), 0);
    cr_expect(!history_add(link, "x"));
    cr_expect_neq(access(target, F_OK), 0);
    cr_assert(history_add(target, "x"));
    cr_expect(!history_load(link, take, &l));
    cr_expect_eq(l.count, 0);
}

/* ---- completion ---- */

static struct acting daemon_;

static void serve(int client, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__HostsReply hosts = DVM__PB__HOSTS_REPLY__INIT;
    Dvm__Pb__TasksReply tasks = DVM__PB__TASKS_REPLY__INIT;
    Dvm__Pb__Host a = DVM__PB__HOST__INIT, b = DVM__PB__HOST__INIT, *host_list[] = {&a, &b};
    Dvm__Pb__Task task = DVM__PB__TASK__INIT, *task_list[] = {&task};

    a.slot = 1;
    a.name = (char *)"node1";
    b.slot = 2;
    b.name = (char *)"other";
    a.state = b.state = DVM_HOST_UP;
    hosts.machine = (char *)"fake";
    hosts.hosts = host_list;
    hosts.n_hosts = 2;
    task.tid = 0x40007;
    task.program = (char *)"solver";
    task.host = (char *)"node1";
    tasks.tasks = task_list;
    tasks.n_tasks = 1;
    if (f->tag == DVM_CTL_HOSTS)
        acting_reply(client, f, DVM_CTL_HOSTS_REPLY, &hosts.base);
    else if (f->tag == DVM_CTL_TASKS && f->dst == DVM_TID_DAEMON(1))
        acting_reply(client, f, DVM_CTL_TASKS_REPLY, &tasks.base);
    else
        acting_fail(client, f, DVM_ERR_UNSUPPORTED, "the fake does not know that");
}

static void with_daemon(void)
{
    acting_start(&daemon_, serve);
    setenv("HOME", "/nowhere", 1);
}

static void without_daemon(void)
{
    acting_stop(&daemon_);
}

TestSuite(complete, .init = with_daemon, .fini = without_daemon, .timeout = 240);

/* The words that fit, parted by blanks; behind them, in <>, what kind of paths. */
static void complete_text(const char *line, char *text, size_t size)
{
    static const char *const kinds[] = {"", "<files>", "<folders>", "<programs>"};
    struct complete c = {.partial = ""};
    struct split s;
    size_t used = 0;

    cr_assert_eq(split_line(&s, line), 0);
    if (!s.between)
        c.partial = s.words[--s.count];
    complete_words(&c, (int)s.count, s.words);
    text[0] = '\0';
    for (size_t i = 0; i < c.count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s ", c.items[i].word);
    snprintf(text + used, size - used, "%s", kinds[c.paths]);
    complete_free(&c);
    split_free(&s);
}

Test(complete, by_the_tables_and_the_machine)
{
    static const struct {
        const char *line, *words;
    } rows[] = {
        {"ver", "version "},
        {"--qu", "--quiet "},
        {"--machine x ver", "version "},
        {"-q ver", "version "},
        {"conf", "config conf "},
        {"del", "delete "},
        {"help exit", "exit-status "},
        {"help ver", "version "},
        {"help co", "config completion codes "},
        {"help J80", "J801 J802 J803 J804 J805 "},
        {"no-such-command ", ""},
        {"run --where ", "node1 other "},
        {"run --where no", "node1 "},
        {"run --where=no", "--where=node1 "},
        {"run --where node1,o", "node1,other "},
        {"run --where node[1,", ""},
        {"run -n 3 --ta", "--tasks --tag-output "},
        {"run --color=", "--color=auto --color=always --color=never "},
        {"run --color ne", "never "},
        {"run ./pro", "<programs>"},
        {"run prog --wh", "<files>"},
        {"run -- --wh", "<programs>"},
        {"run --tasks=", ""},
        {"rm o", "other "},
        {"rm node1 o", "other "},
        {"version x", ""},
        {"completion z", "zsh "},
        {"run --no-such-option=", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[2000];

        complete_text(rows[i].line, text, sizeof text);
        cr_expect_str_eq(text, rows[i].words, "%s: \"%s\" instead of \"%s\"", rows[i].line, text,
                         rows[i].words);
    }
}

/* Every command that takes tasks offers them; every option of every command is offered. */
Test(complete, all_options_and_tasks)
{
    char line[200], text[20000];

    complete_text("kill 0x", text, sizeof text);
    cr_expect(strstr(text, "0x40007 "), "%s", text);
    for (size_t i = 0; command_list[i]; i++)
        for (const struct option_row *r = command_list[i]->options; r && r->name; r++) {
            snprintf(line, sizeof line, "%s --%s", command_list[i]->name, r->name);
            complete_text(line, text, sizeof text);
            cr_expect(strstr(text, r->name), "%s: %s", line, text);
        }
}

Test(complete, without_a_machine)
{
    char text[200];

    setenv("DVM_DIR", "/tmp/dvm-no-such-folder", 1);
    complete_text("run --where ", text, sizeof text);
    cr_expect_str_empty(text);
    setenv("DVM_DIR", daemon_.folder, 1);
}

Test(complete, names_that_ssh_knows)
{
    char home[] = "/tmp/dvm-home-XXXXXX", file[64], text[400];
    FILE *out;

    cr_assert_not_null(mkdtemp(home));
    setenv("HOME", home, 1);
    snprintf(file, sizeof file, "%s/.ssh", home);
    mkdir(file, 0700);
    snprintf(file, sizeof file, "%s/.ssh/config", home);
    out = fopen(file, "w");
    fputs("# Host no\nHost lab1 lab2 *.example !x\n  HostName 192.0.2.1\nhost=lab3\n", out);
    fclose(out);
    snprintf(file, sizeof file, "%s/.ssh/known_hosts", home);
    out = fopen(file, "w");
    fputs("kown1,[kown2]:22 ssh-ed25519 AAAA\n|1|hidden= ssh-rsa AAAA\n"
          "@revoked r ssh-rsa A\n", out);
    fclose(out);
    complete_text("add ", text, sizeof text);
    cr_expect_str_eq(text, "lab1 lab2 lab3 kown1 ");
    complete_text("add ann@l", text, sizeof text);
    cr_expect_str_eq(text, "ann@lab1 ann@lab2 ann@lab3 ");
    complete_text("add lab1,l", text, sizeof text);
    cr_expect_str_eq(text, "lab1,lab1 lab1,lab2 lab1,lab3 ");
    snprintf(text, sizeof text, "rm -rf %s", home);
    cr_assert_eq(system(text), 0);
}

Test(complete, paths)
{
    char top[] = "/tmp/dvm-paths-XXXXXX", text[200];
    struct complete c = {.partial = "--x=fo", .paths = COMPLETE_FILES};

    cr_assert_not_null(mkdtemp(top));
    cr_assert_eq(chdir(top), 0);
    cr_assert_eq(system("mkdir folder; touch folder/file four; touch fox; chmod +x fox"), 0);
    c.path = c.partial + strlen("--x=");
    complete_add_paths(&c);
    cr_assert_eq(c.count, 3);
    cr_expect_str_eq(c.items[0].word, "--x=folder/");
    cr_expect_str_eq(c.items[1].word, "--x=four");
    complete_free(&c);
    c = (struct complete){.partial = "./fo", .paths = COMPLETE_PROGRAMS};
    c.path = c.partial;
    complete_add_paths(&c);
    cr_assert_eq(c.count, 2);
    cr_expect_str_eq(c.items[0].word, "./folder/");
    cr_expect_str_eq(c.items[1].word, "./fox");
    complete_free(&c);
    setenv("PATH", top, 1);
    c = (struct complete){.partial = "fo", .paths = COMPLETE_PROGRAMS};
    c.path = c.partial;
    complete_add_paths(&c);
    cr_assert_eq(c.count, 2); /* that of PATH, and the folder on the way to others */
    complete_free(&c);
    c = (struct complete){.partial = "f", .paths = COMPLETE_FOLDERS};
    c.path = c.partial;
    complete_add_paths(&c);
    cr_assert_eq(c.count, 1);
    complete_free(&c);
    setenv("PATH", "/usr/bin:/bin", 1);
    snprintf(text, sizeof text, "rm -rf %s", top);
    cr_assert_eq(system(text), 0);
}
