/* settings: each key takes what it says, a later place goes before an earlier one but not
 * past an administrator's limit, and what is wrong is told with its line. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/network.h"
#include "base/settings.h"

#define TEXT_MAX 1024
#define PATH_MAX_BYTES 128

static struct settings s;

static int say(const char *text, enum settings_author author)
{
    static char copy[TEXT_MAX];

    snprintf(copy, sizeof copy, "%s", text);
    return settings_text(&s, copy, strlen(copy), "some.conf", author);
}

static void set_up(void)
{
    settings_init(&s);
    for (int key = 0; key < SETTING_COUNT; key++) {
        char variable[SETTING_NAME_MAX];

        setting_variable((enum setting_key)key, variable);
        unsetenv(variable);
    }
}

TestSuite(settings, .init = set_up);

static const char *text_of(enum setting_key key)
{
    return settings_get(&s, key)->text;
}

/* ---- values ------------------------------------------------------------------------------ */

static const struct {
    const char *name, *text, *shown; /* shown: NULL when the value is refused */
    double number, most;
} values[] = {
    {"host_tasks", "1", "1", 1, 0},
    {"host_tasks", "262143", "262143", 262143, 0},
    {"host_tasks", "unlimited", "unlimited", 0, 0},
    {"host_tasks", "0", NULL, 0, 0},
    {"host_tasks", "-3", NULL, 0, 0},
    {"host_tasks", "1.5", NULL, 0, 0},
    {"host_tasks", "3 MiB", NULL, 0, 0},
    {"host_tasks", "99999999999999999999999", NULL, 0, 0},
    {"host_tasks", "", NULL, 0, 0},
    {"task_memory", "2 GiB", "2 GiB", 2147483648.0, 0},
    {"task_memory", "2GiB", "2 GiB", 2147483648.0, 0},
    {"task_memory", "1.5 GiB", "1.5 GiB", 1610612736.0, 0},
    {"task_memory", "1536 MiB", "1.5 GiB", 1610612736.0, 0},
    {"task_memory", "1048577 B", "1048577 B", 1048577, 0},
    {"task_memory", "2", NULL, 0, 0},
    {"task_memory", "2 GB", NULL, 0, 0},
    {"task_memory", "1 KiB", NULL, 0, 0},
    {"task_memory", "1e3 GiB", NULL, 0, 0},
    {"task_memory", "0x10 GiB", NULL, 0, 0},
    {"task_memory", "nan", NULL, 0, 0},
    {"task_memory", "1000000 TiB", NULL, 0, 0},
    {"task_cores", "0.5", "0.5", 0.5, 0},
    {"task_cores", "2", "2", 2, 0},
    {"task_cores", "0", NULL, 0, 0},
    {"task_cores", "1.", NULL, 0, 0},
    {"task_files", "64", "64", 64, 0},
    {"task_files", "inherit", "inherit", 0, 0},
    {"task_files", "3", NULL, 0, 0},
    {"oversubscribe", "allow", "allow", OVERSUBSCRIBE_ALLOW, 0},
    {"oversubscribe", "refuse", "refuse", OVERSUBSCRIBE_REFUSE, 0},
    {"oversubscribe", "Refuse", NULL, 0, 0},
    {"placement", "pack", "pack", PLACEMENT_PACK, 0},
    {"placement", "random", NULL, 0, 0},
    {"join", "20 s", "20 s", 20, 0},
    {"join", "1 h", "1 h", 3600, 0},
    {"join", "0 s", NULL, 0, 0},
    {"rejoin", "10 min", "10 min", 600, 0},
    {"rejoin", "never", "never", 0, 0},
    {"rejoin", "0 s", NULL, 0, 0},
    {"silence", "3 s", "3 s", 3, 0},
    {"silence", "500 ms", "500 ms", 0.5, 0},
    {"silence", "1 min", "1 min", 60, 0},
    {"silence", "2.75 s", "2.75 s", 2.75, 0},
    {"silence", "3", NULL, 0, 0},
    {"silence", "0.1 s", NULL, 0, 0},
    {"silence", "2 min", NULL, 0, 0},
    {"port", "7117", "7117", 7117, 7117},
    {"port", "7100-7199", "7100-7199", 7100, 7199},
    {"port", "7100 - 7199", "7100-7199", 7100, 7199},
    {"port", "any", "any", 0, 0},
    {"port", "7199-7100", NULL, 0, 0},
    {"port", "65535", NULL, 0, 0},
    {"port", "7100-", NULL, 0, 0},
    {"port", "http", NULL, 0, 0},
    {"bind", "127.0.0.1", "127.0.0.1", 0, 0},
    {"bind", "fd00::/8", "fd00::/8", 0, 0},
    {"bind", "10.0.0.0/8, fd00::/8", NULL, 0, 0},
    {"bind", "localhost", NULL, 0, 0},
    {"offer", "10.0.0.0/8,fd00::/8", "10.0.0.0/8, fd00::/8", 0, 0},
    {"offer", "10.0.0.0/33", NULL, 0, 0},
    {"offer", "10.0.0.0/", NULL, 0, 0},
    {"offer", ",", NULL, 0, 0},
    {"lane_security", "off", "off", LANE_SECURITY_OFF, 0},
    {"lane_security", "full", "full", LANE_SECURITY_FULL, 0},
    {"lane_security", "none", NULL, 0, 0},
    {"cgroup", "off", "off", CGROUP_OFF, 0},
    {"cgroup", "/sys/fs/cgroup/dvm", "/sys/fs/cgroup/dvm", CGROUP_PATH, 0},
    {"cgroup", "sys/fs", NULL, 0, 0},
    {"log_size", "1 MiB", "1 MiB", 1048576, 0},
    {"log_size", "1 KiB", NULL, 0, 0},
};

