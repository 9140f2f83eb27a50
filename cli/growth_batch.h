/* Several growth scenario files, read and simulated: what run, growth phases and growth compare share. */
#ifndef GEARS_CLI_GROWTH_BATCH_H
#define GEARS_CLI_GROWTH_BATCH_H

#include "cli/cli.h"
#include "growth/result.h"

struct growth_batch {
    struct scenario *scenarios;      /* (n) read */
    struct scenario_result *results; /* (n) simulated */
    size_t n;
};

/* Read all files, so that a bad one costs nothing. Clear in all cases. */
enum status growth_batch_read(struct growth_batch *b, const char *const *files, size_t n, const struct options *o,
                              const struct reporter *reporter, struct error *e);
/* Simulate them, all up to the first that fails, or one. A failure or STATUS_INTERRUPTED leaves what is finished. */
enum status growth_batch_run(struct growth_batch *b, const struct options *o, const struct reporter *reporter,
                             struct error *e);
enum status growth_batch_run_one(struct growth_batch *b, size_t i, const struct options *o,
                                 const struct reporter *reporter, struct error *e);
void growth_batch_clear(struct growth_batch *b);

/* Write scenarios [first, first + n) into one folder. */
enum status growth_batch_write(const struct growth_batch *b, size_t first, size_t n, const char *folder, bool complete,
                               const struct options *o, const struct reporter *reporter, struct error *e);

/* Append all runs, each with its scenario's name, to the array `runs` of a JSON answer. */
void growth_batch_to_json(const struct growth_batch *b, json_t *runs);

/* Tables for people. */
void growth_batch_print_phases(const struct growth_batch *b);
void growth_batch_print_comparisons(const struct growth_batch *b, bool say_when_none);

#endif
