/* The command line: what its commands share. Only cli/ prints, exits and handles signals. */
#ifndef GEARS_CLI_CLI_H
#define GEARS_CLI_CLI_H

#include "base/error.h"
#include "base/reporter.h"
#include "base/table.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Options a command may take, beyond --help and --version. */
enum {
    TAKES_JSON = 1,
    TAKES_SET = 2,
    TAKES_OUT = 4,     /* --out, --force */
    TAKES_THREADS = 8, /* --threads, --seed */
    TAKES_QUIET = 16,
    TAKES_RETRAIN = 32,
    TAKES_SERIES = 64, /* --series and what of it is used, how it is fitted and what is asked of the fit */
    TAKES_CLAIM = 128
};

struct command;

struct options {
    const struct command *command;
    bool json, quiet, force, retrain;
    const char *out; /* NULL: not given */
    uint64_t seed;
    int threads;                    /* 0: one a processor */
    const char **settings, **files; /* (n_settings), (n_files): pointers into argv; the arrays are owned */
    size_t n_settings, n_files;
    const char *series, *profile; /* NULL: not given */
    double from, to, until;       /* years; NAN: not given */
    double *stops;                /* (n_stops) years; owned */
    const char **holds, **claims; /* (n_holds), (n_claims) */
    size_t n_stops, n_holds, n_claims;
    int every, modes;    /* 0: not given */
    int weights, errors; /* index of the choice; 0: the first */
    int argc;            /* the whole command line, for the record */
    char **argv;
};

struct command {
    const char *name;      /* "growth phases" */
    const char *arguments; /* "FILE..." */
    const char *summary;   /* one line */
    const char *details;   /* for --help, may be NULL */
    int takes;
    size_t least, most; /* arguments */
    enum status (*run)(const struct options *o, struct error *e);
};

/* The table of all commands, NULL name last. */
extern const struct command commands[];

/* Read the options of a command: argv[0] is what stands for the program. Prints help and exits where asked to; a wrong
 * option exits with STATUS_USAGE. */
void options_parse(struct options *o, const struct command *command, int argc, char **argv);
void options_clear(struct options *o);
/* The options that a command takes: [{name, argument, meaning}] (new reference). */
json_t *options_to_json(const struct command *command);

/* Where the results of the file called `name` go: out/NAME, DIR, or DIR/NAME when there are several files. */
const char *folder_of(const struct options *o, const char *name, bool only_file, char *buffer, size_t size);

/* The reporter of the terminal: progress when a command takes more than a second, warnings, Ctrl-C. */
const struct reporter *terminal_reporter(const struct options *o);
/* Before anything else is printed: wipe a progress line. */
void terminal_clear_progress(void);
/* Characters in a line of standard output; 0 where it is not a terminal. */
size_t terminal_width(void);

/* {gears, command}: what every JSON answer and summary.json begin with. `full` adds arguments, seed and threads. */
json_t *answer_new(const struct options *o, bool full);
/* Print (and consume) a JSON answer. */
enum status answer_print(json_t *answer, struct error *e);
struct report;
/* Print a report, as text or JSON, and write its folder where --out asks for one. */
enum status report_show(const struct report *r, const struct options *o, struct error *e);
/* Print (and free) a table, if it has rows, and a blank line. */
void print_table(struct table *t);

#endif
