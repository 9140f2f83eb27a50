/* What solver/ode.c and solver/sensitivity.c share. */
#ifndef GEARS_SOLVER_ODE_PRIVATE_H
#define GEARS_SOLVER_ODE_PRIVATE_H

#include "solver/ode.h"

#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_nonlinearsolver.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

struct sensitivity_problem;

struct ode {
    struct ode_problem problem;
    struct ode_options options;
    SUNContext context;
    void *cvode;
    N_Vector x, before, work; /* state, the one before the last step */
    SUNMatrix matrix;
    SUNLinearSolver linear;
    SUNNonlinearSolver nonlinear;
    double *rows;    /* (n, n) row-major Jacobian handed to the problem; NULL without one */
    double *atol;    /* (n) */
    int *directions; /* (n_events) of the last event */
    double s, step_start, step_end;
    double stop; /* stop time that CVODES knows; NAN: none */
    int stalled, event_code;
    struct ode_statistics statistics;
    struct ode_failure failure;
    char complaint[256];                           /* CVODES' last message */
    const struct sensitivity_problem *sensitivity; /* NULL: none are carried along; borrowed */
    double *by_state, *by_parameter;               /* its (n, n) and (n, n_parameters) scratch; borrowed */
};

#endif
