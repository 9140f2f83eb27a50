/* Running the program under test ($GEARS, see tests/run) as a user would: arguments, folder, environment in; exit code
 * and both outputs back. */
#ifndef GEARS_TESTS_PROGRAM_H
#define GEARS_TESTS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    PROGRAM_TIMED_OUT = 1000, /* as a code: killed after its time */
    PROGRAM_SIGNALLED = 2000  /* + the signal that ended it */
};

struct program {
    /* in; all may be left 0 */
    const char *path;           /* NULL: $GEARS */
    const char *folder;         /* working directory; NULL: this one */
    const char *environment[6]; /* "NAME=value", or "NAME" to unset; NULL ends */
    const char *output;         /* standard output goes to this file; "-": it is closed; NULL: kept in `text` */
    double seconds;             /* time limit; 0: 60 */
    /* out */
    int code;            /* exit code, or one of the above */
    char *text, *errors; /* standard output and error, ended by 0; owned */
    size_t text_length;
    /* private */
    pid_t child;
    char scratch[4096];
};

/* Run it to its end. Arguments without the program's name. What an earlier run left in *p is freed. */
#define program_run(p, ...) program_run_list((p), (const char *const[]){__VA_ARGS__, NULL})
void program_run_list(struct program *p, const char *const *arguments);

/* The same in two parts, to do something meanwhile: it runs as p->child, which leads a process group of its own. */
void program_start(struct program *p, const char *const *arguments);
bool program_is_running(struct program *p); /* true: it has not ended yet; else its code is in p->code */
void program_finish(struct program *p);
/* Until it has taken SIGINT into its own hands (or has ended). */
void program_wait_until_caught(struct program *p);
void program_pause(double seconds);

void program_clear(struct program *p);

/* Abort the test unless the code is as expected; shows what the program said. */
#define assert_code(p, expected) program_assert_code((p), (expected), __FILE__, __LINE__)
void program_assert_code(const struct program *p, int expected, const char *file, int line);
/* Abort the test unless text contains part. */
#define assert_contains(text, part) program_assert_contains((text), (part), __FILE__, __LINE__)
void program_assert_contains(const char *text, const char *part, const char *file, int line);

/* Number of lines in a text; an unfinished last one counts. */
size_t program_count_lines(const char *text);

#endif
