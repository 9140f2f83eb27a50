/* Running an experiment: trained or reused weights, and the analyses on them. */
#ifndef GEARS_BASIN_SESSION_H
#define GEARS_BASIN_SESSION_H

#include "basin/experiment.h"

/* What one run gave. */
struct basin_result {
    const struct basin_run *run;                       /* borrowed */
    struct training training;                          /* theta NULL when nothing was trained */
    double *theta;                                     /* (N) where the analyses were done; owned */
    bool reused;                                       /* weights of an earlier training were there */
    bool ready;                                        /* theta is there: what training there was has ended */
    bool partial;                                      /* an analysis did not come to its end; it is left out */
    uint64_t seed;                                     /* of the session's options */
    struct findings findings[EXPERIMENT_MAX_ANALYSES]; /* (n_findings), in the order of `analyses` */
    const struct analysis *analyses[EXPERIMENT_MAX_ANALYSES];
    size_t n_findings;
};

struct session_options {
    const char *folder; /* where weights of an earlier training are looked for; NULL: nowhere */
    bool keep;          /* a checkpoint is kept beside that folder while training, so that it can be resumed */
    bool retrain;       /* do not reuse */
    uint64_t seed; /* moves what the analyses draw: 0 leaves it to the seed of the run. Weights do not depend on it */
    int threads;
};

/* Train (or reuse weights of the same key) and run the analyses `list` (n_list; NULL: the file's own) on run `r`;
 * only_run: the experiment has no other. STATUS_INTERRUPTED leaves what is finished: out->ready, out->partial. Clear in
 * all cases. */
enum status session_run(const struct basin_run *r, bool only_run, const struct analysis *const *list, size_t n_list,
                        const struct session_options *options, const struct reporter *reporter,
                        struct basin_result *out, struct error *e);
void basin_result_clear(struct basin_result *r);
/* What the analyses find across the n runs, of which the first one's list counts. Clear in all cases. */
void session_across(const struct basin_result *results, size_t n, struct findings *out);

/* {name, parameters, behaviours, loss, ..., training, and every finding's members} (new reference). */
json_t *basin_result_to_json(const struct basin_result *r);
/* How training went, one row a run (new table). */
struct table *training_to_table(const struct basin_result *results, size_t n);

#endif