Test(settings, each_key_takes_what_it_says)
{
    bool seen[SETTING_COUNT] = {false};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        enum setting_key key = setting_find(values[i].name, strlen(values[i].name));
        struct setting_value v = {0}, again;
        int r;

        cr_assert_lt(key, SETTING_COUNT);
        r = setting_parse(key, values[i].text, &v);
        cr_expect_eq(r == DVM_OK, values[i].shown != NULL, "%s = %s", values[i].name,
                     values[i].text);
        seen[key] = true;
        if (r) {
            cr_expect_not_null(strstr(dvm_last_error(), values[i].name), "%s", dvm_last_error());
            continue;
        }
        cr_expect_str_eq(v.text, values[i].shown);
        cr_expect_eq(v.number, values[i].number, "%s: %f", v.text, v.number);
        cr_expect_eq(v.most, values[i].most, "%s: %f", v.text, v.most);
        cr_expect_eq(setting_parse(key, v.text, &again), DVM_OK);
        cr_expect_eq(again.number, v.number);
    }
    for (int key = 0; key < SETTING_COUNT; key++)
        cr_expect(seen[key], "%s has no test", setting_row((enum setting_key)key)->name);
}

/* ---- a file ------------------------------------------------------------------------------ */

Test(settings, a_file_has_comments_blanks_and_line_ends_of_any_kind)
{
    cr_assert_eq(say("# all of it\n\n  host_tasks=8   # of two users\r\n\ttask_memory = 2 GiB",
                     SETTINGS_USER), DVM_OK, "%s", dvm_last_error());
    cr_expect_str_eq(text_of(SETTING_HOST_TASKS), "8");
    cr_expect_str_eq(s.list[SETTING_HOST_TASKS].from, "some.conf:3");
    cr_expect_str_eq(text_of(SETTING_TASK_MEMORY), "2 GiB");
    cr_expect_str_eq(s.list[SETTING_TASK_MEMORY].from, "some.conf:4");
    cr_expect_str_eq(s.list[SETTING_SILENCE].from, "default");
}

