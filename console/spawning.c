/* spawning.c: the implementation of spawning.h. */
#include "console/spawning.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hostlist.h"

#define NAMES_BYTES 4096        /* of all names of hosts in a sentence */
#define EXIT_NOT_EXECUTABLE 126 /* as a shell says it */

/* Where the caller's task is registered is nothing that its children may use. */
static const char *const private_names[] = {"DVM_SOCKET=", "DVM_TOKEN="};

static bool is_private(const char *variable)
{
    for (size_t i = 0; i < sizeof private_names / sizeof private_names[0]; i++)
        if (!strncmp(variable, private_names[i], strlen(private_names[i])))
            return true;
    return false;
}

static int take_environment(struct spawning *s)
{
    size_t count = 0;

    while (environ[count])
        count++;
    s->env = calloc(count + 1, sizeof *s->env);
    if (!s->env)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the environment");
    for (size_t i = 0; i < count; i++)
        if (!is_private(environ[i]))
            s->env[s->message.n_env++] = environ[i];
    s->message.env = s->env;
    return DVM_OK;
}

static int take_program(struct spawning *s, const char *name)
{
    bool relative;
    int n;

    s->directory = getcwd(NULL, 0);
    if (!s->directory)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "the working directory cannot be found; cd to one "
                                              "that exists");
    relative = strchr(name, '/') && name[0] != '/';
    if (strncmp(name, "./", 2) == 0 && name[2]) /* dvm ps shows it shorter so */
        name += 2;
    if (relative)
        n = asprintf(&s->program, "%s/%s", s->directory, name);
    else
        n = asprintf(&s->program, "%s", name);
    if (n < 0) {
        s->program = NULL;
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the program's name");
    }
    s->message.program = s->program;
    s->message.directory = s->directory;
    return DVM_OK;
}

int spawning_make(struct spawning *s, int count, const char *where, char **argv)
{
    struct hostlist hosts;
    int r = DVM_OK;

    assert(argv[0] && count > 0);
    *s = (struct spawning){0};
    dvm__pb__spawn__init(&s->message);
    if (where) {
        r = hostlist_parse(&hosts, where);
        if (r)
            return r;
        hostlist_free(&hosts);
        s->message.where = (char *)(uintptr_t)where;
    }
    r = take_program(s, argv[0]);
    if (!r)
        r = take_environment(s);
    if (r) {
        spawning_free(s);
        return r;
    }
    s->message.count = (uint32_t)count;
    s->message.args = argv + 1;
    while (argv[1 + s->message.n_args])
        s->message.n_args++;
    s->message.no_parent = true;
    return DVM_OK;
}

void spawning_free(struct spawning *s)
{
    free(s->program);
    free(s->directory);
    free(s->env);
    *s = (struct spawning){0};
}

/* Whether it is here, to be run under that name. A name without a slash is one of PATH,
 * whatever this folder has. */
static bool is_here(const char *program)
{
    struct stat st;

    return strchr(program, '/') && stat(program, &st) == 0 && S_ISREG(st.st_mode) &&
           access(program, X_OK) == 0;
}

/* What makes a program of a source, by the end of its name; NULL: it is no source. */
static const char *compiler_of(const char *name)
{
    static const char *const ends[][2] = {
        {".c", "dvmcc"}, {".f90", "dvmfort"}, {".F90", "dvmfort"}, {".f", "dvmfort"},
        {".f95", "dvmfort"}, {".f03", "dvmfort"}, {".f08", "dvmfort"}};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof ends / sizeof ends[0]; i++)
        if (!strcmp(dot, ends[i][0]))
            return ends[i][1];
    return NULL;
}

/* As the user calls it, who stands in the folder of the spawn. */
static const char *short_name(const struct spawning *s)
{
    const char *name = s->message.program;
    size_t length = strlen(s->directory);

    return !strncmp(name, s->directory, length) && name[length] == '/' ? name + length + 1 : name;
}

static int explain_source(const struct console *c, const struct spawning *s)
{
    const char *name = short_name(s), *compiler = compiler_of(name);
    int stem = (int)(strrchr(name, '.') - name);

    console_wrong(c, "%s is a source, and runs once it is compiled: %s -o %.*s %s && dvm run "
                     "%s%.*s", name, compiler, stem, name, name, name[0] == '/' ? "" : "./", stem,
                  name);
    return EXIT_NOT_EXECUTABLE;
}

/* What may help someone whose program was not found. */
static int explain_program(const struct console *c, const struct spawning *s)
{
    const char *name = s->message.program;
    struct stat st;

    if (stat(name, &st) < 0)
        return EXIT_NOT_FOUND;
    if (S_ISREG(st.st_mode) && compiler_of(name))
        return explain_source(c, s);
    if (!strchr(name, '/')) {
        if (S_ISREG(st.st_mode))
            console_wrong(c, "there is %s in this folder, but not in PATH; did you mean ./%s?",
                          name, name);
        return EXIT_NOT_FOUND;
    }
    if (S_ISDIR(st.st_mode)) {
        console_wrong(c, "%s is a folder; name a program in it: %s/PROGRAM", name, name);
        return EXIT_NOT_EXECUTABLE;
    }
    if (access(name, X_OK) < 0) {
        console_wrong(c, "%s may not be executed; allow it: chmod +x %s", name, name);
        return EXIT_NOT_EXECUTABLE;
    }
    return EXIT_NOT_FOUND;
}

/* Hosts lack the program: one sentence names all of them, then each says why. What is
 * here may be copied there. */
static void tell_missing(const struct console *c, const struct spawning *s,
                         const Dvm__Pb__SpawnReply *reply)
{
    char names[NAMES_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; i < reply->n_missing && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 reply->missing[i]);
    if (reply->n_missing == 1 && reply->n_errors > 0)
        console_wrong(c, "%s", reply->errors[0]);
    else
        console_wrong(c, "%zu hosts cannot run %s: %s; no task was started", reply->n_missing,
                      s->message.program, names);
    for (size_t i = reply->n_missing == 1; i < reply->n_errors && !c->quiet; i++)
        fprintf(stderr, "    %s\n", reply->errors[i]);
    if (is_here(s->message.program))
        console_say(c, "install it there, or have it copied: dvm run --push");
}

int spawning_failed(const struct console *c, const struct spawning *s,
                    const Dvm__Pb__SpawnReply *reply, int code)
{
    if (reply && reply->n_missing > 0) {
        code = DVM_ERR_NO_PROGRAM; /* that is the cause, whatever became of the rest */
        tell_missing(c, s, reply);
    } else if (reply && reply->n_errors > 0) {
        for (size_t i = 0; i < reply->n_errors; i++)
            console_wrong(c, "%s", reply->errors[i]);
        if (code == DVM_ERR_NO_PROGRAM && is_here(s->message.program)) /* and there, too */
            return EXIT_NOT_EXECUTABLE;
    } else if (reply) {
        console_wrong(c, "no task was started: %s", dvm_error_text(code));
    } else {
        console_failed(c, code);
    }
    return code == DVM_ERR_NO_PROGRAM ? explain_program(c, s) : console_exit_code(code);
}
