#include "solver/solution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ode_solution_init(struct ode_solution *sol, size_t n)
{
    memset(sol, 0, sizeof *sol);
    sol->n = n;
}

void ode_solution_clear(struct ode_solution *sol)
{
    free(sol->knot);
    free(sol->degree);
    free(sol->offset);
    free(sol->coefficient);
    ode_solution_init(sol, sol->n);
}

static bool grow(void *array_pointer, size_t count, size_t size)
{
    void *old, *new;
    memcpy(&old, array_pointer, sizeof old);
    new = realloc(old, count * size);
    if (new)
        memcpy(array_pointer, &new, sizeof new);
    return new != NULL;
}

static bool reserve(struct ode_solution *sol, size_t coefficients)
{
    if (sol->pieces + 1 > sol->piece_capacity) {
        size_t capacity = sol->piece_capacity ? 2 * sol->piece_capacity : 256;
        if (!grow(&sol->knot, capacity + 1, sizeof *sol->knot) || !grow(&sol->degree, capacity, sizeof *sol->degree) ||
            !grow(&sol->offset, capacity, sizeof *sol->offset))
            return false;
        sol->piece_capacity = capacity;
    }
    if (sol->coefficients + coefficients > sol->coefficient_capacity) {
        size_t capacity = 2 * sol->coefficient_capacity + 64 * coefficients;
        if (!grow(&sol->coefficient, capacity, sizeof *sol->coefficient))
            return false;
        sol->coefficient_capacity = capacity;
    }
    return true;
}

enum status ode_solution_append(struct ode_solution *sol, struct ode *o, struct error *e)
{
    double from = ode_step_start(o), to = ode_position(o);
    if (!(to > from))
        return STATUS_OK;
    int degree = ode_order(o);
    size_t count = (size_t)(degree + 1) * sol->n;
    if (!reserve(sol, count))
        return error_memory(e);
    enum status status = ode_taylor(o, sol->coefficient + sol->coefficients, e);
    if (status)
        return status;
    if (sol->pieces == 0)
        sol->knot[0] = from;
    sol->degree[sol->pieces] = degree;
    sol->offset[sol->pieces] = sol->coefficients;
    sol->pieces++;
    sol->knot[sol->pieces] = to;
    sol->coefficients += count;
    return STATUS_OK;
}

static double evaluate_component(const struct ode_solution *sol, size_t piece, double s, size_t i)
{
    double z = s - sol->knot[piece + 1], value = 0;
    const double *c = sol->coefficient + sol->offset[piece];
    for (int k = sol->degree[piece]; k >= 0; k--)
        value = value * z + c[(size_t)k * sol->n + i];
    return value;
}

/* The piece that holds s. */
static size_t find_piece(const struct ode_solution *sol, double s)
{
    size_t low = 0, high = sol->pieces;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (sol->knot[middle] <= s)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void ode_solution_eval(const struct ode_solution *sol, double s, double *x)
{
    s = fmin(fmax(s, sol->knot[0]), sol->knot[sol->pieces]);
    size_t piece = find_piece(sol, s);
    for (size_t i = 0; i < sol->n; i++)
        x[i] = evaluate_component(sol, piece, s, i);
}

/* The value of component i at the end of each piece is its constant coefficient. */
static double value_at_end(const struct ode_solution *sol, size_t piece, size_t i)
{
    return sol->coefficient[sol->offset[piece] + i];
}

double ode_solution_invert(const struct ode_solution *sol, size_t i, double v)
{
    if (v >= value_at_end(sol, sol->pieces - 1, i))
        return sol->knot[sol->pieces];
    size_t low = 0, high = sol->pieces - 1; /* the first piece that ends at or above v */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (value_at_end(sol, middle, i) >= v)
            high = middle;
        else
            low = middle + 1;
    }
    double a = sol->knot[low], b = sol->knot[low + 1];
    double va = evaluate_component(sol, low, a, i) - v, vb = value_at_end(sol, low, i) - v;
    if (va >= 0)
        return a;
    /* regula falsi (Illinois) on a polynomial that rises across the piece */
    for (int iteration = 0, side = 0; iteration < 100 && b - a > 1e-15 * (fabs(a) + fabs(b)); iteration++) {
        double s = (a * vb - b * va) / (vb - va);
        double vs = evaluate_component(sol, low, s, i) - v;
        if (vs == 0)
            return s;
        if (vs > 0) {
            b = s, vb = vs;
            va = side == 1 ? va / 2 : va;
            side = 1;
        } else {
            a = s, va = vs;
            vb = side == -1 ? vb / 2 : vb;
            side = -1;
        }
    }
    return 0.5 * (a + b);
}
