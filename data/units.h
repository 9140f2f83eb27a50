/* Units of the shipped series: what quantity, what scale, what price base; and conversion between them. */
#ifndef GEARS_DATA_UNITS_H
#define GEARS_DATA_UNITS_H

#include "base/error.h"
#include "data/series.h"

enum quantity {
    QUANTITY_OTHER,
    QUANTITY_OUTPUT,
    QUANTITY_OUTPUT_PER_HEAD,
    QUANTITY_PERSONS,
    QUANTITY_RATE,
    QUANTITY_RATIO
};

struct unit {
    enum quantity quantity;
    double scale;        /* value x scale is in the quantity's plain unit: $, $/person, persons, 1/year, 1 */
    char price_base[32]; /* "1990 int$", "2011 int$", "2015 US$ at market rates"; "" for a unit without prices */
};

/* Read a unit text as the shipped series and the models' tables write it ("billion 1990 international dollars",
 * "thousand persons", "births per 1,000 persons per year", "million persons", "years of GDP"). Unknown text gives
 * QUANTITY_OTHER and scale 1 with the text as its own base, so that it only matches itself. */
void unit_parse(const char *text, struct unit *out);

/* Bring a series into the unit `to` (text as in a model's table): fills *factor so that value x factor is in `to`, and
 * `legend` with what was done ("" if the factor is 1 or a pure power of ten; "2011 int$ x 0.655, matched at 1950" when
 * the price bases differ: then `reference`, a series in the target's price base for the same thing, gives the ratio at
 * one common year: the common year nearest to `match_year`). STATUS_BAD_INPUT when the quantities differ, or the bases
 * differ and there is no reference. */
enum status unit_convert(const struct series *s, const char *to, const struct series *reference, double match_year,
                         double *factor, char *legend, size_t legend_size, struct error *e);

/* The same, choosing the reference among the shipped series that the series itself names ("# reference:"). */
enum status unit_match(const struct series *s, const char *to, double match_year, double *factor, char *legend,
                       size_t legend_size, struct error *e);

#endif
