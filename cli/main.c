/* gears COMMAND [OPTION...] [ARGUMENT...]: find the command, read its options, run it, end with its status. */
#include "base/text.h"
#include "base/version.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MOST = 2 }; /* in a command's name */

static const struct command *find_command(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* The command that the first words name, the longest name first; *words says how many were used. */
static const struct command *match_command(int argc, char **argv, int *words)
{
    for (int n = WORDS_MOST; n >= 1; n--) {
        char name[80] = "";
        size_t used = 0;
        for (int i = 1; i <= n && i < argc && used < sizeof name; i++)
            used += (size_t)snprintf(name + used, sizeof name - used, "%s%s", i > 1 ? " " : "", argv[i]);
        const struct command *c = argc > n ? find_command(name) : NULL;
        *words = n;
        if (c)
            return c;
    }
    return NULL;
}

/* "growth" alone: what may come after it, into buffer. */
static const char *list_group(const char *group, char *buffer, size_t size)
{
    size_t used = 0, length = strlen(group);
    buffer[0] = 0;
    for (const struct command *c = commands; c->name && used < size; c++)
        if (strncmp(c->name, group, length) == 0 && c->name[length] == ' ')
            used += (size_t)snprintf(buffer + used, size - used, "%s%s", used ? ", " : "", c->name + length + 1);
    return buffer;
}

static bool is_group(const char *name)
{
    return strcmp(name, "growth") == 0 || strcmp(name, "basin") == 0;
}

static bool is_plea_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "-?") == 0;
}

static int complain(int argc, char **argv)
{
    const char *names[64], *near;
    char given[80] = "", members[400];
    size_t n = 0;
    for (const struct command *c = commands; c->name && n < 64; c++)
        names[n++] = c->name;
    bool group = is_group(argv[1]);
    if (group && (argc == 2 || argv[2][0] == '-')) {
        fprintf(stderr, "gears: '%s' alone is no command: after it comes one of %s (gears %s --help lists them)\n",
                argv[1], list_group(argv[1], members, sizeof members), argv[1]);
        return STATUS_USAGE;
    }
    bool two = group && argc > 2 && argv[2][0] != '-';
    snprintf(given, sizeof given, "%.30s%s%.30s", argv[1], two ? " " : "", two ? argv[2] : "");
    near = text_nearest(given, names, n);
    if (!near)
        near = text_nearest(argv[1], names, n);
    for (size_t i = 0; i < n && !near; i++) { /* "phases", without its group */
        const char *space = strchr(names[i], ' ');
        if (space && strcmp(space + 1, argv[1]) == 0)
            near = names[i];
    }
    fprintf(stderr, "gears: unknown command '%.60s'%s (gears help lists the commands)\n", given,
            text_did_you_mean(near, members, sizeof members));
    return STATUS_USAGE;
}

/* A standard stream that was closed must not become the first file that is opened. Opened the wrong way round, writing
 * to it still fails. */
static void occupy_standard_streams(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0)
            open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* At the end of the program, also where argp ends it: what was printed must have arrived. */
static void check_standard_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    fputs("gears: standard output cannot be written\n", stderr);
    _exit(STATUS_FAILED);
}

static int run_command(const struct command *command, int words, int argc, char **argv)
{
    struct options o = {.argc = argc, .argv = argv};
    struct error e = {0};
    char line[1400];
    options_parse(&o, command, argc - words, argv + words);
    enum status status = command->run(&o, &e);
    terminal_clear_progress();
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (!status)
            status = error_set(&e, STATUS_FAILED, "standard output cannot be written");
        __fpurge(stdout); /* said once is enough */
        clearerr(stdout);
    }
    if (status)
        fprintf(stderr, "gears: %s\n", error_format(&e, line, sizeof line));
    options_clear(&o);
    return (int)status;
}

int main(int argc, char **argv)
{
    int words;
    occupy_standard_streams();
    atexit(check_standard_output);
    setlocale(LC_CTYPE, ""); /* for what the terminal shows; numbers stay in the C locale */
    if (argc < 2 || is_plea_for_help(argv[1])) {
        char *help[] = {argv[0], "help"};
        int status = run_command(find_command("help"), 1, 2, help);
        return argc < 2 && !status ? STATUS_USAGE : status;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return printf("gears %s\n", GEARS_VERSION) < 0 ? STATUS_FAILED : STATUS_OK; /* and see check_standard_output */
    if (argc == 3 && is_group(argv[1]) && is_plea_for_help(argv[2])) {
        char *help[] = {argv[0], "help", argv[1]};
        return run_command(find_command("help"), 1, 3, help);
    }
    const struct command *command = match_command(argc, argv, &words);
    return command ? run_command(command, words, argc, argv) : complain(argc, argv);
}
