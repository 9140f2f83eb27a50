/* A stored solution: the dense output of every internal step of an integration, as a piecewise polynomial. It can be
 * evaluated anywhere afterwards, so results do not depend on any output grid. */
#ifndef GEARS_SOLVER_SOLUTION_H
#define GEARS_SOLVER_SOLUTION_H

#include "base/error.h"
#include "solver/ode.h"

#include <stddef.h>

struct ode_solution {
    size_t n; /* components */
    size_t pieces;
    double *knot;        /* (pieces + 1) rising */
    int *degree;         /* (pieces) */
    size_t *offset;      /* (pieces) where the piece's coefficients start */
    double *coefficient; /* piece k: (degree + 1, n) row-major Taylor coefficients about knot[k + 1], in s */
    size_t piece_capacity, coefficient_capacity, coefficients;
};

void ode_solution_init(struct ode_solution *sol, size_t n);
void ode_solution_clear(struct ode_solution *sol);

/* Append the step that `o` has just taken (its part up to ode_position). */
enum status ode_solution_append(struct ode_solution *sol, struct ode *o, struct error *e);

/* x (n) := solution at s (clamped to the covered interval). Piece found by bisection. */
void ode_solution_eval(const struct ode_solution *sol, double s, double *x);

/* The s at which component i, which must rise along the whole solution, takes the value v (clamped to the ends). */
double ode_solution_invert(const struct ode_solution *sol, size_t i, double v);

#endif