static const struct {
    const char *text, *sentence;
} faults[] = {
    {"host_tasks = 4\ntask_memroy = 2 GiB\n",
     "some.conf:2: there is no setting \"task_memroy\"; did you mean task_memory?"},
    {"frobnicate = 2\n", "some.conf:1: there is no setting \"frobnicate\" (dvm config"},
    {"host_tasks\n", "some.conf:1: \"host_tasks\" is no line of the form name = value"},
    {"= 4\n", "some.conf:1: there is no setting \"\""},
    {"host_tasks =\n", "some.conf:1: host_tasks takes a whole number from 1 to 262143, or "
                       "unlimited; \"\" is none of these"},
    {"host_tasks = 4\n\nhost_tasks = 5\n",
     "some.conf:3: host_tasks is set a second time; line 1 sets it, too"},
    {"host_tasks = \033[31m4\n", "some.conf:1: a byte that is no text"},
    {"silence = 3\n", "some.conf:1: silence takes a time with its unit (ms, s, min, h) from 500 ms "
                      "to 1 min; \"3\""},
    {"lane_security = on\n", "some.conf:1: lane_security takes off, auth or full; \"on\""},
};

Test(settings, what_is_wrong_is_told_with_its_line)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        settings_init(&s);
        cr_expect_eq(say(faults[i].text, SETTINGS_ADMINISTRATOR), DVM_ERR_ARG);
        cr_expect_eq(strstr(dvm_last_error(), faults[i].sentence), dvm_last_error(), "%s",
                     dvm_last_error());
    }
}

/* ---- limits ------------------------------------------------------------------------------ */

static const struct {
    const char *administrator, *user, *in_force; /* in_force: NULL for the user's */
} limits[] = {
    {"host_tasks = 8", "host_tasks = 4", NULL},
    {"host_tasks = 8", "host_tasks = 9", "8"},
    {"host_tasks = 8", "host_tasks = unlimited", "8"},
    {"host_tasks = unlimited", "host_tasks = 99", NULL},
    {"task_memory = 1 GiB", "task_memory = 1025 MiB", "1 GiB"},
    {"task_cores = 1.5", "task_cores = 2", "1.5"},
    {"task_files = 100", "task_files = inherit", "100"},
    {"log_size = 1 MiB", "log_size = 1 GiB", "1 MiB"},
    {"oversubscribe = warn", "oversubscribe = refuse", NULL},
    {"oversubscribe = refuse", "oversubscribe = allow", "refuse"},
    {"lane_security = auth", "lane_security = full", NULL},
    {"lane_security = auth", "lane_security = off", "auth"},
    {"port = 7100-7199", "port = 7110-7120", NULL},
    {"port = 7100-7199", "port = 7190-7200", "7100-7199"},
    {"port = 7100-7199", "port = any", "7100-7199"},
    {"port = any", "port = 7", NULL},
    {"bind = 10.0.0.0/8", "bind = all", "10.0.0.0/8"},
    {"offer = 10.0.0.0/8", "offer = 10.0.0.0/9", "10.0.0.0/8"},
    {"cgroup = off", "cgroup = auto", "off"},
    {"placement = pack", "placement = spread", NULL},
    {"silence = 10 s", "silence = 20 s", NULL},
};

Test(settings, a_user_does_not_go_past_the_administrator)
{
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const char *name = limits[i].user, *value = strchr(name, '=') + 2;
        size_t length = strcspn(name, " ");
        enum setting_key key = setting_find(name, length);
        bool taken = !limits[i].in_force;

        settings_init(&s);
        cr_assert_eq(say(limits[i].administrator, SETTINGS_ADMINISTRATOR), DVM_OK);
        cr_assert_eq(say(name, SETTINGS_USER), DVM_OK, "%s", dvm_last_error());
        cr_expect_str_eq(text_of(key), taken ? value : limits[i].in_force);
        cr_expect_eq(s.note_count, !taken, "%s", name);
        cr_expect(taken || strstr(s.notes[0], "past what the administrator allows"));
        /* and an option that does is an error, not a surprise */
        settings_init(&s);
        say(limits[i].administrator, SETTINGS_ADMINISTRATOR);
        cr_expect_eq(settings_set(&s, name, length, value, "option --x", SETTINGS_OPTION),
                     taken ? DVM_OK : DVM_ERR_REFUSED);
    }
}

