/* An identification as JSON, tables and sentences. */
#include "growth/identify/identify.h"

#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *verdict_words(const struct identify_profile *p, char *buffer, size_t size)
{
    if (p->verdict == PROFILE_BOUNDED)
        snprintf(buffer, size, "bounded: %.0f to %.0f", p->low, p->high);
    else if (p->verdict == PROFILE_BELOW_ONLY)
        snprintf(buffer, size, "one-sided: not before %.0f", p->low);
    else if (p->verdict == PROFILE_ABOVE_ONLY)
        snprintf(buffer, size, "one-sided: not after %.0f", p->high);
    else
        snprintf(buffer, size, "flat: any date");
    return buffer;
}

/* "flat", "one-sided", "bounded" */
static const char *verdict_name(enum profile_verdict v)
{
    return v == PROFILE_BOUNDED ? "bounded" : v == PROFILE_FLAT ? "flat" : "one-sided";
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static json_t *point_to_json(const struct identify_point *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "date", json_number_or_null(p->date));
    json_object_set_new(o, "drop", json_number_or_null(p->fitted ? p->drop : NAN));
    json_object_set_new(o, "shape", json_number_or_null(p->shape));
    json_object_set_new(o, "phase_onset", json_number_or_null(p->phase));
    return o;
}

static json_t *profile_to_json(const struct identify_profile *p)
{
    json_t *o = json_object(), *points = json_array();
    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(points, point_to_json(&p->points[i]));
    json_object_set_new(o, "data_end", json_number_or_null(p->end));
    json_object_set_new(o, "verdict", json_string(verdict_name(p->verdict)));
    json_object_set_new(o, "low", json_number_or_null(p->low));
    json_object_set_new(o, "high", json_number_or_null(p->high));
    json_object_set_new(o, "best", json_number_or_null(p->best));
    json_object_set_new(o, "never_drop", json_number_or_null(p->never.fitted ? p->never.drop : NAN));
    json_object_set_new(o, "bits", json_number_or_null(p->bits));
    json_object_set_new(o, "bits_about_the_future", json_number_or_null(p->bits_ahead));
    json_object_set_new(o, "fits", json_integer((json_int_t)p->fits));
    json_object_set_new(o, "failures", json_integer((json_int_t)p->failures));
    json_object_set_new(o, "points", points);
    return o;
}

static json_t *stop_to_json(const struct identify_result *r, size_t k)
{
    const struct identify_rolling *g = &r->rolling;
    json_t *o = json_object(), *baselines = json_array();
    json_object_set_new(o, "stop", json_real(r->problem->settings.stops[k]));
    json_object_set_new(o, "model", g->status[k] ? json_null() : profile_to_json(&g->profiles[k]));
    json_object_set_new(o, "growth", json_number_or_null(g->growth[k]));
    json_object_set_new(o, "actual", json_number_or_null(g->actual[k]));
    for (size_t b = 0; b < g->n_baselines; b++) {
        const struct baseline_stop *s = &g->stops[b][k];
        const struct identify_baseline *which = &r->problem->settings.baselines[b];
        json_t *one = json_object(), *takeoff = json_array(), *growth = json_array();
        for (size_t q = 0; q < BASELINE_QUANTILES; q++) {
            json_array_append_new(takeoff, json_number_or_null(s->status ? NAN : s->fit.takeoff[q]));
            json_array_append_new(growth, json_number_or_null(s->status ? NAN : s->growth[q]));
        }
        json_object_set_new(one, "baseline", json_string(which->baseline->name));
        json_object_set_new(one, "series", json_string(which->series));
        json_object_set_new(one, "fitted", json_boolean(!s->status));
        json_object_set_new(one, "takeoff_quantiles", takeoff);
        json_object_set_new(one, "growth_quantiles", growth);
        json_object_set_new(one, "actual", json_number_or_null(s->actual));
        json_array_append_new(baselines, one);
    }
    json_object_set_new(o, "baselines", baselines);
    return o;
}

