/* Regions of known volume, for validate_volume.c: quadratic bowls, a plane figure, basins of cosines, tiny networks. */
#ifndef GEARS_TESTS_VALIDATE_VOLUME_BEDS_H
#define GEARS_TESTS_VALIDATE_VOLUME_BEDS_H

#include "basin/drain.h"
#include "basin/sameness.h"
#include "tests/validate/validating.h"

enum { BED_MOST = 1000, BED_EXAMPLES = 5, BED_NETWORK = 8 };

enum bed_kind {
    BED_BOWL,    /* sum lambda_i (x_i - c_i)^2/2, c drawn from the prior; mass by quadratic_probability */
    BED_TREFOIL, /* (r/(1 + 0.3 cos 3 phi))^2 in the plane about 0; area in closed form, mass by the trapezoid over phi
                  */
    BED_CUBE,    /* sum (1 - cos 2 pi x_i): the flow drains the unit cube */
    BED_DIAMOND, /* cos 2 pi x cos 2 pi y about (1/2, 0): it drains a square of area 1/2 */
    BED_TANH,    /* 1-2-1 with biases, N = 7, kl */
    BED_BCE,     /* softplus 2-2-1, N = 6, loss */
    BED_CE       /* gelu 2-2-2, N = 8, kl */
};

struct bed_spec {
    enum bed_kind kind;
    size_t n;
    double top, decades; /* bowl: eigenvalues from 10^top on, over so many decades */
    bool flat;           /* bowl: the last third of them 0 */
};

struct bed {
    struct bed_spec spec;
    struct region region;
    struct drain drain;
    double lambda[BED_MOST]; /* bowls, networks */
    double centre[BED_MOST], sigma[BED_MOST], scale[BED_MOST], aim[BED_MOST];
    double beta;                                 /* saddle of the mass, of bowls and of the networks' quadratics */
    double basis[BED_NETWORK * BED_NETWORK];     /* networks: eigenvectors, as rows */
    double displacement[BED_MOST];               /* of the centre from the prior's mean, along the eigenvectors */
    double log_volume, log_mass, log_mass_error; /* NAN where there is none; error: networks, which are counted */
    double betas[200];                           /* a ladder to come down */
    size_t n_betas;
    struct problem problem;
    double x[BED_EXAMPLES * 2], t[BED_EXAMPLES * 2];
    struct sameness *sameness;
};

/* Counts are kept in v. Exits where something fails. */
void bed_init(struct bed *b, const struct bed_spec *spec, struct validation *v);
void bed_clear(struct bed *b);

#endif
