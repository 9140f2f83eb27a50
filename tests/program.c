#include "tests/program.h"

#include "tests/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ARGUMENTS = 40, DEFAULT_SECONDS = 60, POLL_NANOSECONDS = 1000000 };

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void send_to_file(const char *path, int descriptor)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || dup2(file, descriptor) < 0)
        _exit(126);
    if (file != descriptor)
        close(file);
}

static void set_environment(const char *entry)
{
    const char *equals = strchr(entry, '=');
    char name[64] = "";
    if (!equals) {
        unsetenv(entry);
        return;
    }
    memcpy(name, entry, (size_t)(equals - entry) < sizeof name ? (size_t)(equals - entry) : 0);
    setenv(name, equals + 1, 1);
}

static _Noreturn void become_program(const struct program *p, const char *path, const char *const *arguments)
{
    char out[TESTING_PATH], err[TESTING_PATH], *argv[MOST_ARGUMENTS + 2] = {(char *)path};
    for (size_t i = 0; arguments[i] && i < MOST_ARGUMENTS; i++)
        argv[i + 1] = (char *)arguments[i];
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is stopped leaves no program behind */
    send_to_file("/dev/null", STDIN_FILENO);
    send_to_file(testing_path(err, p->scratch, "err"), STDERR_FILENO);
    if (!p->output || p->output[0] != '-')
        send_to_file(p->output ? p->output : testing_path(out, p->scratch, "out"), STDOUT_FILENO);
    else
        close(STDOUT_FILENO);
    for (size_t i = 0; i < sizeof p->environment / sizeof p->environment[0] && p->environment[i]; i++)
        set_environment(p->environment[i]);
    if (!p->folder || chdir(p->folder) == 0)
        execv(path, argv);
    _exit(126);
}

void program_start(struct program *p, const char *const *arguments)
{
    const char *path = p->path ? p->path : getenv("GEARS");
    int ends[2];
    char byte;
    ck_assert_msg(path != NULL, "GEARS is not set: run the tests by tests/run");
    program_clear(p);
    testing_folder(p->scratch);
    p->code = -1;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    p->child = fork();
    ck_assert_int_ge(p->child, 0);
    if (p->child == 0)
        become_program(p, path, arguments);
    close(ends[1]);
    (void)!read(ends[0], &byte,
                1); /* until exec closes the other end: from here on it is the program, not a copy of us */
    close(ends[0]);
}

bool program_is_running(struct program *p)
{
    int state;
    if (p->code >= 0)
        return false;
    pid_t ended = waitpid(p->child, &state, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR))
        return true;
    ck_assert_int_eq(ended, p->child);
    p->code = WIFEXITED(state) ? WEXITSTATUS(state) : PROGRAM_SIGNALLED + WTERMSIG(state);
    return false;
}

void program_finish(struct program *p)
{
    char path[TESTING_PATH];
    double end = seconds_now() + (p->seconds > 0 ? p->seconds : DEFAULT_SECONDS);
    bool late = false;
    while (program_is_running(p)) {
        if (!late && seconds_now() > end) {
            late = true;
            kill(-p->child, SIGKILL);
        }
        nanosleep(&(struct timespec){.tv_nsec = POLL_NANOSECONDS}, NULL);
    }
    if (late)
        p->code = PROGRAM_TIMED_OUT;
    p->text = p->output ? strdup("") : testing_read(testing_path(path, p->scratch, "out"), &p->text_length);
    p->errors = testing_read(testing_path(path, p->scratch, "err"), NULL);
    ck_assert(p->text && p->errors);
}

void program_run_list(struct program *p, const char *const *arguments)
{
    program_start(p, arguments);
    program_finish(p);
}

void program_wait_until_caught(struct program *p)
{
    char path[64], line[256];
    unsigned long long caught = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)p->child);
    while (!(caught >> (SIGINT - 1) & 1) && program_is_running(p)) {
        FILE *status = fopen(path, "r");
        while (status && fgets(line, sizeof line, status))
            sscanf(line, "SigCgt: %llx", &caught);
        if (status)
            fclose(status);
        program_pause(0.001);
    }
}

void program_pause(double seconds)
{
    nanosleep(&(struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * fmod(seconds, 1))}, NULL);
}

void program_clear(struct program *p)
{
    free(p->text);
    free(p->errors);
    p->text = p->errors = NULL;
    p->text_length = 0;
}

void program_assert_code(const struct program *p, int expected, const char *file, int line)
{
    if (p->code != expected)
        ck_abort_msg("%s:%d: exit code %d, expected %d\nstandard output: %.1500s\nstandard error: %.1500s", file, line,
                     p->code, expected, p->text, p->errors);
}

void program_assert_contains(const char *text, const char *part, const char *file, int line)
{
    if (!strstr(text, part))
        ck_abort_msg("%s:%d: no '%s' in: %.1500s", file, line, part, text);
}

size_t program_count_lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n' || !text[1];
    return n;
}
