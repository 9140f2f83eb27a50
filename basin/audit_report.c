/* The audit as an analysis: JSON, tables, sentences. */
#include "base/json.h"
#include "basin/audit.h"
#include "config/config.h"

#include <stdarg.h>
#include <stdio.h>

static const char *equality_name(enum equality equality)
{
    static const char *const names[] = {"holds", "fails", "undecided"};
    return names[equality];
}

static json_t *lost_to_json(const struct lost_table *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->n; i++) {
        const struct lost *l = &t->entries[i];
        json_t *o = json_object();
        json_object_set_new(o, "cause", json_string(lost_cause_name(l->cause)));
        json_object_set_new(o, "layer", l->layer ? json_integer((json_int_t)l->layer) : json_null());
        json_object_set_new(o, "unit", l->unit ? json_integer((json_int_t)l->unit) : json_null());
        json_object_set_new(o, "dimensions", json_integer((json_int_t)l->dimensions));
        json_object_set_new(o, "information_loss", json_boolean(l->information_loss));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *audit_to_json(const struct audit *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "parameters", json_integer((json_int_t)a->parameters));
    json_object_set_new(o, "behaviours", json_integer((json_int_t)a->behaviours));
    json_object_set_new(o, "loss", json_number_or_null(a->loss));
    json_object_set_new(o, "gradient_norm", json_number_or_null(a->gradient_norm));
    json_object_set_new(o, "residual_norm", json_number_or_null(a->residual_norm));
    json_object_set_new(o, "rank_g", json_integer((json_int_t)a->g.rank));
    json_object_set_new(o, "rank_h", json_integer((json_int_t)a->h.rank));
    json_object_set_new(o, "gap_g", json_number_or_null(a->g.gap));
    json_object_set_new(o, "gap_h", json_number_or_null(a->h.gap));
    json_object_set_new(o, "last_g", json_number_or_null(a->g.last));
    json_object_set_new(o, "last_h", json_number_or_null(a->h.last));
    json_object_set_new(o, "negative_eigenvalues", json_integer((json_int_t)a->negative_eigenvalues));
    json_object_set_new(o, "smallest_eigenvalue", json_number_or_null(a->smallest_eigenvalue));
    json_object_set_new(o, "gauss_newton_norm", json_number_or_null(a->gauss_newton_norm));
    json_object_set_new(o, "residual_part_norm", json_number_or_null(a->residual_part_norm));
    json_object_set_new(o, "rank_h_above_residual", json_integer((json_int_t)a->above_residual));
    json_object_set_new(o, "equality", json_string(equality_name(a->equality)));
    json_object_set_new(o, "reason", json_string(a->reason));
    json_object_set_new(o, "left_null_residual", json_number_or_null(a->left_null_residual));
    json_object_set_new(o, "null_h_not_g", json_integer((json_int_t)a->null_h_not_g));
    json_object_set_new(o, "manifold_dimension_bound", json_integer((json_int_t)a->dimension_bound));
    json_object_set_new(o, "manifold_dimension",
                        a->dimension_established ? json_integer((json_int_t)a->dimension_bound) : json_null());
    json_object_set_new(o, "rank_g_around", a->g.decided ? json_integer((json_int_t)a->generic_rank) : json_null());
    json_object_set_new(o, "rank_g_bound", json_integer((json_int_t)a->lost.bound));
    json_object_set_new(o, "lost", lost_to_json(&a->lost));
    return o;
}

