/* Basin experiment files: the schema table, and a checked file turned into runs: network, data, start, training,
 * analyses. */
#ifndef GEARS_BASIN_EXPERIMENT_H
#define GEARS_BASIN_EXPERIMENT_H

#include "basin/minimum.h"
#include "basin/weights.h"
#include "config/config.h"

/* The table of everything an experiment file may say; also the documentation (docs/experiment-files.md). */
extern const struct config_field basin_schema[];

enum { EXPERIMENT_MAX_ANALYSES = 16 };

/* One named run of an experiment. */
struct basin_run {
    char name[64];
    struct config *config;  /* the run's own merged file; owned */
    struct dataset data;    /* owned */
    struct problem problem; /* borrows from data */
    double *theta0;         /* (N) the start, or the weights of a file; owned */
    double *sigma;          /* (N) owned */
    enum init_scheme init_scheme;
    double init_scale;
    enum weights_layout layout; /* of files of weights */
    bool layout_assumed;        /* neither the experiment says it nor anything in the file of theta0 */
    bool trains;                /* false: theta0 is analysed as it stands */
    struct train_options train;
    uint64_t seed;
    char key[17]; /* hash of all that defines the trained weights */
    const struct analysis *analyses[EXPERIMENT_MAX_ANALYSES];
    size_t n_analyses;
};

struct experiment {
    struct config *config; /* the merged file */
    char name[64], title[256];
    struct basin_run *runs; /* (n_runs); owned */
    size_t n_runs;
};

/* Errors as scenario_read. Clear in all cases. */
enum status experiment_read(const char *path, const char *const *settings, size_t n_settings, struct experiment *out,
                            struct error *e);
void experiment_clear(struct experiment *x);
/* Only the merged file, checked against the schema. The caller frees. */
enum status experiment_read_config(const char *path, const char *const *settings, size_t n_settings,
                                   struct config **out, struct error *e);

#endif
