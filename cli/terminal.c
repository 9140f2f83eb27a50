/* The terminal: progress, warnings, Ctrl-C, and how answers are printed. */
#include "base/json.h"
#include "base/version.h"
#include "cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { QUIET_MILLISECONDS = 1000, REDRAW_MILLISECONDS = 100, BAR_WIDTH = 30 };

static volatile sig_atomic_t interrupted;

/* What the progress line remembers. One per process, as the terminal is. */
static struct {
    bool shows, drawn;
    long started, last; /* ms */
} terminal;

static void on_interrupt(int number)
{
    interrupted = 1;
    signal(number, SIG_DFL); /* a second Ctrl-C ends it at once */
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

static void show_progress(void *context, double done, const char *what)
{
    (void)context;
    long now = milliseconds();
    if (!terminal.shows || now - terminal.started < QUIET_MILLISECONDS || now - terminal.last < REDRAW_MILLISECONDS)
        return;
    terminal.last = now;
    terminal.drawn = true;
    int full = (int)(BAR_WIDTH * done);
    fprintf(stderr, "\r\033[K[");
    for (int i = 0; i < BAR_WIDTH; i++)
        fputc(i < full ? '#' : ' ', stderr);
    fprintf(stderr, "] %3.0f %% %.60s", 100 * done, what);
    fflush(stderr);
}

void terminal_clear_progress(void)
{
    if (terminal.drawn)
        fputs("\r\033[K", stderr);
    terminal.drawn = false;
}

static void show_warning(void *context, const char *message)
{
    (void)context;
    terminal_clear_progress();
    fprintf(stderr, "gears: warning: %s\n", message);
}

static bool is_interrupted(void *context)
{
    (void)context;
    return interrupted;
}

const struct reporter *terminal_reporter(const struct options *o)
{
    static const struct reporter reporter = {show_progress, show_warning, is_interrupted, NULL};
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    terminal.shows = !o->quiet && isatty(STDERR_FILENO);
    terminal.started = milliseconds();
    return &reporter;
}

size_t terminal_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

json_t *answer_new(const struct options *o, bool full)
{
    json_t *answer = json_object();
    json_object_set_new(answer, "gears", json_string(GEARS_VERSION));
    json_object_set_new(answer, "command", json_string(o->command->name));
    if (!full)
        return answer;
    json_t *arguments = json_array();
    for (int i = 1; i < o->argc; i++)
        json_array_append_new(arguments, json_string(o->argv[i]));
    json_object_set_new(answer, "arguments", arguments);
    json_object_set_new(answer, "seed", json_integer((json_int_t)o->seed));
    return answer;
}

enum status answer_print(json_t *answer, struct error *e)
{
    terminal_clear_progress();
    enum status status = json_write(answer, stdout, e);
    json_decref(answer);
    return status;
}

void print_table(struct table *t)
{
    size_t width = terminal_width();
    terminal_clear_progress();
    if (table_rows(t)) {
        table_print(t, stdout, width ? width : 140);
        putchar('\n');
    }
    table_free(t);
}
