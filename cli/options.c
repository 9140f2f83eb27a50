/* The options of a command, by GNU argp. */
#include "base/text.h"
#include "base/version.h"
#include "cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_SET = 's',
    KEY_OUT = 'o',
    KEY_QUIET = 'q',
    KEY_THREADS = 't',
    KEY_JSON = 256,
    KEY_FORCE,
    KEY_SEED,
    KEY_RETRAIN
};

static const struct {
    int takes;
    struct argp_option option;
} all_options[] = {
    {TAKES_JSON, {"json", KEY_JSON, NULL, 0, "Print JSON, and nothing else, on standard output", 0}},
    {TAKES_SET,
     {"set", KEY_SET, "PATH=VALUE", 0, "Change the file for this run: --set parameters.capital_share=0.3", 0}},
    {TAKES_OUT, {"out", KEY_OUT, "DIR", 0, "Write the run folder there", 0}},
    {TAKES_OUT, {"force", KEY_FORCE, NULL, 0, "Write into a folder that holds other files", 0}},
    {TAKES_THREADS,
     {"threads", KEY_THREADS, "N", 0, "Use at most N threads (default: one a processor); results do not depend on it",
      0}},
    {TAKES_THREADS, {"seed", KEY_SEED, "N", 0, "Seed of everything random (default: 0)", 0}},
    {TAKES_RETRAIN, {"retrain", KEY_RETRAIN, NULL, 0, "Train again, even where weights of the same key are there", 0}},
    {TAKES_QUIET, {"quiet", KEY_QUIET, NULL, 0, "No progress and no tables; warnings and errors stay", 0}},
};
enum { N_OPTIONS = sizeof all_options / sizeof all_options[0] };

/* A whole number in [0, most]. */
static uint64_t read_whole(const char *text, uint64_t most, const char *what, struct argp_state *state)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value > most)
        argp_error(state, "%s: '%s' is not a whole number from 0 to %llu", what, text, (unsigned long long)most);
    return value;
}

static error_t read_argument(struct options *o, char *argument, struct argp_state *state)
{
    if (o->n_files == o->command->most)
        argp_error(state, "'%s' is one argument too many", argument);
    o->files[o->n_files++] = argument;
    return 0;
}

static error_t read_option(int key, char *argument, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_SET:
        o->settings[o->n_settings++] = argument;
        return 0;
    case KEY_OUT:
        if (!argument[0])
            argp_error(state, "--out: expected the name of a folder");
        o->out = argument;
        return 0;
    case KEY_QUIET:
        o->quiet = true;
        return 0;
    case KEY_THREADS:
        o->threads = (int)read_whole(argument, 1024, "--threads", state);
        return 0;
    case KEY_SEED:
        o->seed = read_whole(argument, UINT64_MAX, "--seed", state);
        return 0;
    case KEY_JSON:
        o->json = true;
        return 0;
    case KEY_RETRAIN:
        o->retrain = true;
        return 0;
    case KEY_FORCE:
        o->force = true;
        return 0;
    case ARGP_KEY_ARG:
        return read_argument(o, argument, state);
    case ARGP_KEY_END:
        if (o->n_files < o->command->least)
            argp_error(state, "it wants %s", o->command->arguments);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void options_parse(struct options *o, const struct command *command, int argc, char **argv)
{
    struct argp_option listed[N_OPTIONS + 1] = {0};
    size_t n = 0;
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (command->takes & all_options[i].takes)
            listed[n++] = all_options[i].option;
    char *name = text_format("gears %s", command->name);
    char *doc = text_format("%s.\v%s", command->summary, command->details ? command->details : "");
    o->command = command;
    o->settings = calloc((size_t)argc + 1, sizeof *o->settings);
    o->files = calloc((size_t)argc + 1, sizeof *o->files);
    if (!name || !doc || !o->settings || !o->files) {
        fputs("gears: out of memory\n", stderr);
        exit(STATUS_FAILED);
    }
    struct argp argp = {listed, read_option, command->arguments, doc, NULL, NULL, NULL};
    argv[0] = name; /* argp shows it in what it prints */
    argp_err_exit_status = STATUS_USAGE;
    argp_program_version = "gears " GEARS_VERSION;
    argp_parse(&argp, argc, argv, 0, NULL, o);
    argv[0] = "gears";
    free(name);
    free(doc);
}

json_t *options_to_json(const struct command *command)
{
    json_t *list = json_array();
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct argp_option *option = &all_options[i].option;
        if (!(command->takes & all_options[i].takes))
            continue;
        json_t *one = json_object();
        json_object_set_new(one, "name", json_string(option->name));
        json_object_set_new(one, "argument", option->arg ? json_string(option->arg) : json_null());
        json_object_set_new(one, "meaning", json_string(option->doc));
        json_array_append_new(list, one);
    }
    return list;
}

void options_clear(struct options *o)
{
    free(o->settings);
    free(o->files);
    o->settings = o->files = NULL;
}

const char *folder_of(const struct options *o, const char *name, bool only_file, char *buffer, size_t size)
{
    if (o->out && only_file)
        return o->out;
    snprintf(buffer, size, "%s/%s", o->out ? o->out : "out", name);
    return buffer;
}
