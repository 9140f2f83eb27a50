#include "data/units.h"

#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has(const char *text, const char *word)
{
    return strstr(text, word) != NULL;
}

/* The leading "billion", "million", "thousand"; 1 where there is none. */
static double leading_scale(const char *text)
{
    static const struct {
        const char *word;
        double scale;
    } scales[] = {{"trillion ", 1e12}, {"billion ", 1e9}, {"million ", 1e6}, {"thousand ", 1e3}};
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++)
        if (strncmp(text, scales[i].word, strlen(scales[i].word)) == 0)
            return scales[i].scale;
    return 1;
}

/* The first year from 1800 to 2099 in the text, 0 for none. */
static int price_year(const char *text)
{
    for (const char *c = text; *c; c++)
        if (isdigit((unsigned char)c[0]) && (c == text || !isdigit((unsigned char)c[-1]))) {
            char *end;
            long value = strtol(c, &end, 10);
            if (end - c == 4 && value >= 1800 && value < 2100)
                return (int)value;
        }
    return 0;
}

static void parse_money(const char *text, struct unit *out)
{
    bool international =
        has(text, "international") || has(text, "int$") || has(text, "int.") || has(text, "ppp") || has(text, "geary");
    const char *currency = has(text, "pound") ? "pounds" : international ? "int$" : "US$";
    bool per_head = has(text, "per person") || has(text, "per head") || has(text, "per capita") || has(text, "/person");
    int year = price_year(text);
    out->quantity = per_head ? QUANTITY_OUTPUT_PER_HEAD : QUANTITY_OUTPUT;
    out->scale = leading_scale(text);
    if (year)
        snprintf(out->price_base, sizeof out->price_base, "%d %s", year, currency);
    else
        snprintf(out->price_base, sizeof out->price_base, "%s", currency);
}

/* Copy without what stands in parentheses. */
static void strip_parentheses(const char *text, char *out)
{
    int depth = 0;
    for (; *text; text++) {
        depth += *text == '(';
        if (depth <= 0)
            *out++ = *text;
        depth -= *text == ')' && depth > 0;
    }
    *out = 0;
}

void unit_parse(const char *unit_text, struct unit *out)
{
    char text[160], kept[160];
    size_t n = 0;
    for (; unit_text[n] && n + 1 < sizeof text; n++)
        text[n] = (char)tolower((unsigned char)unit_text[n]);
    text[n] = 0;
    strip_parentheses(text, kept);
    bool money = has(kept, "$") || has(kept, "dollar") || has(kept, "pound");
    *out = (struct unit){QUANTITY_OTHER, 1, ""};
    if (money && !has(text, "per hour") && !has(text, "per us dollar") && !has(text, "per us$") && !has(text, "level"))
        parse_money(text, out);
    else if (has(text, "per 1,000") || has(text, "per 1000") || has(text, "per thousand"))
        *out = (struct unit){QUANTITY_RATE, 1e-3, ""};
    else if (strcmp(text, "1/year") == 0 || strcmp(text, "per year") == 0)
        *out = (struct unit){QUANTITY_RATE, 1, ""};
    else if (has(text, "percent per year") || has(text, "% per year"))
        *out = (struct unit){QUANTITY_RATE, 1e-2, ""};
    else if (strncmp(text, "years of", 8) == 0)
        *out = (struct unit){QUANTITY_RATIO, 1, "years"};
    else if (strncmp(text, "percent", 7) == 0 || text[0] == '%')
        *out = (struct unit){QUANTITY_RATIO, 1e-2, ""};
    else if (strcmp(text, "1") == 0 || strncmp(text, "share", 5) == 0)
        *out = (struct unit){QUANTITY_RATIO, 1, ""};
    else if (!has(text, " per ") && (has(text, "person") || has(text, "people")))
        *out = (struct unit){QUANTITY_PERSONS, leading_scale(text), ""};
    else
        snprintf(out->price_base, sizeof out->price_base, "%.31s", text);
}

/* Ratio reference/series at the common year nearest to the wanted one; NAN when they share none. */
static double ratio_at(const struct series *s, const struct series *reference, double wanted, double *year)
{
    double ratio = NAN, best = INFINITY;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < reference->n; k++)
            if (s->year[i] == reference->year[k] && fabs(s->year[i] - wanted) < best && s->value[i] != 0 &&
                reference->value[k] != 0) {
                best = fabs(s->year[i] - wanted);
                *year = s->year[i];
                ratio = reference->value[k] / s->value[i];
            }
    return ratio;
}

enum status unit_convert(const struct series *s, const char *to, const struct series *reference, double match_year,
                         double *factor, char *legend, size_t legend_size, struct error *e)
{
    struct unit from_unit, to_unit, reference_unit;
    unit_parse(s->unit, &from_unit);
    unit_parse(to, &to_unit);
    legend[0] = 0;
    if (from_unit.quantity != to_unit.quantity ||
        (from_unit.quantity == QUANTITY_OTHER && strcmp(from_unit.price_base, to_unit.price_base) != 0))
        return error_set(e, STATUS_BAD_INPUT,
                         "its unit is '%.80s', the variable's is '%.80s': they do not measure the same", s->unit, to);
    *factor = from_unit.scale / to_unit.scale;
    if (strcmp(from_unit.price_base, to_unit.price_base) == 0)
        return STATUS_OK;
    if (reference)
        unit_parse(reference->unit, &reference_unit);
    if (!reference || strcmp(reference_unit.price_base, to_unit.price_base) != 0)
        return error_set(e, STATUS_BAD_INPUT,
                         "it is in %s and the variable in %s, and no shipped series gives the ratio for the same thing",
                         from_unit.price_base, to_unit.price_base);
    double year = NAN, ratio = ratio_at(s, reference, match_year, &year);
    if (!isfinite(ratio))
        return error_set(e, STATUS_BAD_INPUT, "it has no year in common with %s, which would convert %s to %s",
                         reference->name, from_unit.price_base, to_unit.price_base);
    *factor = ratio * reference_unit.scale / to_unit.scale;
    char *text = text_format("%s x %.3g, matched %.10g", from_unit.price_base,
                             ratio * reference_unit.scale / from_unit.scale, year);
    if (!text)
        return error_memory(e);
    snprintf(legend, legend_size, "%s", text);
    free(text);
    return STATUS_OK;
}

enum status unit_match(const struct series *s, const char *to, double match_year, double *factor, char *legend,
                       size_t legend_size, struct error *e)
{
    struct unit target, own;
    unit_parse(to, &target);
    unit_parse(s->unit, &own);
    char name[128];
    const char *c = s->reference;
    while (own.quantity == target.quantity && strcmp(own.price_base, target.price_base) != 0 && *c) {
        size_t length = strcspn(c, "\n ,");
        snprintf(name, sizeof name, "%.*s", (int)(length < 127 ? length : 127), c);
        c += length + strspn(c + length, "\n ,");
        struct series reference;
        enum status status = series_load(name, &reference, e);
        if (status)
            return status;
        struct unit unit;
        unit_parse(reference.unit, &unit);
        bool fits = strcmp(unit.price_base, target.price_base) == 0;
        if (fits)
            status = unit_convert(s, to, &reference, match_year, factor, legend, legend_size, e);
        series_clear(&reference);
        if (fits)
            return status;
    }
    return unit_convert(s, to, NULL, match_year, factor, legend, legend_size, e);
}
