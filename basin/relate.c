/* What goes with what over many trained networks: rank G, dimension of the manifold, every row of the volumes, distance
 * from the origin, validation accuracy. The runs of an experiment are the networks; what audit and volume found in each
 * is read from their answers. */
#include "base/json.h"
#include "basin/relate_private.h"
#include "basin/session.h"
#include "config/config.h"
#include "solver/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOOTSTRAPS = 1000, LEAST_RUNS = 4 };

/* --- one network */

/* Part of the examples whose largest output is that of the target; NAN with fewer than two outputs. */
static double accuracy(const double *f, const double *t, size_t n, size_t m)
{
    size_t right = 0;
    for (size_t i = 0; i < n; i++) {
        size_t said = 0, meant = 0;
        for (size_t j = 1; j < m; j++) {
            said = f[i * m + j] > f[i * m + said] ? j : said;
            meant = t[i * m + j] > t[i * m + meant] ? j : meant;
        }
        right += said == meant;
    }
    return m < 2 || n == 0 ? NAN : (double)right / (double)n;
}

static enum status look(const struct minimum *m, bool validation, double *loss, double *right, struct error *e)
{
    struct problem p = *m->problem;
    struct tape *tape;
    p.weight_decay = 0;
    *loss = *right = NAN;
    if (validation) {
        p.n = m->data->n_validation;
        p.x = m->data->x_validation;
        p.t = m->data->t_validation;
    }
    if (p.n == 0)
        return STATUS_OK;
    enum status status = tape_new(&p, &tape, e);
    if (status)
        return status;
    *loss = tape_loss(tape, m->theta);
    *right = accuracy(tape_outputs(tape), p.t, p.n, p.network.width[p.network.n_layers]);
    tape_free(tape);
    return STATUS_OK;
}

static enum status run_relate(const struct minimum *m, const struct config_node *options,
                              const struct reporter *reporter, struct findings *out, struct error *e)
{
    double loss[2], right[2], distance = 0;
    (void)options;
    (void)reporter;
    enum status status = look(m, false, &loss[0], &right[0], e);
    if (!status)
        status = look(m, true, &loss[1], &right[1], e);
    if (status)
        return status;
    for (size_t i = 0; i < m->problem->network.n_parameters; i++)
        distance += m->theta[i] * m->theta[i];
    json_t *o = json_object();
    json_object_set_new(o, "distance", json_number_or_null(sqrt(distance)));
    json_object_set_new(o, "training_loss", json_number_or_null(loss[0]));
    json_object_set_new(o, "training_accuracy", json_number_or_null(right[0]));
    json_object_set_new(o, "validation_loss", json_number_or_null(loss[1]));
    json_object_set_new(o, "validation_accuracy", json_number_or_null(right[1]));
    out->json = json_object();
    json_object_set_new(out->json, "relate", o);
    return STATUS_OK;
}

/* --- all of them */

static double *metric(struct relation *r, const char *name, bool is_row)
{
    for (size_t k = 0; k < r->n_metrics; k++)
        if (strcmp(r->metrics[k].name, name) == 0)
            return r->metrics[k].x;
    if (r->n_metrics == RELATE_METRICS)
        return NULL;
    struct metric *m = &r->metrics[r->n_metrics];
    m->x = malloc(r->n * sizeof *m->x);
    if (!m->x)
        return NULL;
    r->n_metrics++;
    snprintf(m->name, sizeof m->name, "%s", name);
    m->is_row = is_row;
    for (size_t i = 0; i < r->n; i++)
        m->x[i] = NAN;
    return m->x;
}

static void set(struct relation *r, const char *name, bool is_row, size_t run, const json_t *value, double sign)
{
    double *x = json_is_number(value) ? metric(r, name, is_row) : NULL;
    if (x)
        x[run] = sign * json_number_value(value);
}

/* A row's value; of a refused one its lower bound. */
static void set_rows(struct relation *r, size_t run, const json_t *volume)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(volume, "rows"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        const json_t *value = json_object_get(row, "log_value");
        set(r, name, true, run, json_is_number(value) ? value : json_object_get(row, "at_least"), 1);
    }
}

static void set_group(struct relation *r, size_t run, const char *name)
{
    char stem[RELATE_NAME];
    snprintf(stem, sizeof stem, "%s", name);
    char *dash = strrchr(stem, '-');
    if (dash && dash[1] && strspn(dash + 1, "0123456789") == strlen(dash + 1))
        *dash = 0;
    size_t g = 0;
    while (g < r->n_groups && strcmp(r->group_name[g], stem) != 0)
        g++;
    if (g == r->n_groups)
        snprintf(r->group_name[r->n_groups++], RELATE_NAME, "%s", stem);
    r->group[run] = g;
}

