/* What the rows of the table of volumes share: volume.c, volume_rows.c, volume_sampled.c, volume_figures.c. */
#ifndef GEARS_BASIN_VOLUME_PRIVATE_H
#define GEARS_BASIN_VOLUME_PRIVATE_H

#include "basin/annealed.h"
#include "basin/minimum.h"
#include "basin/quadratic.h"
#include "basin/sameness.h"
#include "basin/star.h"
#include "config/config.h"

enum { VOLUME_ROWS = 24, VOLUME_STARS = 5, VOLUME_LADDERS = 2 };

#define VOLUME_ONE_COPY "annealed, one copy of theta*"
/* Radii of the first and the last ball that draining takes, in units of sigma, where the file does not say. */
#define VOLUME_DRAIN_INNER 0.3
#define VOLUME_DRAIN_OUTER 3.0

enum row_status {
    ROW_OK,
    ROW_LOWER_BOUND, /* rays left the region and came back: more of it may not have been seen */
    ROW_INFINITE,
    ROW_REFUSED
};

struct volume_row {
    const char *name, *what; /* "volume" or "prior mass" */
    enum row_status status;
    bool sampled;     /* false: a closed form */
    double log_value; /* natural logarithm; not to be shown where refused */
    double error;     /* standard error, nats; NAN: a closed form */
    double ess;       /* NAN likewise */
    double at_least;  /* with 95 % confidence; NAN: no such bound */
    double added;     /* nats of ln V that come from an added term; NAN: there is none */
    char note[520];   /* assumptions; or why it was refused */
};

/* A star row, for the figure. */
struct volume_star {
    const char *name;
    struct star star;
    double mode, median, best; /* of the directions' weights, nats */
};

struct volume {
    const struct minimum *m;
    const struct config_node *options;
    const struct reporter *reporter;
    size_t N;
    double threshold, decay, beta, log_sigma; /* log_sigma: mean of ln sigma_i */
    double *sigma;                            /* (N) the prior's widths */
    bool uniform;                             /* all of them the same */
    struct sameness *sameness;
    struct region region;
    struct prior prior;
    double *plain;        /* (N) eigenvalues of the sameness' Hessian */
    double *diagonal;     /* (N) of S H S, S = diag sigma */
    double *scaled;       /* (N) eigenvalues of S H S */
    double *basis;        /* (N, N) rows: its eigenvectors */
    double *displacement; /* (N) coordinates of S^-1 theta along them */
    double tolerance, scaled_tolerance;
    double descent; /* minimum_descent of the loss that was trained, in units of sigma; 0 where no minimum is needed */
    struct volume_row rows[VOLUME_ROWS];
    size_t n_rows;
    struct volume_star stars[VOLUME_STARS];
    size_t n_stars;
    struct annealed ladders[VOLUME_LADDERS];
    size_t n_ladders;
    double
        log_copies; /* ln of the copies of theta* by permutations and sign flips, less those that are theta* itself */
};

/* A row from a closed form. `refusal` is read where status says so. */
struct volume_row *volume_add_row(struct volume *v, const char *name, const char *what, enum status status,
                                  const struct error *refusal, double log_value, double added, const char *note, ...)
    __attribute__((format(printf, 8, 9)));
/* A row from an estimate. */
struct volume_row *volume_add_estimate(struct volume *v, const char *name, const char *what,
                                       const struct estimate *estimate, const char *note, ...)
    __attribute__((format(printf, 5, 6)));

/* The name of the sameness. */
const char *volume_measure(const struct volume *v);
/* Spectra, rows without sampling. */
enum status volume_find_spectra(struct volume *v, struct error *e);
void volume_add_closed_forms(struct volume *v);
/* Sampled rows, those that `methods` asks for. */
enum status volume_add_sampled(struct volume *v, struct error *e);
/* ln of the number of copies of theta that permutations within layers, and sign flips where the activation is odd,
 * make, over the number of them that leave theta where it is. */
double volume_log_copies(const struct network *net, const double *theta);

void volume_add_figures(const struct volume *v, struct findings *out);

#endif