Test(settings, the_sentence_names_value_limit_and_both_places)
{
    say("\nhost_tasks = 8", SETTINGS_ADMINISTRATOR);
    settings_set(&s, "host_tasks", 10, "9", "option --set host_tasks", SETTINGS_OPTION);
    cr_expect_str_eq(dvm_last_error(), "option --set host_tasks: host_tasks = 9 goes past what the "
                                       "administrator allows here, which is 8 (some.conf:2)");
}

/* ---- places ------------------------------------------------------------------------------- */

static char folder[] = "/tmp/dvm-test-settings-XXXXXX";

static const char *put(const char *name, const char *text, mode_t mode)
{
    static char paths[4][PATH_MAX_BYTES];
    static int next;
    char *path = paths[next++ % 4];
    FILE *file;

    snprintf(path, PATH_MAX_BYTES, "%s/%s", folder, name);
    file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
    return path;
}

static void make_folder(void)
{
    set_up();
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    static const char *const names[] = {"system", "prefix", "user", "named"};
    char path[PATH_MAX_BYTES];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

TestSuite(places, .init = make_folder, .fini = remove_folder);

Test(places, a_later_place_goes_before_an_earlier_one)
{
    struct settings_places p = {.administrator = geteuid(), .environment = true};

    p.system[0] = put("system", "placement = pack\nsilence = 4 s\nlog_size = 4 MiB\n", 0644);
    p.system[1] = put("prefix", "silence = 5 s\n", 0644);
    p.user = put("user", "silence = 6 s\nhost_tasks = 6\ntask_files = 600\n", 0644);
    p.named = put("named", "silence = 7 s\nhost_tasks = 7\n", 0600);
    setenv("DVM_SILENCE", "8 s", 1);
    cr_assert_eq(settings_read(&s, &p), DVM_OK, "%s", dvm_last_error());
    cr_expect_str_eq(text_of(SETTING_SILENCE), "8 s");
    cr_expect_str_eq(s.list[SETTING_SILENCE].from, "environment DVM_SILENCE");
    cr_expect_str_eq(text_of(SETTING_HOST_TASKS), "7");
    cr_expect_str_eq(text_of(SETTING_TASK_FILES), "600");
    cr_expect_str_eq(text_of(SETTING_PLACEMENT), "pack");
    cr_expect_str_eq(s.list[SETTING_LOG_SIZE].limit.text, "4 MiB");
    cr_expect_str_empty(s.list[SETTING_HOST_TASKS].limit_from);
    unsetenv("DVM_SILENCE");
}

Test(places, a_file_that_others_may_write_sets_no_limits)
{
    struct settings_places p = {.administrator = geteuid()};

    p.system[0] = put("system", "host_tasks = 4\n", 0664);
    p.user = put("user", "host_tasks = 99\n", 0644);
    cr_assert_eq(settings_read(&s, &p), DVM_OK);
    cr_expect_str_eq(text_of(SETTING_HOST_TASKS), "99");
    cr_expect_not_null(strstr(s.notes[0], "may be written by others"), "%s", s.notes[0]);
}

Test(places, a_file_of_another_than_root_sets_no_limits)
{
    struct settings_places p = {.administrator = geteuid() + 1};

    p.system[0] = put("system", "host_tasks = 4\n", 0644);
    cr_assert_eq(settings_read(&s, &p), DVM_OK);
    cr_expect_str_eq(text_of(SETTING_HOST_TASKS), "4");
    cr_expect_str_empty(s.list[SETTING_HOST_TASKS].limit_from);
    cr_expect_not_null(strstr(s.notes[0], "does not belong to root"), "%s", s.notes[0]);
}

Test(places, the_environment_does_not_go_past_a_limit)
{
    struct settings_places p = {.administrator = geteuid(), .environment = true};

    p.system[0] = put("system", "host_tasks = 4\n", 0644);
    setenv("DVM_HOST_TASKS", "99", 1);
    cr_assert_eq(settings_read(&s, &p), DVM_OK);
    cr_expect_str_eq(text_of(SETTING_HOST_TASKS), "4");
    cr_expect_eq(strstr(s.notes[0], "environment DVM_HOST_TASKS: host_tasks = 99 is not taken"),
                 s.notes[0], "%s", s.notes[0]);
    unsetenv("DVM_HOST_TASKS");
}

Test(places, a_named_file_must_be_there_and_be_one)
{
    struct settings_places p = {.named = "/nonexistent/dvmd.conf"};

    cr_expect_eq(settings_read(&s, &p), DVM_ERR_SYSTEM);
    cr_expect_not_null(strstr(dvm_last_error(), "/nonexistent/dvmd.conf: No such file"), "%s",
                       dvm_last_error());
    p.named = folder;
    cr_expect_eq(settings_read(&s, &p), DVM_ERR_ARG);
    p.named = "/dev/zero";
    cr_expect_eq(settings_read(&s, &p), DVM_ERR_ARG);
    cr_expect_not_null(strstr(dvm_last_error(), "more than"), "%s", dvm_last_error());
    p.named = NULL;
    p.user = "/nonexistent/dvmd.conf";
    cr_expect_eq(settings_read(&s, &p), DVM_OK);
}

/* ---- the table and its texts ------------------------------------------------------------- */

Test(settings, every_row_has_its_manual)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    setting_manual(out);
    fclose(out);
    for (int key = 0; key < SETTING_COUNT; key++) {
        const struct setting_row *row = setting_row((enum setting_key)key);

        cr_expect_not_null(strstr(text, row->help));
        cr_expect_lt(strlen(row->name) + strlen("DVM_"), (size_t)SETTING_NAME_MAX);
    }
    free(text);
}

