/* What goes with what over many trained networks: rank G, dimension of the manifold, every row of the volumes, distance
 * from the origin, validation accuracy. The runs of an experiment are the networks; what audit and volume found in each
 * is read from their answers. */
#include "base/json.h"
#include "basin/session.h"
#include "config/config.h"
#include "solver/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS_MOST = 40, BOOTSTRAPS = 1000, NAME = 64, PANELS = 4, GROUPS_MOST = 8, LEAST_RUNS = 4 };

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

struct metric {
    char name[NAME];
    bool is_row; /* of the volumes */
    double *x;   /* (n); NAN: not there */
};

struct relation {
    size_t n;
    struct metric metrics[METRICS_MOST];
    size_t n_metrics;
    size_t group[1000], n_groups; /* variants: run names without what a repeat appends */
    char group_name[GROUPS_MOST][NAME];
    size_t quality, reference; /* metrics: validation accuracy (or minus its loss), the mass held to be nearest to the
                                * truth; METRICS_MOST: there is none */
    uint64_t seed;             /* of the bootstrap */
};

static double *metric(struct relation *r, const char *name, bool is_row)
{
    for (size_t k = 0; k < r->n_metrics; k++)
        if (strcmp(r->metrics[k].name, name) == 0)
            return r->metrics[k].x;
    if (r->n_metrics == METRICS_MOST)
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
    char stem[NAME];
    snprintf(stem, sizeof stem, "%s", name);
    char *dash = strrchr(stem, '-');
    if (dash && dash[1] && strspn(dash + 1, "0123456789") == strlen(dash + 1))
        *dash = 0;
    size_t g = 0;
    while (g < r->n_groups && strcmp(r->group_name[g], stem) != 0)
        g++;
    if (g == r->n_groups && g < GROUPS_MOST)
        snprintf(r->group_name[r->n_groups++], NAME, "%s", stem);
    r->group[run] = g < GROUPS_MOST ? g : GROUPS_MOST - 1;
}

static size_t find_metric(const struct relation *r, const char *name)
{
    for (size_t k = 0; k < r->n_metrics; k++)
        if (strcmp(r->metrics[k].name, name) == 0)
            return k;
    return METRICS_MOST;
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
    r->quality = find_metric(r, "validation accuracy");
    if (r->quality == METRICS_MOST)
        r->quality = find_metric(r, "minus validation loss");
    r->reference = find_metric(r, "annealed down from theta*");
    if (r->reference == METRICS_MOST)
        r->reference = find_metric(r, "exact, of the quadratic");
}

/* --- Spearman's rank correlation */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ranks (n), ties share the mean. sorted: scratch (n). */
static void rank_values(size_t n, const double *x, double *sorted, double *rank)
{
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *x, by_value);
    for (size_t i = 0; i < n; i++) {
        size_t below = 0, equal = 0;
        for (size_t j = 0; j < n; j++) {
            below += sorted[j] < x[i];
            equal += sorted[j] == x[i];
        }
        rank[i] = (double)below + ((double)equal - 1) / 2;
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

struct spearman {
    double rho, error, low, high; /* error: of the bootstrap; low, high: its 95 % interval */
    size_t n;
};

/* scratch (6 n + BOOTSTRAPS). */
static struct spearman spearman(size_t n, const double *x, const double *y, uint64_t seed, double *scratch)
{
    double *a = scratch, *b = a + n, *rank_a = b + n, *rank_b = rank_a + n, *sorted = rank_b + n, *rhos = sorted + n;
    struct spearman s = {.rho = NAN, .error = NAN, .low = NAN, .high = NAN};
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]) && isfinite(y[i]))
            a[s.n] = x[i], b[s.n++] = y[i];
    if (s.n < LEAST_RUNS)
        return s;
    rank_values(s.n, a, sorted, rank_a);
    rank_values(s.n, b, sorted, rank_b);
    s.rho = correlation(s.n, rank_a, rank_b);
    struct random_stream r = random_stream(seed, 0);
    size_t kept = 0;
    double mean = 0, square = 0;
    for (size_t k = 0; k < BOOTSTRAPS; k++) {
        for (size_t i = 0; i < s.n; i++) { /* ranks of ranks are ranks */
            size_t pick = random_below(&r, s.n);
            a[i] = rank_a[pick], b[i] = rank_b[pick];
        }
        double again = correlation(s.n, a, b);
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

/* out (n) := x less the mean of its group. */
static void centre_groups(const struct relation *r, const double *x, double *out)
{
    for (size_t g = 0; g < r->n_groups; g++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < r->n; i++)
            if (r->group[i] == g && isfinite(x[i]))
                sum += x[i], count++;
        for (size_t i = 0; i < r->n; i++)
            if (r->group[i] == g)
                out[i] = fabs(x[i] - sum / count) > 1e-9 * fabs(x[i]) ? x[i] - sum / count : 0; /* rounding */
    }
}

