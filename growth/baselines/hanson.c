/* Growth as a sequence of exponential modes: R. Hanson, "Long-term growth as a sequence of exponential modes", 2000.
 *
 *     ln M_i = ln M_(i-1)(x_i) + ln 2 (t - x_i)/tau_i        mode i crosses the one before in the year x_i
 *     Y_i = (Y_(i-1)^a_i + M_i^a_i)^(1/a_i), Y_1 = M_1       a_i = 1: the sum of exponentials
 */
#include "growth/baselines/curve.h"
#include "growth/baselines/members.h"

#include <math.h>
#include <stdlib.h>

/* level, then per mode: crossing (from the second), doubling time, power (from the second). */
enum { LEVEL, DOUBLING_1, FIRST_OF_MODE, PER_MODE = 3, N = FIRST_OF_MODE + PER_MODE * (BASELINE_MAX_MODES - 1) };

#define MODE(i, one_before)                                                                                            \
    {"crossing_" #i, "x_" #i, "year", 0, -INFINITY, INFINITY, "when mode " #i " overtakes mode " #one_before},         \
        {"doubling_" #i, "tau_" #i, "years", 100, 0, INFINITY, "doubling time of mode " #i},                           \
    {                                                                                                                  \
        "power_" #i, "a_" #i, "", 1, 0, INFINITY, "how sharply mode " #i " takes over: 1 a sum, large at once"         \
    }

static const struct param params[N] = {
    {"level", "c", "ln value", 0, -INFINITY, INFINITY,
     "ln of the first mode where the second overtakes it (one mode: at the end)"},
    {"doubling_1", "tau_1", "years", 1e5, 0, INFINITY, "doubling time of the first mode"},
    MODE(2, 1),
    MODE(3, 2),
    MODE(4, 3),
    MODE(5, 4),
    MODE(6, 5),
};

static size_t crossing_of(size_t mode) /* from 1 on */
{
    return FIRST_OF_MODE + PER_MODE * (mode - 1);
}

static size_t count(size_t modes)
{
    return FIRST_OF_MODE + PER_MODE * (modes - 1);
}

/* g := a new mode's ln M gradient, from its predecessor's at the crossing. */
static double value(const struct curve_frame *w, const double *p, double year, double *gradient)
{
    size_t n = count(w->modes);
    double mode[N] = {0}, origin = w->modes > 1 ? p[crossing_of(1)] : w->last; /* d ln M/dp */
    double previous_rate = M_LN2 / p[DOUBLING_1], log_mode = p[LEVEL] + previous_rate * (year - origin),
           log_y = log_mode;
    mode[LEVEL] = 1;
    mode[DOUBLING_1] = -previous_rate / p[DOUBLING_1] * (year - origin);
    if (w->modes > 1)
        mode[crossing_of(1)] = -previous_rate;
    for (size_t k = 0; k < n; k++)
        gradient[k] = mode[k];
    for (size_t i = 1; i < w->modes; i++) {
        size_t x = crossing_of(i), tau = x + 1, power = x + 2, before = i > 1 ? crossing_of(i - 1) + 1 : DOUBLING_1;
        double after = year - p[x], rate = M_LN2 / p[tau];
        log_mode += (rate - previous_rate) * after; /* the same at the crossing, another slope */
        mode[x] -= rate - previous_rate;
        mode[tau] -= rate / p[tau] * after;
        mode[before] += previous_rate / p[before] * after;
        double a = p[power], distance = a * (log_mode - log_y), share = 1 / (1 + exp(-distance));
        double combined = log_y + (distance > 0 ? distance + log1p(exp(-distance)) : log1p(exp(distance))) / a;
        for (size_t k = 0; k < n; k++)
            gradient[k] = (1 - share) * gradient[k] + share * mode[k];
        gradient[power] = ((1 - share) * log_y + share * log_mode - combined) / a;
        log_y = combined;
        previous_rate = rate;
    }
    return log_y;
}

/* Of n points the k that bound the segments, at least 2 apart, in rising order; false: a bad draw. */
static bool draw_bounds(size_t n, size_t k, struct random_stream *r, size_t *out)
{
    for (size_t i = 0; i < k; i++)
        out[i] = 1 + (size_t)random_below(r, n - 2);
    for (size_t i = 1; i < k; i++)
        for (size_t j = i; j > 0 && out[j] < out[j - 1]; j--) {
            size_t swap = out[j];
            out[j] = out[j - 1];
            out[j - 1] = swap;
        }
    for (size_t i = 0; i <= k; i++)
        if ((i < k ? out[i] : n - 1) < (i ? out[i - 1] : 0) + 2)
            return false;
    return true;
}

/* Random segments of the data, each growing faster than the one before; the crossings where they meet. */
static bool start_from_segments(const struct curve_frame *w, const struct baseline_rows *rows, struct random_stream *r,
                                double *p)
{
    size_t bound[BASELINE_MAX_MODES + 1] = {0}, n = rows->n_fit;
    double rate = 0;
    if (n < 2 * w->modes + 1 || !draw_bounds(n, w->modes - 1, r, bound + 1))
        return false;
    bound[w->modes] = n - 1;
    for (size_t i = 0; i < w->modes; i++) {
        size_t from = bound[i], to = bound[i + 1];
        double next = log(rows->value[to] / rows->value[from]) / (rows->year[to] - rows->year[from]);
        if (!(next > rate * 1.2) || !(next > 0))
            return false;
        rate = next;
        p[i ? crossing_of(i) + 1 : DOUBLING_1] = M_LN2 / rate;
        if (i) {
            p[crossing_of(i)] = rows->year[from];
            p[crossing_of(i) + 2] = exp(random_normal(r));
        }
    }
    p[LEVEL] = log(rows->value[w->modes > 1 ? bound[1] : n - 1]);
    return true;
}

static bool start(const struct curve_frame *w, const struct baseline_rows *rows, size_t k, struct random_stream *r,
                  double *p)
{
    (void)k;
    for (int tries = 0; tries < 300; tries++)
        if (start_from_segments(w, rows, r, p))
            return true;
    return false;
}

/* A mode as a straight line in the logarithm. */
struct line {
    double at_0, rate;
};

static void to_lines(const struct curve_frame *w, const double *p, struct line *line)
{
    double origin = w->modes > 1 ? p[crossing_of(1)] : w->last;
    line[0].rate = M_LN2 / p[DOUBLING_1];
    line[0].at_0 = p[LEVEL] - line[0].rate * origin;
    for (size_t i = 1; i < w->modes; i++) {
        line[i].rate = M_LN2 / p[crossing_of(i) + 1];
        line[i].at_0 = line[i - 1].at_0 + (line[i - 1].rate - line[i].rate) * p[crossing_of(i)];
    }
}

static void from_lines(const struct curve_frame *w, const struct line *line, double *p)
{
    p[DOUBLING_1] = M_LN2 / line[0].rate;
    for (size_t i = 1; i < w->modes; i++) {
        p[crossing_of(i) + 1] = M_LN2 / line[i].rate;
        p[crossing_of(i)] = (line[i].at_0 - line[i - 1].at_0) / (line[i - 1].rate - line[i].rate);
    }
    p[LEVEL] = line[0].at_0 + line[0].rate * (w->modes > 1 ? p[crossing_of(1)] : w->last);
}

/* The first n modes from slow to fast. */
static void sort_modes(const struct curve_frame *w, size_t n, double *p)
{
    struct line line[BASELINE_MAX_MODES];
    to_lines(w, p, line);
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && line[j].rate < line[j - 1].rate; j--) {
            struct line swap = line[j];
            line[j] = line[j - 1];
            line[j - 1] = swap;
        }
    from_lines(w, line, p);
}

/* In a plain sum every mode may take every place, with powers the first two. */
static void arrange_sum(const struct curve_frame *w, double *p)
{
    sort_modes(w, w->modes, p);
}

static void arrange_ces(const struct curve_frame *w, double *p)
{
    sort_modes(w, w->modes < 2 ? w->modes : 2, p);
}

#define TRANSFORMS                                                                                                     \
    {                                                                                                                  \
        CURVE_PLAIN, CURVE_LOG, CURVE_PLAIN, CURVE_LOG, CURVE_LOG, CURVE_PLAIN, CURVE_LOG, CURVE_LOG, CURVE_PLAIN,     \
            CURVE_LOG, CURVE_LOG, CURVE_PLAIN, CURVE_LOG, CURVE_LOG, CURVE_PLAIN, CURVE_LOG, CURVE_LOG                 \
    }

static const bool powers_held[N] = {[FIRST_OF_MODE + 2] = true,
                                    [FIRST_OF_MODE + 5] = true,
                                    [FIRST_OF_MODE + 8] = true,
                                    [FIRST_OF_MODE + 11] = true,
                                    [FIRST_OF_MODE + 14] = true};

static const struct curve hanson_sum = {.transform = TRANSFORMS,
                                        .modes = 4,
                                        .starts = 60,
                                        .count = count,
                                        .value = value,
                                        .start = start,
                                        .arrange = arrange_sum,
                                        .singularity = -1,
                                        .held = powers_held};
CURVE_MEMBERS(hanson_sum)

static const struct curve hanson_ces = {.transform = TRANSFORMS,
                                        .modes = 3,
                                        .starts = 60,
                                        .count = count,
                                        .value = value,
                                        .start = start,
                                        .arrange = arrange_ces,
                                        .singularity = -1};
CURVE_MEMBERS(hanson_ces)

const struct baseline baseline_hanson_sum = {
    .name = "hanson-sum",
    .title = "Hanson's sum of exponential modes",
    .equations = "Y = sum_i M_i, M_i = c_i 2^(t/tau_i)",
    .references = "R. Hanson, \"Long-term growth as a sequence of exponential modes\", 2000",
    .params = params,
    .n_params = N,
    .from = -INFINITY,
    .every = 1,
    .weights = BASELINE_WEIGHTS_EQUAL,
    .profiled = "doubling_4",
    .published_on = "world_gdp_hanson2000",
    .published = 15,
    .fit = hanson_sum_fit,
    .predict = hanson_sum_predict,
    .log_density = hanson_sum_log_density,
};

const struct baseline baseline_hanson_ces = {
    .name = "hanson-ces",
    .title = "Hanson's exponential modes that take over by a CES sum",
    .equations = "Y_i = (Y_(i-1)^a_i + M_i^a_i)^(1/a_i), M_i = c_i 2^(t/tau_i)",
    .references = "R. Hanson, \"Long-term growth as a sequence of exponential modes\", 2000",
    .params = params,
    .n_params = N,
    .from = -INFINITY,
    .every = 1,
    .weights = BASELINE_WEIGHTS_EQUAL,
    .profiled = "doubling_3",
    .published_on = "world_gdp_hanson2000",
    .published = 6.3,
    .fit = hanson_ces_fit,
    .predict = hanson_ces_predict,
    .log_density = hanson_ces_log_density,
};