/* Networks that have metric k. */
static size_t count_values(const struct relation *r, size_t k)
{
    size_t count = 0;
    for (size_t i = 0; i < r->n && k < RELATE_METRICS; i++)
        count += isfinite(r->metrics[k].x[i]) != 0;
    return count;
}

static void gather(struct relation *r, const struct basin_result *results)
{
    for (size_t i = 0; i < r->n; i++) {
        set_group(r, i, results[i].run->name);
        for (size_t f = 0; f < results[i].n_findings; f++) {
            const json_t *json = results[i].findings[f].json, *own = json_object_get(json, "relate"),
                         *dimension = json_object_get(json, "manifold_dimension_bound");
            set(r, "rank G", false, i, json_object_get(json, "rank_g"), 1);
            set(r, "rank H", false, i, json_object_get(json, "rank_h"), 1);
            set(r, "manifold dimension (bound)", false, i, dimension, 1);
            set_rows(r, i, json_object_get(json, "volume"));
            set(r, "distance from the origin", false, i, json_object_get(own, "distance"), 1);
            set(r, "validation accuracy", false, i, json_object_get(own, "validation_accuracy"), 1);
            set(r, "minus validation loss", false, i, json_object_get(own, "validation_loss"), -1);
        }
    }
    r->quality = relate_find_metric(r, "validation accuracy");
    if (r->quality == RELATE_METRICS)
        r->quality = relate_find_metric(r, "minus validation loss");
    r->reference = relate_find_metric(r, "annealed down from theta*");
    if (2 * count_values(r, r->reference) < r->n)
        r->reference = relate_find_metric(r, "exact, of the quadratic");
}

/* --- Spearman's rank correlation */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How many of the ascending numbers are below x (or_equal: or equal to it). */
static size_t count_below(size_t n, const double *ascending, double x, bool or_equal)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ascending[middle] < x || (or_equal && ascending[middle] == x))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ranks (n), ties share the mean. sorted: scratch (n). */
static void rank_values(size_t n, const double *x, double *sorted, double *rank)
{
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *x, by_value);
    for (size_t i = 0; i < n; i++) {
        size_t below = count_below(n, sorted, x[i], false), to = count_below(n, sorted, x[i], true);
        rank[i] = ((double)below + (double)to - 1) / 2;
    }
}

/* NAN where one of them does not vary. */
static double correlation(size_t n, const double *x, const double *y)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++)
        mx += x[i] / (double)n, my += y[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    bool varies = xx > 1e-9 * (double)n && yy > 1e-9 * (double)n; /* ranks */
    return varies ? xy / sqrt(xx * yy) : NAN;
}

/* Of n pairs; rank_a, rank_b, sorted: scratch (n). */
static double rank_correlation(size_t n, const double *a, const double *b, double *rank_a, double *rank_b,
                               double *sorted)
{
    rank_values(n, a, sorted, rank_a);
    rank_values(n, b, sorted, rank_b);
    return correlation(n, rank_a, rank_b);
}

/* scratch (8 n + BOOTSTRAPS). */
static struct spearman spearman(size_t n, const double *x, const double *y, uint64_t seed, double *scratch)
{
    double *a = scratch, *b = a + n, *rank_a = b + n, *rank_b = rank_a + n, *sorted = rank_b + n,
           *picked_a = sorted + n, *picked_b = picked_a + n, *rhos = picked_b + n;
    struct spearman s = {.rho = NAN, .error = NAN, .low = NAN, .high = NAN};
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]) && isfinite(y[i]))
            a[s.n] = x[i], b[s.n++] = y[i];
    if (s.n < LEAST_RUNS)
        return s;
    s.rho = rank_correlation(s.n, a, b, rank_a, rank_b, sorted);
    struct random_stream r = random_stream(seed, 0);
    size_t kept = 0;
    double mean = 0, square = 0;
    for (size_t k = 0; k < BOOTSTRAPS; k++) {
        for (size_t i = 0; i < s.n; i++) {
            size_t pick = random_below(&r, s.n);
            picked_a[i] = a[pick], picked_b[i] = b[pick];
        }
        double again = rank_correlation(s.n, picked_a, picked_b, rank_a, rank_b, sorted);
        if (isfinite(again))
            rhos[kept++] = again;
    }
    for (size_t k = 0; k < kept; k++)
        mean += rhos[k] / (double)kept;
    for (size_t k = 0; k < kept; k++)
        square += (rhos[k] - mean) * (rhos[k] - mean);
    if (kept > BOOTSTRAPS / 2) {
        qsort(rhos, kept, sizeof *rhos, by_value);
        s.error = sqrt(square / ((double)kept - 1));
        s.low = rhos[kept / 40];
        s.high = rhos[kept - 1 - kept / 40];
    }
    return s;
}