static void add_row(struct table *t, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add_row(struct table *t, const char *what, const char *format, ...)
{
    char value[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    table_add_row(t);
    table_add_cell(t, "%s", what);
    table_add_cell(t, "%s", value);
}

/* At full rank nothing follows that a gap could lead to: there the last value is shown. */
static void add_rank(struct table *t, const char *what, const struct rank *r, size_t full)
{
    if (r->rank && r->rank == full)
        add_row(t, what, "%zu (full; the last is %.2g)", r->rank, r->last);
    else
        add_row(t, what, "%zu (%.1g)", r->rank, r->gap);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct table *summary_table(const struct audit *a)
{
    struct table *t = table_new("Audit");
    table_add_column(t, "what", TABLE_LEFT);
    table_add_column(t, "value", TABLE_RIGHT);
    add_row(t, "parameters N", "%zu", a->parameters);
    add_row(t, "behaviours k", "%zu", a->behaviours);
    add_row(t, "loss", "%.4g", a->loss);
    add_row(t, "gradient", "%.2g", a->gradient_norm);
    add_row(t, "slope of the loss in the behaviour", "%.2g", a->residual_norm);
    add_rank(t, "rank G (gap)", &a->g, smaller(a->parameters, a->behaviours));
    add_rank(t, "rank H (gap)", &a->h, a->parameters);
    add_row(t, "eigenvalues of H above its residual part's norm", "%zu", a->above_residual);
    add_row(t, "bound on rank G from what layers discard", "%zu", a->lost.bound);
    add_row(t, "negative eigenvalues of H", "%zu", a->negative_eigenvalues);
    add_row(t, "part of H that is not from G, over the part that is", "%.2g",
            a->residual_part_norm / a->gauss_newton_norm);
    add_row(t, "null for H and not for G", "%zu", a->null_h_not_g);
    add_row(t, "dimension of the solution manifold", "%s%zu", a->dimension_established ? "" : "at most ",
            a->dimension_bound);
    return t;
}

static struct table *lost_to_table(const struct audit *a)
{
    struct table *t = table_new("Where the N - rank G dimensions come from");
    static const char *const headings[] = {"cause", "layer", "unit", "dimensions", "information loss?"};
    for (size_t i = 0; i < 5; i++)
        table_add_column(t, headings[i], i == 0 || i == 4 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < a->lost.n; i++) {
        const struct lost *l = &a->lost.entries[i];
        char layer[24] = "-", unit[24] = "-";
        if (l->layer)
            snprintf(layer, sizeof layer, "%zu", l->layer);
        if (l->unit)
            snprintf(unit, sizeof unit, "%zu", l->unit);
        table_add_row(t);
        table_add_cell(t, "%s", lost_cause_name(l->cause));
        table_add_cell(t, "%s", layer);
        table_add_cell(t, "%s", unit);
        table_add_cell(t, "%zu", l->dimensions);
        table_add_cell(t, "%s", l->information_loss ? "yes" : "no");
    }
    return t;
}

static enum status run_audit(const struct minimum *m, const struct config_node *options,
                             const struct reporter *reporter, struct findings *out, struct error *e)
{
    (void)options;
    struct audit a;
    enum status status = audit_run(m, reporter, &a, e);
    if (!status) {
        out->json = audit_to_json(&a);
        findings_add_table(out, summary_table(&a));
        if (a.lost.n)
            findings_add_table(out, lost_to_table(&a));
        bool lucky = a.equality == EQUALITY_HOLDS && !a.promised;
        findings_add_sentence(out, "rank H = rank G %s%s: %s.", equality_name(a.equality),
                              lucky ? ", but need not" : "", a.reason);
        if (a.within_misfit && a.above_residual < a.g.rank)
            findings_add_sentence(
                out,
                "Only %zu eigenvalues of H are larger than its residual part (%.2g): at the minimum near these weights "
                "rank G may be %zu, and the %zu here be due to the misfit (its last singular value is %.2g).",
                a.above_residual, a.residual_part_norm, a.above_residual, a.g.rank, a.g.last);
        if (a.equality != EQUALITY_HOLDS && a.above_residual == a.g.rank && a.h.rank > a.g.rank &&
            audit_misfit_is_small(&a))
            findings_add_sentence(
                out,
                "The fit is good but not perfect: %zu eigenvalues of H, as many as the rank of G, are "
                "larger than its residual part (%.2g), which can account for all the others.",
                a.above_residual, a.residual_part_norm);
        if (!a.dimension_established && a.generic_rank > a.g.rank)
            findings_add_sentence(
                out,
                "Around these weights G has rank %zu: the %zu here is special, so N - rank G is only an upper "
                "bound on the dimension.",
                a.generic_rank, a.g.rank);
    }
    audit_clear(&a);
    return status;
}

const struct config_field audit_schema[] = {{0}};
const struct analysis analysis_audit = {"audit", "ranks of G and H, and what was lost where", run_audit, audit_schema,
                                        NULL};
