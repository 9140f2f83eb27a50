/* A data series as the entries of `compare` and of a fit's targets name it. */
#include "base/text.h"
#include "data/units.h"
#include "growth/named.h"
#include "growth/scenario.h"
#include "growth/variable.h"

#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static enum status load_series(const struct config_node *node, struct series *out, struct error *e)
{
    const struct config_node *name = config_get(node, "series"), *file = config_get(node, "file");
    if (!name == !file)
        return config_error(node, e, "compare wants either series (a shipped one) or file%s", name ? ", not both" : "");
    struct error inner = {0};
    enum status status;
    if (name) {
        status = series_load(config_text(name, ""), out, &inner);
        if (status == STATUS_BAD_INPUT && !inner.file[0])
            return config_error(name, e, "%s", inner.message);
    } else {
        char *path = config_path(file);
        status = path ? series_read(path, out, &inner) : error_memory(&inner);
        free(path);
        if (status && inner.line == 0)
            return config_error(file, e, "%s: %s", inner.file, inner.message);
    }
    if (status && e)
        *e = inner;
    return status;
}

static enum status convert_units(const struct config_node *node, const struct model *m, struct comparison *c,
                                 struct error *e)
{
    const struct config_node *unit = config_get(node, "unit");
    char conversion[160] = "";
    struct error inner = {0};
    if (unit) {
        free(c->series.unit);
        c->series.unit = text_copy(config_text(unit, ""));
        if (!c->series.unit)
            return error_memory(e);
    }
    if (!c->series.unit[0])
        return config_error(node, e, "%s says no unit (# unit: …): give one here, like unit: \"%s\"", c->series.name,
                            variable_unit(m, c->variable));
    enum status status =
        unit_match(&c->series, variable_unit(m, c->variable), config_number(config_get(node, "match"), 1950),
                   &c->factor, conversion, sizeof conversion, &inner);
    if (status)
        return config_error(unit ? unit : node, e, "%s: %s", c->series.name, inner.message);
    char *copy = text_copy(c->series.name);
    snprintf(c->legend, sizeof c->legend, "%.80s%s%.150s%s", copy ? basename(copy) : "", conversion[0] ? " (" : "",
             conversion, conversion[0] ? ")" : "");
    free(copy);
    return STATUS_OK;
}

enum status comparison_read(const struct config_node *node, const struct model *m, const struct reporter *reporter,
                            struct comparison *c, struct error *e)
{
    *c = (struct comparison){0};
    enum status status = named_variable(m, config_get(node, "variable"), &c->variable, e);
    if (!status)
        status = load_series(node, &c->series, e);
    if (!status)
        status = convert_units(node, m, c, e);
    if (status)
        return status;
    c->from = config_number(config_get(node, "from"), -INFINITY);
    c->to = config_number(config_get(node, "to"), INFINITY);
    c->scored = config_boolean(config_get(node, "score"), true);
    if (c->to < c->from)
        return config_error(config_later(config_get(node, "to"), config_get(node, "from")), e,
                            "to: %.10g is before from: %.10g", c->to, c->from);
    size_t left_out = 0;
    for (size_t i = 0; i < c->series.n; i++)
        left_out += c->series.year[i] >= c->from && c->series.year[i] <= c->to && !(c->series.value[i] > 0);
    if (left_out)
        reporter_warning(reporter, "%s: %zu of %zu values are not above 0 and have no logarithm: they are left out",
                         c->series.name, left_out, c->series.n);
    return STATUS_OK;
}
