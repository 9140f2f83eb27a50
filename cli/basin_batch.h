/* Several basin experiment files: what run and the basin commands share. */
#ifndef GEARS_CLI_BASIN_BATCH_H
#define GEARS_CLI_BASIN_BATCH_H

#include "basin/session.h"
#include "cli/cli.h"

struct basin_batch {
    struct experiment *experiments; /* (n) read */
    struct basin_result **results;  /* (n)(n_results[i]) */
    struct findings *across;        /* (n) of all runs of an experiment together */
    size_t *n_results, n;
};

/* Read all files. Clear in all cases. */
enum status basin_batch_read(struct basin_batch *b, const char *const *files, size_t n, const struct options *o,
                             struct error *e);
/* Train or reuse, and analyse: only `analysis`, or what the files ask for (NULL), or nothing (n_analyses 0 with a
 * list). With `keep` checkpoints are kept beside the run folders. All files up to the first that
 * fails, or one. A failure or STATUS_INTERRUPTED leaves what is finished. */
enum status basin_batch_run(struct basin_batch *b, const struct analysis *const *list, size_t n_list, bool keep,
                            const struct options *o, const struct reporter *reporter, struct error *e);
enum status basin_batch_run_one(struct basin_batch *b, size_t i, const struct analysis *const *list, size_t n_list,
                                bool keep, const struct options *o, const struct reporter *reporter, struct error *e);
void basin_batch_clear(struct basin_batch *b);

/* Write experiment i into a folder. */
enum status basin_batch_write(const struct basin_batch *b, size_t i, const char *folder, bool complete,
                              const struct options *o, const struct reporter *reporter, struct error *e);
/* Append all runs, each with its experiment's name, to the array `runs` of a JSON answer. */
void basin_batch_to_json(const struct basin_batch *b, json_t *runs);
/* Add what all runs of each experiment say together to an answer. */
void basin_batch_across_to_json(const struct basin_batch *b, json_t *answer);
void basin_batch_print(const struct basin_batch *b);
/* STATUS_REFUSED with the first refusal of any analysis, else STATUS_OK: the last word, after all is shown. */
enum status basin_batch_verdict(const struct basin_batch *b, struct error *e);

#endif
