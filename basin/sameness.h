/* When are two networks the same? Measures of how far theta is from theta*, each zero at theta*: what makes the region
 * of a volume. A new one is a few functions in sameness_measures.c and one line in its table. */
#ifndef GEARS_BASIN_SAMENESS_H
#define GEARS_BASIN_SAMENESS_H

#include "basin/dataset.h"
#include "basin/problem.h"
#include "basin/region.h"

struct sameness_measure;
extern const struct sameness_measure *const sameness_measures[]; /* NULL last */
const struct sameness_measure *sameness_find(const char *name);  /* NULL: unknown */
const char *sameness_name(const struct sameness_measure *m);
const char *sameness_summary(const struct sameness_measure *m); /* "the KL divergence of the outputs on ...", to
                                                                 * go before "is at most T" */

struct sameness;

/* Measure m around theta (N; copied) of a problem with its examples (validation ones from data, which may be NULL).
 * STATUS_BAD_INPUT: it wants validation examples or a hidden layer and there are none, or the hidden layers are 0 at
 * theta*. STATUS_FAILED: memory. */
enum status sameness_new(const struct sameness_measure *m, const struct problem *p, const struct dataset *data,
                         const double *theta, struct sameness **out, struct error *e);
void sameness_free(struct sameness *s);

/* {theta: d <= cutoff}, with value, gradient and rays; borrows from s. Evaluations along rays share the first layer,
 * which is linear in the radius. A worker is about 70 MB at most, plus what a tape takes once a gradient is asked for.
 */
struct region sameness_region(const struct sameness *s, double cutoff);

/* d2 d/d theta2 at theta*, (N, N) row-major, both triangles. Exact for measures of the outputs; *error: how far an
 * eigenvalue may be off, relative to the largest: 0, or what central differences of the gradient leave. The loss has
 * the residual part too and may have negative eigenvalues, the others cannot. STATUS_FAILED: memory. */
enum status sameness_hessian(const struct sameness *s, double *H, double *error, struct error *e);

#endif
