/* Running gnuplot: no shell, its words caught. */
#include "plots/figure_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_FOUND = 127, WORDS_SIZE = 4096 };

static _Noreturn void run_child(const char *folder, const char *script, const char *assignment, int output)
{
    int nothing = open("/dev/null", O_RDONLY);
    if (chdir(folder) == 0 && nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0)
        execlp("gnuplot", "gnuplot", "-e", assignment, script, (char *)NULL);
    _exit(errno == ENOENT || errno == EACCES || errno == ENOTDIR ? NOT_FOUND : 126);
}

/* What gnuplot said, as much as there is room for. */
static void read_words(int input, char words[WORDS_SIZE])
{
    char buffer[256];
    size_t used = 0;
    for (ssize_t n; (n = read(input, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR);)
        for (ssize_t i = 0; i < n && used + 1 < WORDS_SIZE; i++)
            words[used++] = buffer[i];
    words[used] = 0;
}

/* The first line that says something and is no warning; ended in place. */
static const char *first_complaint(char *words)
{
    char *rest = NULL;
    for (char *line = strtok_r(words, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *start = strstr(line, "line ");
        if (!strstr(line, "warning:") && line[strspn(line, " \t^")])
            return start ? start : line;
    }
    return "it says nothing";
}

enum status gnuplot_run(const char *folder, const char *script, const char *suffix, bool *found, struct error *e)
{
    char assignment[64], words[WORDS_SIZE] = "";
    int ends[2], state = 0;
    snprintf(assignment, sizeof assignment, "suffix = '%s'", suffix);
    if (pipe(ends) != 0)
        return error_set(e, STATUS_FAILED, "gnuplot cannot be started: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(folder, script, assignment, ends[1]);
    }
    close(ends[1]);
    if (child > 0)
        read_words(ends[0], words);
    close(ends[0]);
    while (child > 0 && waitpid(child, &state, 0) < 0 && errno == EINTR)
        ;
    if (child < 0)
        return error_set(e, STATUS_FAILED, "gnuplot cannot be started: %s", strerror(errno));
    *found = !(WIFEXITED(state) && WEXITSTATUS(state) == NOT_FOUND);
    if (!*found || (WIFEXITED(state) && WEXITSTATUS(state) == 0))
        return STATUS_OK;
    return error_set_at(e, STATUS_FAILED, script, 0, 0, "gnuplot failed: %s", first_complaint(words));
}
