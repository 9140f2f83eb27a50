/* Curves fitted to ln value by weighted nonlinear least squares (gsl_multifit_nlinear), many starts, with independent
 * or AR(1) errors (private to growth/baselines). A curve is a struct curve beside its struct baseline. */
#ifndef GEARS_GROWTH_BASELINES_CURVE_H
#define GEARS_GROWTH_BASELINES_CURVE_H

#include "growth/baselines/baseline.h"
#include "solver/random.h"

/* How a parameter is searched: as it is, by its logarithm, by the logarithm of its distance after the last year (up to
 * CURVE_FAR spans after it). */
enum curve_transform { CURVE_PLAIN, CURVE_LOG, CURVE_AFTER_END };
enum { CURVE_FAR = 50 };

/* What a curve is told of the data. */
struct curve_frame {
    double first, last, middle; /* years */
    size_t modes;
};

struct curve {
    enum curve_transform transform[BASELINE_MAX_PARAMS];
    size_t modes;                  /* default; 0: it has none */
    size_t starts;                 /* default */
    size_t (*count)(size_t modes); /* parameters; NULL: all of the baseline's table */
    /* ln value at `year` and its gradient in the natural parameters p (count). */
    double (*value)(const struct curve_frame *w, const double *p, double year, double *gradient);
    /* Natural parameters (0 as they come) to start number k from; false: this start is no use. */
    bool (*start)(const struct curve_frame *w, const struct baseline_rows *rows, size_t k, struct random_stream *r,
                  double *p);
    /* Number the parameters of the same curve in a standard order; NULL: there is only one. */
    void (*arrange)(const struct curve_frame *w, double *p);
    int singularity;  /* index of the parameter that is a blow-up date; -1: none */
    const bool *held; /* (n_params) parameters held at their defaults unless given; NULL: none */
};

enum status curve_fit(const struct curve *c, const struct baseline_rows *rows, const struct baseline_options *o,
                      struct baseline_fit *out, struct error *e);
struct curve_frame curve_frame_of(const struct curve *c, double first, double last, size_t modes);
/* ln value and its gradient (n) in theta, the parameters as they are searched. */
double curve_evaluate(const struct curve *c, const struct curve_frame *w, size_t n, const double *theta, double year,
                      double *gradient);
/* Quantiles in `year`, growth/baselines/curve_predict.c. */
void curve_predict(const struct curve *c, const struct baseline_fit *f, double year, struct baseline_prediction *out);
double curve_log_density(const struct curve *c, const struct baseline_fit *f, double t0, double y0, double t1,
                         double y1);

/* Ordinary least squares ln value = level + growth (t - origin) over the fitted rows. */
void curve_line(const struct baseline_rows *rows, double origin, double *level, double *growth);

/* The members of a struct baseline that are the same for every curve. */
#define CURVE_MEMBERS(name)                                                                                            \
    static enum status name##_fit(const struct baseline_rows *rows, const struct baseline_options *o,                  \
                                  struct baseline_fit *out, struct error *e)                                           \
    {                                                                                                                  \
        return curve_fit(&name, rows, o, out, e);                                                                      \
    }                                                                                                                  \
    static void name##_predict(const struct baseline_fit *f, double year, struct baseline_prediction *out)             \
    {                                                                                                                  \
        curve_predict(&name, f, year, out);                                                                            \
    }                                                                                                                  \
    static double name##_log_density(const struct baseline_fit *f, double t0, double y0, double t1, double y1)         \
    {                                                                                                                  \
        return curve_log_density(&name, f, t0, y0, t1, y1);                                                            \
    }

#endif
