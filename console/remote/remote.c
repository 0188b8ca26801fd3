/* remote.c: see remote.h. The talk, line by line (what the remote side says begins with
 * LAUNCH_DIALOG):
 *
 *     remote               console
 *                          the script
 *     run PATH             the ticket, and the end
 *     need NAME...         "NAME SIZE" of the first one
 *     send NAME            its bytes
 *     got NAME             "NAME SIZE" of the next; after the last one "end 0"
 *
 * Nothing is sent before it is asked for: some shells read their script in blocks, and
 * would take what follows it for more of it. A refusal is a line as dvmd says it, with
 * its code. Pushed files go into the runtime folder of the host and are removed with it.
 */
#include "console/remote/remote.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"

#define DVMD "dvmd"

/* The variables name, own, machine, system, check and libs stand before it. It is one compound
 * command, so that a shell reads all of it before it does anything. */
static const char body[] =
    "say() { echo \"" LAUNCH_DIALOG "$*\"; }\n"
    "fail() { code=$1; shift; echo \"dvmd: $* [$code]\" >&2\n"
    "    [ -z \"$dir\" ] || clean; exit 1; }\n"
    "clean() { rm -rf \"$dir\"\n"
    "    rmdir \"$up/pushed\" \"$up\" \"${up%/*}\" \"$base\" 2>/dev/null; }\n"
    "works() { [ -f \"$1\" ] && [ -x \"$1\" ] && why=$(\"$1\" --version 2>&1 </dev/null); }\n"
    "set --; [ -z \"$name\" ] || set -- --host \"$name\"\n"
    "[ -z \"$check\" ] || set -- \"$@\" --check --machine \"$machine\"\n"
    "dir= fault=\n"
    "for p in \"$own\" \"$(command -v dvmd 2>/dev/null)\"; do\n"
    "    [ -n \"$p\" ] && [ -f \"$p\" ] || continue\n"
    "    why=\"it is not executable\"\n"
    "    if works \"$p\"; then say run \"$p\"; exec \"$p\" --join - \"$@\"; fi\n"
    "    fault=\"$p: $why\"\n"
    "done\n"
    "[ -z \"$fault\" ] || echo \"$fault\" >&2\n"
    "if [ -z \"$system\" ]; then\n"
    "    [ -n \"$fault\" ] || fail J401 \"there is no ${own:-dvmd}, and no dvmd in PATH ($PATH)\"\n"
    "    exit 127\n"
    "fi\n"
    "here=$(uname -s -m)\n"
    "[ \"$here\" = \"$system\" ] ||\n"
    "    fail J404 \"it is $here and has no dvmd; the one at hand is for $system\"\n"
    "umask 077\n"
    "base=/tmp/dvm-$(id -u) up=$base/$machine/${name:-$(uname -n)}\n"
    "[ -z \"$DVM_DIR\" ] || { base=$DVM_DIR; up=$DVM_DIR; }\n"
    "for d in \"$base\" \"${up%/*}\" \"$up\" \"$up/pushed\" \"$up/pushed/dvmd\"; do\n"
    "    [ \"$d\" != \"${DVM_DIR%/*}\" ] || continue\n"
    "    mkdir \"$d\" 2>/dev/null || [ -d \"$d\" ] || fail J602 \"the folder $d cannot be made\"\n"
    "    [ ! -L \"$d\" ] && [ -O \"$d\" ] || fail J601 \"the folder $d is of another user, or a "
    "link\"\n"
    "    chmod 700 \"$d\"\n"
    "done\n"
    "dir=$up/pushed/dvmd lack=\n"
    "m=${system#* }-linux-gnu\n"
    "for l in $libs; do\n"
    "    for d in /lib/$m /usr/lib/$m /lib64 /usr/lib64 /lib /usr/lib /usr/local/lib; do\n"
    "        [ ! -e \"$d/$l\" ] || continue 2\n"
    "    done\n"
    "    lack=\"$lack $l\"\n"
    "done\n"
    "say need dvmd $lack\n"
    "while :; do\n"
    "    read -r file size || { clean; exit 1; }\n"
    "    [ \"$file\" != end ] || break\n"
    "    say send \"$file\"\n"
    "    rm -f \"$dir/$file\"\n"
    "    head -c \"$size\" >\"$dir/$file\" && [ \"$(wc -c <\"$dir/$file\")\" -eq \"$size\" ] ||\n"
    "        fail J405 \"$file ($size bytes) could not be written to $dir\"\n"
    "    say got \"$file\"\n"
    "done\n"
    "chmod 700 \"$dir/dvmd\"\n"
    "LD_LIBRARY_PATH=$dir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}; export LD_LIBRARY_PATH\n"
    "works \"$dir/dvmd\" || case $why in\n"
    "*GLIBC*) fail J403 \"$why\" ;;\n"
    "*'shared libraries'*) fail J402 \"$why\" ;;\n"
    "*) fail J405 \"the dvmd that was copied to $dir does not run: $why\" ;;\n"
    "esac\n"
    "say run \"$dir/dvmd\"\n"
    "\"$dir/dvmd\" --join - \"$@\"; status=$?\n"
    "[ $status = 0 ] && [ -z \"$check\" ] || clean\n"
    "exit $status\n"
    "}\n";