/* --- showing */

static void add_spearman(struct table *t, const struct spearman *s)
{
    if (isnan(s->rho))
        table_add_cell(t, "-");
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

static void add_correlations(const struct relation *r, struct findings *out, double *scratch)
{
    struct table *t =
        table_new("What goes with what (Spearman's rank correlation, error and 95 % interval by bootstrap)");
    json_t *list = json_array();
    size_t n = r->n, worst = METRICS_MOST;
    double *a = scratch + 6 * n + BOOTSTRAPS, *b = a + n, worst_rho = INFINITY;
    const double *quality = r->quality < METRICS_MOST ? r->metrics[r->quality].x : NULL,
                 *reference = r->reference < METRICS_MOST ? r->metrics[r->reference].x : NULL;
    table_add_column(t, "of a network", TABLE_LEFT);
    table_add_column(t, quality ? r->metrics[r->quality].name : "quality", TABLE_RIGHT);
    table_add_column(t, "the same, within variants", TABLE_RIGHT);
    table_add_column(t, reference ? r->metrics[r->reference].name : "reference", TABLE_RIGHT);
    for (size_t k = 0; k < r->n_metrics; k++) {
        const struct metric *m = &r->metrics[k];
        struct spearman s[3] = {{.rho = NAN}, {.rho = NAN}, {.rho = NAN}};
        if (quality && k != r->quality) {
            s[0] = spearman(n, m->x, quality, r->seed, scratch);
            centre_groups(r, m->x, a);
            centre_groups(r, quality, b);
            s[1] = spearman(n, a, b, r->seed, scratch);
        }
        if (reference && k != r->reference)
            s[2] = spearman(n, m->x, reference, r->seed, scratch);
        if (m->is_row && s[2].rho < worst_rho)
            worst = k, worst_rho = s[2].rho;
        table_add_row(t);
        table_add_cell(t, "%s", m->name);
        json_t *o = json_object();
        json_object_set_new(o, "name", json_string(m->name));
        static const char *const keys[] = {"with_quality", "with_quality_within_variants", "with_reference"};
        for (size_t i = 0; i < 3; i++) {
            add_spearman(t, &s[i]);
            json_object_set_new(o, keys[i], spearman_to_json(&s[i]));
        }
        json_array_append_new(list, o);
    }
    json_t *relations = json_object();
    json_object_set_new(relations, "quality", quality ? json_string(r->metrics[r->quality].name) : json_null());
    json_object_set_new(relations, "reference", reference ? json_string(r->metrics[r->reference].name) : json_null());
    json_object_set_new(relations, "worst_row",
                        worst < METRICS_MOST ? json_string(r->metrics[worst].name) : json_null());
    json_object_set_new(relations, "metrics", list);
    out->json = json_object();
    json_object_set_new(out->json, "relations", relations);
    findings_add_table(out, t);
    if (worst < METRICS_MOST)
        findings_add_sentence(out,
                              "The row of the volumes that ranks the networks least like \"%s\" is \"%s\" (%+.2f).",
                              r->metrics[r->reference].name, r->metrics[worst].name, worst_rho);
}

static struct table *values_table(const struct relation *r, const struct basin_result *results)
{
    static const char *const shown[] = {
        "rank G",           "manifold dimension (bound)", "distance from the origin",  "zero directions thrown out",
        "H + weight decay", "exact, of the quadratic",    "annealed down from theta*", "validation accuracy"};
    struct table *t = table_new("The networks");
    table_add_column(t, "run", TABLE_LEFT);
    for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++)
        if (find_metric(r, shown[k]) < METRICS_MOST)
            table_add_column(t, shown[k], TABLE_RIGHT);
    for (size_t i = 0; i < r->n; i++) {
        table_add_row(t);
        table_add_cell(t, "%s", results[i].run->name);
        for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++) {
            size_t m = find_metric(r, shown[k]);
            if (m == METRICS_MOST)
                continue;
            if (isfinite(r->metrics[m].x[i]))
                table_add_cell(t, "%.6g", r->metrics[m].x[i]);
            else
                table_add_cell(t, "-");
        }
    }
    return t;
}