/* out (n) := x less the mean of its group; NAN stays. */
static void centre_groups(const struct relation *r, const double *x, double *out)
{
    for (size_t g = 0; g < r->n_groups; g++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < r->n; i++)
            if (r->group[i] == g && isfinite(x[i]))
                sum += x[i], count++;
        for (size_t i = 0; i < r->n; i++)
            if (r->group[i] == g) {
                double off = x[i] - sum / count;                   /* NAN where x is */
                out[i] = fabs(off) <= 1e-9 * fabs(x[i]) ? 0 : off; /* rounding */
            }
    }
}

/* --- showing */

static void add_spearman(struct table *t, const struct spearman *s)
{
    if (isnan(s->rho))
        table_add_cell(t, "-");
    else if (isnan(s->error))
        table_add_cell(t, "%+.2f", s->rho);
    else
        table_add_cell(t, "%+.2f +- %.2f (%+.2f to %+.2f)", s->rho, s->error, s->low, s->high);
}

static json_t *spearman_to_json(const struct spearman *s)
{
    json_t *o = json_object();
    json_object_set_new(o, "rho", json_number_or_null(s->rho));
    json_object_set_new(o, "error", json_number_or_null(s->error));
    json_object_set_new(o, "low", json_number_or_null(s->low));
    json_object_set_new(o, "high", json_number_or_null(s->high));
    json_object_set_new(o, "n", json_integer((json_int_t)s->n));
    return o;
}

/* scratch (10 n + BOOTSTRAPS). */
static void correlate(struct relation *r, double *scratch)
{
    const struct spearman none = {.rho = NAN, .error = NAN, .low = NAN, .high = NAN};
    size_t n = r->n;
    double *a = scratch + 8 * n + BOOTSTRAPS, *b = a + n;
    const double *quality = r->quality < RELATE_METRICS ? r->metrics[r->quality].x : NULL,
                 *reference = r->reference < RELATE_METRICS ? r->metrics[r->reference].x : NULL;
    for (size_t k = 0; k < r->n_metrics; k++) {
        struct metric *m = &r->metrics[k];
        m->with_quality = m->within_variants = m->with_reference = none;
        if (quality && k != r->quality) {
            m->with_quality = spearman(n, m->x, quality, r->seed, scratch);
            centre_groups(r, m->x, a);
            centre_groups(r, quality, b);
            m->within_variants = spearman(n, a, b, r->seed, scratch);
        }
        if (reference && k != r->reference)
            m->with_reference = spearman(n, m->x, reference, r->seed, scratch);
    }
}

/* The row of the volumes that goes with the reference the least. */
static size_t worst_row(const struct relation *r)
{
    size_t worst = RELATE_METRICS;
    for (size_t k = 0; k < r->n_metrics; k++) {
        double rho = r->metrics[k].is_row ? r->metrics[k].with_reference.rho : NAN;
        if (rho < (worst < RELATE_METRICS ? r->metrics[worst].with_reference.rho : INFINITY))
            worst = k;
    }
    return worst;
}

static json_t *name_of(const struct relation *r, size_t k)
{
    return k < RELATE_METRICS ? json_string(r->metrics[k].name) : json_null();
}

static json_t *relation_to_json(const struct relation *r)
{
    json_t *o = json_object(), *list = json_array();
    for (size_t k = 0; k < r->n_metrics; k++) {
        const struct metric *m = &r->metrics[k];
        json_t *item = json_object();
        json_object_set_new(item, "name", json_string(m->name));
        json_object_set_new(item, "with_quality", spearman_to_json(&m->with_quality));
        json_object_set_new(item, "with_quality_within_variants", spearman_to_json(&m->within_variants));
        json_object_set_new(item, "with_reference", spearman_to_json(&m->with_reference));
        json_array_append_new(list, item);
    }
    json_object_set_new(o, "quality", name_of(r, r->quality));
    json_object_set_new(o, "reference", name_of(r, r->reference));
    json_object_set_new(o, "worst_row", name_of(r, worst_row(r)));
    json_object_set_new(o, "metrics", list);
    return o;
}