static void add_file(struct remote *r, const char *name, const char *path)
{
    r->files[r->file_count++] = (struct remote_file){.name = name, .path = path};
}

int remote_open(struct remote *r, const char *dvmd, const char *machine, bool push)
{
    int code;

    *r = (struct remote){.dvmd = strchr(dvmd, '/') ? dvmd : "", .machine = machine};
    if (!push || access(dvmd, R_OK) < 0)
        return DVM_OK;
    code = libraries_of(dvmd, &r->libraries);
    if (code)
        return code;
    add_file(r, DVMD, dvmd);
    for (size_t i = 0; i < r->libraries.count; i++)
        add_file(r, r->libraries.list[i].name, r->libraries.list[i].path);
    return DVM_OK;
}

void remote_close(struct remote *r)
{
    for (size_t i = 0; i < r->file_count; i++)
        if (r->files[i].bytes)
            munmap(r->files[i].bytes, r->files[i].size);
    r->file_count = 0;
    libraries_free(&r->libraries);
}

/* Write NAME='VALUE' as a shell reads it. */
static void assign(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s='", name);
    for (; *value; value++)
        if (*value == '\'')
            fputs("'\\''", out);
        else
            fputc(*value, out);
    fputs("'\n", out);
}

int remote_script(const struct remote *r, struct remote_host *h, const char *name)
{
    struct utsname u = {0};
    char system[sizeof u.sysname + sizeof u.machine + 2] = "";
    size_t size;
    FILE *out = open_memstream(&h->script, &size);

    if (!out)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a script");
    uname(&u);
    if (r->file_count > 0)
        snprintf(system, sizeof system, "%s %s", u.sysname, u.machine);
    fputs("{\n", out);
    assign(out, "name", name);
    assign(out, "own", r->dvmd);
    assign(out, "machine", r->machine);
    assign(out, "system", system);
    assign(out, "check", r->check ? "1" : "");
    fputs("libs='", out);
    for (size_t i = 0; i < r->libraries.count; i++)
        fprintf(out, "%s ", r->libraries.list[i].name);
    fputs("'\n", out);
    fputs(body, out);
    return fclose(out) == 0 ? DVM_OK : dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a script");
}

/* ---- the talk -------------------------------------------------------------------- */

static bool map_file(struct remote_file *f)
{
    int fd = f->bytes ? -1 : open(f->path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
        f->size = (size_t)st.st_size;
        f->bytes = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (f->bytes == MAP_FAILED)
            f->bytes = NULL;
    }
    if (fd >= 0)
        close(fd);
    return f->bytes != NULL;
}

/* The lowest file that is needed, or -1. */
static int next_file(const struct remote *r, const struct remote_host *h)
{
    for (size_t i = 0; i < r->file_count; i++)
        if (h->needed & (UINT64_C(1) << i))
            return (int)i;
    return -1;
}

/* Announce the next file, or that there is none. */
static void announce(struct remote *r, struct remote_host *h, struct launch *l)
{
    h->sending = next_file(r, h);
    while (h->sending >= 0 && !map_file(&r->files[h->sending])) {
        h->needed &= ~(UINT64_C(1) << h->sending); /* it will be missed there in words */
        h->sending = next_file(r, h);
    }
    if (h->sending >= 0)
        snprintf(h->header, sizeof h->header, "%s %zu\n", r->files[h->sending].name,
                 r->files[h->sending].size);
    else
        snprintf(h->header, sizeof h->header, "end 0\n");
    launch_feed(l, h->header, strlen(h->header), false);
}

static void on_run(struct remote *r, struct remote_host *h, struct launch *l, const char *text)
{
    h->running = true;
    launch_feed(l, r->ticket, strlen(r->ticket), true);
}

static void on_need(struct remote *r, struct remote_host *h, struct launch *l, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, " ");

        for (size_t i = 0; i < r->file_count; i++)
            if (strlen(r->files[i].name) == n && strncmp(r->files[i].name, text, n) == 0)
                h->needed |= UINT64_C(1) << i;
        text += n;
        text += strspn(text, " ");
    }
    h->pushed = true;
    announce(r, h, l);
}

static void on_send(struct remote *r, struct remote_host *h, struct launch *l, const char *text)
{
    const struct remote_file *f = h->sending >= 0 ? &r->files[h->sending] : NULL;

    if (f && f->bytes)
        launch_feed(l, f->bytes, f->size, false);
}

static void on_got(struct remote *r, struct remote_host *h, struct launch *l, const char *text)
{
    if (h->sending >= 0)
        h->needed &= ~(UINT64_C(1) << h->sending);
    announce(r, h, l);
}

void remote_heard(struct remote *r, struct remote_host *h, struct launch *l, const char *line)
{
    static const struct {
        const char *word;
        void (*function)(struct remote *r, struct remote_host *h, struct launch *l,
                         const char *text);
    } words[] = {{"run ", on_run}, {"need ", on_need}, {"send ", on_send}, {"got ", on_got}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(line, words[i].word, strlen(words[i].word)) == 0)
            words[i].function(r, h, l, line + strlen(words[i].word));
}