static void add_panel(const struct relation *r, struct figure *f, size_t x, size_t y, bool legend, double *scratch)
{
    struct axis ax = {.label = r->metrics[x].name, .scale = AXIS_LINEAR, .low = NAN, .high = NAN},
                ay = {.label = r->metrics[y].name, .scale = AXIS_LINEAR, .low = NAN, .high = NAN};
    size_t panel = figure_add_panel(f, "", &ax, &ay);
    for (size_t g = 0; g < r->n_groups; g++) {
        size_t n = 0;
        for (size_t i = 0; i < r->n; i++)
            if (r->group[i] == g && isfinite(r->metrics[x].x[i]) && isfinite(r->metrics[y].x[i])) {
                scratch[n] = r->metrics[x].x[i];
                scratch[r->n + n++] = r->metrics[y].x[i];
            }
        if (n)
            figure_add_series(f, panel, MARK_POINTS, (int)g, legend ? r->group_name[g] : NULL, n, scratch,
                              scratch + r->n, NULL);
    }
}

static struct figure *relations_figure(const struct relation *r, double *scratch)
{
    static const char *const against_quality[] = {"rank G", "distance from the origin"};
    static const char *const against_reference[] = {"zero directions thrown out", "H + weight decay"};
    struct figure *f =
        figure_new("relations", "Information loss, volume and generalisation",
                   "One point a network, one colour a variant. Below: two repairs of the singular quadratic "
                   "against the prior mass that is held to be nearest to the truth.");
    figure_set_columns(f, 2);
    for (size_t k = 0; k < 2; k++)
        if (r->quality < METRICS_MOST && find_metric(r, against_quality[k]) < METRICS_MOST)
            add_panel(r, f, find_metric(r, against_quality[k]), r->quality, false, scratch);
    for (size_t k = 0; k < 2; k++)
        if (r->reference < METRICS_MOST && find_metric(r, against_reference[k]) < METRICS_MOST)
            add_panel(r, f, find_metric(r, against_reference[k]), r->reference, true, scratch);
    return f;
}

static void across_runs(const struct basin_result *results, size_t n, struct findings *out)
{
    struct relation r = {.n = n < 1000 ? n : 1000, .seed = 1 + results[0].seed};
    double *scratch = malloc((8 * r.n + BOOTSTRAPS) * sizeof *scratch);
    if (r.n < LEAST_RUNS) {
        out->json = json_pack("{s: n}", "relations");
        findings_refuse(out,
                        "relate: what goes with what wants at least %d networks, and there %s %zu (runs: [{name: "
                        "net, repeat: 10}] makes ten)",
                        LEAST_RUNS, r.n == 1 ? "is" : "are", r.n);
    } else if (scratch) {
        gather(&r, results);
        findings_add_table(out, values_table(&r, results));
        add_correlations(&r, out, scratch);
        findings_add_sentence(out,
                              "%zu networks in %zu variants. Where a row is refused its lower bound stands in for it.",
                              r.n, r.n_groups);
        findings_add_figure(out, relations_figure(&r, scratch));
    }
    for (size_t k = 0; k < r.n_metrics; k++)
        free(r.metrics[k].x);
    free(scratch);
}

const struct analysis analysis_relate = {
    "relate", "rank G, volumes, distance and validation accuracy over many networks", run_relate, NULL, across_runs};