/* The file named by path, relative to the tree: "" when it is not there. */
static char *tree_file(const char *path)
{
    static char text[64 * TEXT_MAX];
    FILE *file = fopen(path, "re");
    size_t used;

    cr_assert_not_null(file, "%s", path);
    used = fread(text, 1, sizeof text - 1, file);
    text[used] = '\0';
    fclose(file);
    return text;
}

Test(settings, the_example_file_and_the_page_have_every_setting)
{
    char wanted[TEXT_MAX], *text = tree_file(DVM_SOURCE "/deploy/dvmd.conf.example");
    char *at = text;

    for (int key = 0; key < SETTING_COUNT; key++) {
        const struct setting_row *row = setting_row((enum setting_key)key);

        snprintf(wanted, sizeof wanted, "\n#%s = ", row->name);
        cr_expect_not_null(strstr(text, wanted), "deploy/dvmd.conf.example lacks %s", row->name);
    }
    /* every line of it, taken in, can be read */
    while ((at = strstr(at, "\n#"))) {
        at++;
        if (at[1] != ' ' && at[1] != '\n')
            *at = ' ';
    }
    cr_expect_eq(settings_text(&s, text, strlen(text), "example", SETTINGS_USER), DVM_OK, "%s",
                 dvm_last_error());
    text = tree_file(DVM_SOURCE "/docs/configuration.md");
    for (int key = 0; key < SETTING_COUNT; key++) {
        const struct setting_row *row = setting_row((enum setting_key)key);

        snprintf(wanted, sizeof wanted, "| `%s` | %s |", row->name, row->fallback);
        cr_expect_not_null(strstr(text, wanted), "docs/configuration.md lacks %s", wanted);
    }
}

/* ---- networks ------------------------------------------------------------------------------ */

Test(settings, networks_have_what_lies_in_them)
{
    cr_expect(network_list_has("10.0.0.0/8", "10.255.0.1"));
    cr_expect_not(network_list_has("10.0.0.0/8", "11.0.0.1"));
    cr_expect(network_list_has("10.0.0.0/9", "10.127.255.255"));
    cr_expect_not(network_list_has("10.0.0.0/9", "10.128.0.0"));
    cr_expect(network_list_has("0.0.0.0/0", "192.0.2.1"));
    cr_expect_not(network_list_has("0.0.0.0/0", "::1"));
    cr_expect(network_list_has("10.0.0.0/8, fd00::/8", "fd12::1"));
    cr_expect(network_list_has("192.0.2.7", "192.0.2.7"));
    cr_expect_not(network_list_has("192.0.2.7", "192.0.2.8"));
    cr_expect(network_list_has("::1/128", "::1"));
}
