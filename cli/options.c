/* The options of a command, by GNU argp. */
#include "base/text.h"
#include "base/version.h"
#include "cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
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
    KEY_RETRAIN,
    KEY_SERIES,
    KEY_FROM,
    KEY_TO,
    KEY_STOP,
    KEY_EVERY,
    KEY_WEIGHTS,
    KEY_ERRORS,
    KEY_HOLD,
    KEY_MODES,
    KEY_PROFILE,
    KEY_UNTIL,
    KEY_CLAIM
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
    {TAKES_THREADS,
     {"seed", KEY_SEED, "N", 0,
      "Seed of everything random (default: 0) but the weights and data of an experiment, whose seeds its file gives",
      0}},
    {TAKES_RETRAIN, {"retrain", KEY_RETRAIN, NULL, 0, "Train again, even where weights of the same key are there", 0}},
    {TAKES_SERIES, {"series", KEY_SERIES, "NAME", 0, "Fit this shipped series, or CSV file", 0}},
    {TAKES_SERIES, {"from", KEY_FROM, "YEAR", 0, "Use rows from this year on (1820, -10000, \"10000 BCE\")", 0}},
    {TAKES_SERIES, {"to", KEY_TO, "YEAR", 0, "Use rows up to this year", 0}},
    {TAKES_SERIES,
     {"stop", KEY_STOP, "YEAR", 0,
      "Fit only the rows up to this year and hold what it says against those after; may be repeated", 0}},
    {TAKES_SERIES,
     {"every", KEY_EVERY, "N", 0,
      "After 1950 use only years divisible by N, and the last row (default: roodman 10, else 1)", 0}},
    {TAKES_SERIES,
     {"weights", KEY_WEIGHTS, "KIND", 0,
      "default (measurement for roodman, else equal), equal, or measurement (Roodman's errors of measurement by date)",
      0}},
    {TAKES_SERIES,
     {"errors", KEY_ERRORS, "KIND", 0,
      "Residuals of curves are independent (default) or correlated from year to year (ar1)", 0}},
    {TAKES_SERIES, {"hold", KEY_HOLD, "PARAMETER=NUMBER", 0, "Hold a parameter; may be repeated", 0}},
    {TAKES_SERIES, {"modes", KEY_MODES, "N", 0, "Exponential modes of hanson-sum (default 4) and hanson-ces (3)", 0}},
    {TAKES_SERIES, {"profile", KEY_PROFILE, "PARAMETER", 0, "Show the profile likelihood of this parameter", 0}},
    {TAKES_SERIES, {"until", KEY_UNTIL, "YEAR", 0, "Predict up to this year (default: 2100)", 0}},
    {TAKES_CLAIM, {"claim", KEY_CLAIM, "NAME", 0, "Only this claim (a, b, c, d); may be repeated", 0}},
    {TAKES_QUIET, {"quiet", KEY_QUIET, NULL, 0, "No progress and no tables; warnings and errors stay", 0}},
};
enum { N_OPTIONS = sizeof all_options / sizeof all_options[0] };

/* A whole number in [least, most]. */
static uint64_t read_from(const char *text, uint64_t least, uint64_t most, const char *what, struct argp_state *state)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < least || value > most)
        argp_error(state, "%s: '%s' is not a whole number from %llu to %llu", what, text, (unsigned long long)least,
                   (unsigned long long)most);
    return value;
}

static uint64_t read_whole(const char *text, uint64_t most, const char *what, struct argp_state *state)
{
    return read_from(text, 0, most, what, state);
}

static double read_year(const char *text, const char *what, struct argp_state *state)
{
    double year = NAN;
    if (!text_to_year(text, &year))
        argp_error(state, "%s: '%s' is not a year (1820, -10000, \"10000 BCE\")", what, text);
    return year;
}

/* Index of `text` among the n choices. */
static int read_choice(const char *text, const char *const *choices, int n, const char *what, struct argp_state *state)
{
    for (int i = 0; i < n; i++)
        if (strcmp(text, choices[i]) == 0)
            return i;
    argp_error(state, "%s: '%s' is none of %s, %s%s%s", what, text, choices[0], choices[1], n > 2 ? ", " : "",
               n > 2 ? choices[2] : "");
    return 0;
}

/* The options of a fit to a series; false: the key is none of them. */
static bool read_series_option(struct options *o, int key, const char *argument, struct argp_state *state)
{
    static const char *const weights[] = {"default", "equal", "measurement"}, *const errors[] = {"independent", "ar1"};
    switch (key) {
    case KEY_SERIES:
        o->series = argument;
        return true;
    case KEY_FROM:
        o->from = read_year(argument, "--from", state);
        return true;
    case KEY_TO:
        o->to = read_year(argument, "--to", state);
        return true;
    case KEY_UNTIL:
        o->until = read_year(argument, "--until", state);
        return true;
    case KEY_STOP:
        o->stops[o->n_stops++] = read_year(argument, "--stop", state);
        return true;
    case KEY_EVERY:
        o->every = (int)read_whole(argument, 1000, "--every", state);
        return true;
    case KEY_MODES:
        o->modes = (int)read_whole(argument, 6, "--modes", state);
        return true;
    case KEY_WEIGHTS:
        o->weights = read_choice(argument, weights, 3, "--weights", state);
        return true;
    case KEY_ERRORS:
        o->errors = read_choice(argument, errors, 2, "--errors", state);
        return true;
    case KEY_HOLD:
        o->holds[o->n_holds++] = argument;
        return true;
    case KEY_PROFILE:
        o->profile = argument;
        return true;
    default:
        return false;
    }
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
        o->threads = (int)read_from(argument, 1, 1024, "--threads", state);
        return 0;
    case KEY_SEED:
        o->seed = read_whole(argument, UINT64_MAX, "--seed", state);
        return 0;
    case KEY_JSON:
        o->json = true;
        return 0;
    case KEY_CLAIM:
        o->claims[o->n_claims++] = argument;
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
        return read_series_option(o, key, argument, state) ? 0 : ARGP_ERR_UNKNOWN;
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
    o->holds = calloc((size_t)argc + 1, sizeof *o->holds);
    o->claims = calloc((size_t)argc + 1, sizeof *o->claims);
    o->stops = calloc((size_t)argc + 1, sizeof *o->stops);
    o->from = o->to = o->until = NAN;
    if (!name || !doc || !o->settings || !o->files || !o->holds || !o->claims || !o->stops) {
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
    free(o->holds);
    free(o->claims);
    free(o->stops);
    o->settings = o->files = o->holds = o->claims = NULL;
    o->stops = NULL;
}

const char *folder_of(const struct options *o, const char *name, bool only_file, char *buffer, size_t size)
{
    if (o->out && only_file)
        return o->out;
    snprintf(buffer, size, "%s/%s", o->out ? o->out : "out", name);
    return buffer;
}
