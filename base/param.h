/* The parameter table type: what a model (or any other table-driven thing) says about one of its numbers. Help,
 * validation, error messages, axis labels and documentation all read it. */
#ifndef GEARS_BASE_PARAM_H
#define GEARS_BASE_PARAM_H

#include <stddef.h>

struct param {
    const char *key;     /* in words, as written in a scenario file: capital_share */
    const char *symbol;  /* as in the equations: alpha */
    const char *unit;    /* "1/year"; "" for a pure number */
    double value;        /* default */
    double low, high;    /* allowed range, ends included; -INFINITY / INFINITY for none */
    const char *meaning; /* one line */
};

/* Index of `key` among params[0..n), or n when it is not there. */
size_t param_find(const struct param *params, size_t n, const char *key);

#endif