static struct table *correlations_table(const struct relation *r)
{
    struct table *t =
        table_new("What goes with what (Spearman's rank correlation, error and 95 % interval by bootstrap)");
    table_add_column(t, "of a network", TABLE_LEFT);
    table_add_column(t, r->quality < RELATE_METRICS ? r->metrics[r->quality].name : "quality", TABLE_RIGHT);
    table_add_column(t, "the same, within variants", TABLE_RIGHT);
    table_add_column(t, r->reference < RELATE_METRICS ? r->metrics[r->reference].name : "reference", TABLE_RIGHT);
    for (size_t k = 0; k < r->n_metrics; k++) {
        const struct metric *m = &r->metrics[k];
        table_add_row(t);
        table_add_cell(t, "%s", m->name);
        add_spearman(t, &m->with_quality);
        add_spearman(t, &m->within_variants);
        add_spearman(t, &m->with_reference);
    }
    return t;
}

static void show_correlations(const struct relation *r, struct findings *out)
{
    size_t worst = worst_row(r), thrown = relate_find_metric(r, "zero directions thrown out");
    out->json = json_object();
    json_object_set_new(out->json, "relations", relation_to_json(r));
    findings_add_table(out, correlations_table(r));
    if (worst == RELATE_METRICS)
        return;
    const struct spearman *w = &r->metrics[worst].with_reference;
    findings_add_sentence(out,
                          "The row of the volumes that ranks the networks least like \"%s\" is \"%s\" (%+.2f +- %.2f).",
                          r->metrics[r->reference].name, r->metrics[worst].name, w->rho, w->error);
    if (thrown < RELATE_METRICS && thrown != worst) {
        const struct spearman *t = &r->metrics[thrown].with_reference;
        findings_add_sentence(out, "Throwing the zero directions out does not rank them worst: %+.2f +- %.2f.", t->rho,
                              t->error);
    }
}

static struct table *values_table(const struct relation *r, const struct basin_result *results)
{
    static const char *const shown[] = {
        "rank G",           "manifold dimension (bound)", "distance from the origin",  "zero directions thrown out",
        "H + weight decay", "exact, of the quadratic",    "annealed down from theta*", "validation accuracy"};
    struct table *t = table_new("The networks");
    table_add_column(t, "run", TABLE_LEFT);
    for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++)
        if (relate_find_metric(r, shown[k]) < RELATE_METRICS)
            table_add_column(t, shown[k], TABLE_RIGHT);
    for (size_t i = 0; i < r->n; i++) {
        table_add_row(t);
        table_add_cell(t, "%s", results[i].run->name);
        for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++) {
            size_t m = relate_find_metric(r, shown[k]);
            if (m == RELATE_METRICS)
                continue;
            if (isfinite(r->metrics[m].x[i]))
                table_add_cell(t, "%.6g", r->metrics[m].x[i]);
            else
                table_add_cell(t, "-");
        }
    }
    return t;
}

static void across_runs(const struct basin_result *results, size_t n, struct findings *out)
{
    struct relation r = {.n = n < RELATE_RUNS ? n : RELATE_RUNS, .seed = 1 + results[0].seed};
    double *scratch = malloc((10 * r.n + BOOTSTRAPS) * sizeof *scratch);
    if (r.n < LEAST_RUNS) {
        out->json = json_pack("{s: n}", "relations");
        findings_refuse(out,
                        "relate: what goes with what wants at least %d networks, and there %s %zu (runs: [{name: "
                        "net, repeat: 10}] makes ten)",
                        LEAST_RUNS, r.n == 1 ? "is" : "are", r.n);
    } else if (scratch) {
        gather(&r, results);
        correlate(&r, scratch);
        findings_add_table(out, values_table(&r, results));
        show_correlations(&r, out);
        findings_add_sentence(out,
                              "%zu networks in %zu variants. Where a row is refused its lower bound stands in for it; "
                              "where it has none the network is left out of that row's correlations.",
                              r.n, r.n_groups);
        if (r.reference < RELATE_METRICS && count_values(&r, r.reference) < r.n)
            findings_add_sentence(out, "\"%s\" stands for %zu of them.", r.metrics[r.reference].name,
                                  count_values(&r, r.reference));
        if (n > r.n)
            findings_add_sentence(out, "These are the first of %zu networks.", n);
        findings_add_figure(out, relate_correlations_figure(&r));
        findings_add_figure(out, relate_networks_figure(&r));
    }
    for (size_t k = 0; k < r.n_metrics; k++)
        free(r.metrics[k].x);
    free(scratch);
}

const struct analysis analysis_relate = {
    "relate", "rank G, volumes, distance and validation accuracy over many networks", run_relate, NULL, across_runs};
