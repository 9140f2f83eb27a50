/* What the growth figures share: sampled runs, time axes, curves and data points (private to growth/figures). */
#ifndef GEARS_GROWTH_FIGURES_CURVES_H
#define GEARS_GROWTH_FIGURES_CURVES_H

#include "growth/figures/figures.h"
#include "growth/variable.h"

enum { CURVES_MAX = 12 };

/* A run at dates dense enough to draw: at its stored steps, thinned or refined to about a thousand. */
struct curve {
    const struct run_result *result;
    const char *label;
    size_t n;
    size_t tame;      /* points before growth runs away towards a blow-up: 20 % a year, more in a short run */
    double *year;     /* (n) */
    double *value;    /* (n, variable_count) row-major */
    double *growth;   /* (n), 1/year */
    double *exponent; /* (n), local exponent B */
    double *share;    /* (n, MODEL_MAX_FLOWS * MODEL_MAX_INPUTS) row-major */
    double *scratch;  /* (n), for the figures */
};

/* The curves of all drawn runs (at most CURVES_MAX) and the time they span. */
struct curves {
    struct curve curve[CURVES_MAX];
    size_t n;
    double from, to; /* years */
    double runaway;  /* growth that no picture needs to show, 1/year */
};

/* false on lack of memory; clear in all cases. */
bool curves_take(const struct drawn_run *runs, size_t n, struct curves *out);
void curves_clear(struct curves *c);

/* The whole time: log of years before a horizon where the run is long, else linear. */
struct axis curves_long_axis(const struct curves *c);
/* The last stretch, linear: from 1700, or the last third of a short run. false when the run is so short that the long
 * axis is linear anyway. */
bool curves_zoom_axis(const struct curves *c, struct axis *out);

/* Colour of run k, and of data series k: apart from each other. */
int curves_run_colour(size_t k);
int curves_data_colour(size_t k);

/* A vertical line where a run blows up or runs out. */
void curves_add_endings(const struct curves *c, struct figure *f, size_t panel);
/* Draw the variable called `key` of every run that has it, legends where `legend`. Returns how many had it. */
size_t curves_add_variable(const struct curves *c, struct figure *f, size_t panel, const char *key, bool legend);
/* Whether a run before this one was held against the same series. */
bool curves_seen_before(const struct curves *c, size_t run, const struct comparison *sought);
/* The data series held against the variable called `key`, each once. */
void curves_add_data(const struct curves *c, struct figure *f, size_t panel, const char *key, bool legend);
/* The highest level of the variable called `key` that is worth showing: what all runs reach while they are tame, with
 * room above where one runs away; NAN: automatic. */
double curves_highest(const struct curves *c, const char *key);
/* Unit of the variable in the first run that has it; NULL: none has. */
const char *curves_unit(const struct curves *c, const char *key);

/* Mean growth between the points of a data series at least `years` apart: middle year, geometric mean level and growth
 * (1/year), each (n) with room for c->n; returns how many. */
size_t curves_data_growth(const struct comparison_result *c, double years, double *year, double *level, double *growth);

#endif