static json_t *detection_to_json(const struct identify_detection *d)
{
    json_t *o = json_object(), *years = json_array();
    for (size_t i = 0; i < d->n; i++)
        json_array_append_new(years, json_number_or_null(d->year[i]));
    json_object_set_new(o, "onset", json_real(d->onset));
    json_object_set_new(o, "years", years);
    json_object_set_new(o, "median", json_number_or_null(d->median));
    json_object_set_new(o, "lag", json_number_or_null(d->median - d->onset));
    json_object_set_new(o, "share_then", json_number_or_null(d->share_then));
    json_object_set_new(o, "share_at_data_end", json_number_or_null(d->share_now));
    json_object_set_new(o, "growth_then", json_number_or_null(d->growth_then));
    json_object_set_new(o, "growth_at_data_end", json_number_or_null(d->growth_now));
    json_object_set_new(o, "failures", json_integer((json_int_t)d->failures));
    return o;
}

json_t *identify_to_json(const struct identify_result *r)
{
    const struct identify_settings *s = &r->problem->settings;
    json_t *o = json_object(), *prior = json_object(), *stops = json_array(), *spectrum = json_array();
    json_object_set_new(o, "name", json_string(r->problem->fit.name));
    json_object_set_new(o, "model", json_string(r->problem->fit.base.model->name));
    json_object_set_new(o, "complete", json_boolean(r->complete));
    json_object_set_new(o, "threshold", json_real(IDENTIFY_THRESHOLD));
    json_object_set_new(prior, "from", json_real(r->problem->end - s->before));
    json_object_set_new(prior, "to", json_real(r->problem->end + s->after));
    json_object_set_new(o, "prior", prior);
    json_object_set_new(o, "profile", r->free.n ? profile_to_json(&r->free) : json_null());
    json_object_set_new(o, "gradual", r->has_gradual ? profile_to_json(&r->gradual) : json_null());
    for (size_t k = 0; k < r->rolling.n_stops; k++)
        json_array_append_new(stops, stop_to_json(r, k));
    json_object_set_new(o, "stops", stops);
    json_object_set_new(o, "detection", r->has_detection ? detection_to_json(&r->detection) : json_null());
    json_object_set_new(o, "gradual_detection",
                        r->has_detection && r->has_gradual ? detection_to_json(&r->gradual_detection) : json_null());
    for (size_t i = 0; i < r->spectrum.k; i++)
        json_array_append_new(spectrum, json_real(r->spectrum.singular[i] * r->spectrum.singular[i]));
    json_object_set_new(o, "fisher_spectrum", spectrum);
    json_object_set_new(o, "onset_standard_error", json_number_or_null(r->onset_error));
    return o;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

static void columns(struct table *t, const char *const *headings, size_t n, size_t left)
{
    for (size_t i = 0; i < n; i++)
        table_add_column(t, headings[i], i < left ? TABLE_LEFT : TABLE_RIGHT);
}

static void add_number(struct table *t, double value, const char *format)
{
    char text[40];
    if (isnan(value))
        snprintf(text, sizeof text, "-");
    else if (isinf(value))
        snprintf(text, sizeof text, "never");
    else if (format[0] == 'y')
        snprintf(text, sizeof text, "%.0f", value);
    else if (format[0] == '%')
        snprintf(text, sizeof text, "%.3g %%", 100 * value);
    else
        snprintf(text, sizeof text, "%.2f", value);
    table_add_cell(t, "%s", text);
}

struct table *identify_profile_table(const struct identify_result *r)
{
    static const char *const headings[] = {"onset (A = H)", "drop", "exponent there", "phase 5 from", "drop, gradual"};
    struct table *t =
        table_new("Profile of the onset date: how much worse the best fit with that onset is (95 %: 3.84)");
    columns(t, headings, r->has_gradual ? 5 : 4, 0);
    for (size_t i = 0; i <= r->free.n && r->free.n; i++) {
        const struct identify_point *p = i < r->free.n ? &r->free.points[i] : &r->free.never,
                                    *g = i < r->free.n ? &r->gradual.points[i] : &r->gradual.never;
        table_add_row(t);
        add_number(t, p->date, "year");
        add_number(t, p->fitted ? p->drop : NAN, "2");
        add_number(t, p->shape, "2");
        add_number(t, i < r->free.n ? p->phase : NAN, "year");
        if (r->has_gradual)
            add_number(t, g->fitted ? g->drop : NAN, "2");
    }
    return t;
}

static void add_verdict(struct table *t, const char *name, const struct identify_profile *p)
{
    char words[80];
    table_add_row(t);
    table_add_cell(t, "%s", name);
    add_number(t, p->end, "year");
    table_add_cell(t, "%s", verdict_words(p, words, sizeof words));
    add_number(t, p->bits, "2");
    add_number(t, p->bits_ahead, "2");
    table_add_cell(t, "%zu", p->fits);
    table_add_cell(t, "%zu", p->failures);
}

struct table *identify_verdict_table(const struct identify_result *r)
{
    static const char *const headings[] = {"model", "data to", "verdict", "bits", "bits about the future",
                                           "fits",  "failed"};
    struct table *t = table_new("What the data say about the onset");
    for (size_t i = 0; i < 7; i++)
        table_add_column(t, headings[i], i == 0 || i == 2 ? TABLE_LEFT : TABLE_RIGHT);
    if (r->free.n)
        add_verdict(t, "free", &r->free);
    if (r->has_gradual)
        add_verdict(t, "gradual precursor", &r->gradual);
    for (size_t k = 0; k < r->rolling.n_stops; k++)
        if (!r->rolling.status[k])
            add_verdict(t, "free", &r->rolling.profiles[k]);
    return t;
}

struct table *identify_rolling_table(const struct identify_result *r)
{
    static const char *const headings[] = {
        "data to", "growth of the next 30 years", "what it was", "onset, best", "not before", "not after"};
    struct table *t = table_new("What the model would have said (growth of output a year)");
    columns(t, headings, 6, 0);
    for (size_t k = 0; k < r->rolling.n_stops; k++) {
        const struct identify_profile *p = &r->rolling.profiles[k];
        table_add_row(t);
        add_number(t, r->problem->settings.stops[k], "year");
        add_number(t, r->rolling.growth[k], "%");
        add_number(t, r->rolling.actual[k], "%");
        add_number(t, r->rolling.status[k] ? NAN : p->best, "year");
        add_number(t, r->rolling.status[k] ? NAN : p->low, "year");
        add_number(t, r->rolling.status[k] ? NAN : p->high, "year");
    }
    return t;
}

struct table *identify_baselines_table(const struct identify_result *r)
{
    static const char *const headings[] = {
        "baseline", "series", "data to", "take-off 5 %", "50 %", "95 %", "growth of the next 30 years", "what it was"};
    struct table *t = table_new("What the extrapolations would have said");
    columns(t, headings, 8, 2);
    for (size_t b = 0; b < r->rolling.n_baselines; b++)
        for (size_t k = 0; k < r->rolling.n_stops; k++) {
            const struct baseline_stop *s = &r->rolling.stops[b][k];
            const struct identify_baseline *which = &r->problem->settings.baselines[b];
            table_add_row(t);
            table_add_cell(t, "%s%s", which->baseline->name, s->status ? " (not fitted)" : "");
            table_add_cell(t, "%s", which->series);
            add_number(t, s->stop, "year");
            static const size_t shown[] = {0, BASELINE_MEDIAN, BASELINE_QUANTILES - 1};
            for (size_t q = 0; q < 3; q++)
                add_number(t,
                           s->status                         ? NAN
                           : isnan(s->fit.takeoff[shown[q]]) ? INFINITY
                                                             : s->fit.takeoff[shown[q]],
                           "year");
            add_number(t, s->status ? NAN : s->growth[BASELINE_MEDIAN], "%");
            add_number(t, s->actual, "%");
        }
    return t;
}

static void add_detection(struct table *t, const char *name, const struct identify_detection *d)
{
    table_add_row(t);
    table_add_cell(t, "%s", name);
    add_number(t, d->onset, "year");
    add_number(t, d->median, "year");
    add_number(t, d->n ? d->year[0] : NAN, "year");
    add_number(t, d->n ? d->year[d->n - 1] : NAN, "year");
    add_number(t, d->share_now, "%");
    add_number(t, d->share_then, "%");
    add_number(t, d->growth_then, "%");
    table_add_cell(t, "%zu (%zu)", d->n, d->failures);
}

struct table *identify_detection_table(const struct identify_result *r)
{
    static const char *const headings[] = {"onset",         "in",          "shows in",
                                           "earliest",      "latest",      "machines now",
                                           "machines then", "growth then", "data sets (failed fits)"};
    struct table *t = table_new("When the data would show an onset: first year in which \"never\" is excluded at 95 %");
    columns(t, headings, 9, 1);
    if (r->has_detection)
        add_detection(t, "sudden", &r->detection);
    if (r->has_detection && r->has_gradual)
        add_detection(t, "gradual precursor", &r->gradual_detection);
    return t;
}

struct table *identify_spectrum_table(const struct identify_result *r)
{
    static const char *const headings[] = {"", "information", "standard deviation", "mostly"};
    const struct least_squares_errors *s = &r->spectrum;
    struct table *t =
        table_new("Sloppiness: Fisher information of the data, from the stiffest combination of parameters on");
    for (size_t i = 0; i < 4; i++)
        table_add_column(t, headings[i], i == 3 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < s->k; i++) {
        size_t most = 0;
        for (size_t j = 1; j < s->k; j++)
            if (fabs(s->direction[i * s->k + j]) > fabs(s->direction[i * s->k + most]))
                most = j;
        table_add_row(t);
        table_add_cell(t, "%zu", i + 1);
        table_add_cell(t, "%.2g", s->singular[i] * s->singular[i]);
        table_add_cell(t, "%.2g", 1 / s->singular[i]);
        table_add_cell(t, "%s (%.0f %%)", r->problem->fit.parameters[most].key,
                       100 * s->direction[i * s->k + most] * s->direction[i * s->k + most]);
    }
    return t;
}

/* --- sentences ---------------------------------------------------------------------------------------------------- */

char *identify_to_text(const struct identify_result *r, char *buffer, size_t size)
{
    char words[80], year[24];
    const struct identify_settings *s = &r->problem->settings;
    size_t used = 0;
    buffer[0] = 0;
    if (r->free.n && used < size)
        used += (size_t)snprintf(
            buffer + used, size - used,
            "The profile of the onset is %s. The data carry %.2f bits on a date between %.0f and %.0f, "
            "and %.2f bits on one after %.0f.",
            verdict_words(&r->free, words, sizeof words), r->free.bits, r->problem->end - s->before,
            r->problem->end + s->after, r->free.bits_ahead, r->problem->end);
    if (r->has_gradual && used < size)
        used += (size_t)snprintf(buffer + used, size - used,
                                 " With a gradual precursor (%s = %g) it is %s, %.2f bits on the future.",
                                 r->problem->fit.parameters[r->problem->shape].key, s->gradual,
                                 verdict_words(&r->gradual, words, sizeof words), r->gradual.bits_ahead);
    if (r->has_detection && used < size)
        used += (size_t)snprintf(
            buffer + used, size - used,
            " A sudden onset in %.0f would show in %s, with machines doing %.2g %% of research.", r->detection.onset,
            isfinite(r->detection.median) ? (snprintf(year, sizeof year, "%.0f", r->detection.median), year)
                                          : "no year that was looked at",
            100 * r->detection.share_then);
    if (!r->complete && used < size)
        snprintf(buffer + used, size - used, " Interrupted: the rest is missing.");
    return buffer;
}
