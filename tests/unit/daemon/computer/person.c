/* person: a process is read from /proc as it is, whatever it calls itself. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/computer/person.h"

/* A child with a name, in a session of its own, that only waits. */
static pid_t start(const char *name)
{
    int ready[2];
    char byte;
    pid_t child;

    cr_assert_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* it does not outlive the test */
        prctl(PR_SET_NAME, name);
        setsid();
        if (write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

/* What stands behind the name is found behind the last parenthesis. */
Test(person, names_may_look_like_the_rest)
{
    static const char *const names[] = {"plain", "two words", ") Z 1 2 3", "((", "a)\nR 7"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        pid_t child = start(names[i]);
        struct person p;

        cr_assert(person_read(child, &p), "%s", names[i]);
        cr_expect_eq(p.pid, child, "%s", names[i]);
        cr_expect_eq(p.parent, getpid(), "%s", names[i]);
        cr_expect_eq(p.session, child, "%s", names[i]);
        cr_expect(p.state == 'S' || p.state == 'R', "%s: %c", names[i], p.state);
        cr_expect_not(p.dead);
        cr_expect_gt(p.pages, 0);
        kill(child, SIGKILL);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        cr_expect_not(person_read(child, &p));
    }
}

Test(person, a_zombie_is_dead)
{
    pid_t child = start("zombie");
    struct person p;
    siginfo_t info;

    kill(child, SIGKILL);
    cr_assert_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    cr_assert(person_read(child, &p));
    cr_expect(p.dead);
    cr_expect_eq(p.parent, getpid());
    waitpid(child, NULL, 0);
}

Test(person, all_have_each_once)
{
    pid_t child = start("one of all");
    size_t count, me = 0, it = 0;
    struct person *all = person_read_all(&count);

    cr_assert_not_null(all);
    for (size_t i = 0; i < count; i++) {
        me += all[i].pid == getpid();
        it += all[i].pid == child;
        cr_expect_gt(all[i].pid, 0);
    }
    free(all);
    cr_expect_eq(me, 1);
    cr_expect_eq(it, 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
