/* What the `fit` block of a scenario file may say. */
#include "growth/fit/file.h"

static const char *const level_words[] = {"free", "held", NULL};
static const char *const error_words[] = {"given", "ar1", "bootstrap", NULL};

static const struct config_field free_fields[] = {
    {.key = "parameter",
     .type = CONFIG_STRING,
     .required = true,
     .meaning = "a parameter of the model, or initial.STATE; where the file gives it a value the search starts there"},
    {.key = "low", .type = CONFIG_NUMBER, .required = true, .meaning = "bound"},
    {.key = "high", .type = CONFIG_NUMBER, .required = true, .meaning = "bound; both above 0: searched in logarithms"},
    {.key = "prior",
     .type = CONFIG_NUMBER,
     .meaning = "what is thought of it without these series: the middle of a log-normal (normal, where a bound is not "
                "above 0) distribution"},
    {.key = "spread",
     .type = CONFIG_NUMBER,
     .low = 0,
     .high = 1e6,
     .meaning = "of the prior: the factor of one standard deviation, above 1 (its size, where the prior is normal)"},
    {0}};
static const struct config_field free_element = {.type = CONFIG_MAP, .fields = free_fields};

static const struct config_field before_fields[] = {
    {.key = "year", .type = CONFIG_YEAR, .required = true, .meaning = "points dated before it"},
    {.key = "error", .type = CONFIG_NUMBER, .required = true, .low = 1e-9, .high = 1e3, .meaning = "have this error"},
    {0}};
static const struct config_field period_element = {.type = CONFIG_YEAR};

static const struct config_field target_fields[] = {
    {.key = "series", .type = CONFIG_STRING, .meaning = "a shipped series; this, file or points"},
    {.key = "file", .type = CONFIG_FILE, .meaning = "a CSV file of yours, relative to this file"},
    {.key = "points",
     .type = CONFIG_NUMBERS,
     .meaning = "YEAR: value in the variable's unit; what is thought, not measured: no data-stop takes it away"},
    {.key = "variable", .type = CONFIG_STRING, .required = true, .meaning = "the state or output to hold against it"},
    {.key = "unit", .type = CONFIG_STRING, .meaning = "unit of the values, where the series does not say"},
    {.key = "match", .type = CONFIG_YEAR, .fallback = "1950", .meaning = "year at which another price base is matched"},
    {.key = "from", .type = CONFIG_YEAR, .meaning = "first year that counts"},
    {.key = "to", .type = CONFIG_YEAR, .meaning = "last year that counts"},
    {.key = "periods",
     .type = CONFIG_LIST,
     .element = &period_element,
     .max_length = 40,
     .meaning = "mean growth (1/year) between these years counts, not levels"},
    {.key = "error",
     .type = CONFIG_NUMBER,
     .required = true,
     .low = 1e-9,
     .high = 1e3,
     .meaning = "standard deviation of ln(model/data), or of growth: small counts much"},
    {.key = "before", .type = CONFIG_MAP, .fields = before_fields, .meaning = "another error for early points"},
    {.key = "correlation",
     .type = CONFIG_NUMBER,
     .low = 0,
     .high = 1e4,
     .fallback = "0",
     .meaning = "years over which errors of neighbouring points are alike, exp(-years/this); 0: independent"},
    {0}};
static const struct config_field target_element = {.type = CONFIG_MAP, .fields = target_fields};

static const struct config_field bootstrap_fields[] = {
    {.key = "replicates",
     .type = CONFIG_INTEGER,
     .low = 10,
     .high = 10000,
     .fallback = "40",
     .meaning = "made-up data sets that are fitted again"},
    {.key = "block", .type = CONFIG_NUMBER, .low = 1, .high = 1000, .fallback = "30", .meaning = "years in a block"},
    {0}};

const struct config_field fit_fields[] = {
    {.key = "free",
     .type = CONFIG_LIST,
     .required = true,
     .element = &free_element,
     .max_length = 40,
     .meaning = "what is fitted"},
    {.key = "targets",
     .type = CONFIG_LIST,
     .required = true,
     .element = &target_element,
     .max_length = FIT_MAX_TARGETS,
     .meaning = "what it is fitted to"},
    {.key = "level",
     .type = CONFIG_CHOICE,
     .choices = level_words,
     .fallback = "free",
     .meaning = "whether the level that `solve` shoots at is fitted too"},
    {.key = "errors",
     .type = CONFIG_CHOICE,
     .choices = error_words,
     .fallback = "given",
     .meaning =
         "as the targets say; size and correlation of the errors estimated (AR(1)) and the fit weighted by that; "
         "or standard errors from resampled blocks of residuals"},
    {.key = "bootstrap", .type = CONFIG_MAP, .fields = bootstrap_fields, .meaning = "of errors: bootstrap"},
    {.key = "starts",
     .type = CONFIG_INTEGER,
     .low = 1,
     .high = 10000,
     .fallback = "8",
     .meaning = "searches: from the file's values, and from random ones between the bounds"},
    {.key = "hops",
     .type = CONFIG_INTEGER,
     .low = 0,
     .high = 10000,
     .fallback = "0",
     .meaning = "random hops from each of the best four, kept where they end lower"},
    {0}};
