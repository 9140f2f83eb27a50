/* Everything a growth scenario file may say. */
#include "growth/fit/file.h"
#include "growth/forecast/forecast.h"
#include "growth/identify/identify.h"
#include "growth/scenario.h"

static const char *const kinds[] = {"growth", NULL};
static const char *const steady_words[] = {"steady_state", NULL};
static const char *const auto_words[] = {"auto", NULL};
static const char *const methods[] = {"bdf", "adams", NULL};
const char *const growth_figure_words[] = {"levels",     "growth", "shares", "growth_against_output",
                                           "population", "income", NULL};

static const struct config_field solve_fields[] = {
    {.key = "parameter",
     .type = CONFIG_STRING,
     .required = true,
     .meaning = "the parameter to find; its value is the first guess"},
    {.key = "variable", .type = CONFIG_STRING, .required = true, .meaning = "a state or output of the model"},
    {.key = "at", .type = CONFIG_YEAR, .required = true, .meaning = "the date"},
    {.key = "value",
     .type = CONFIG_NUMBER,
     .required = true,
     .low = 1e-300,
     .high = 1e300,
     .meaning = "the level at that date, in the variable's unit"},
    {0}};

static const struct config_field time_fields[] = {
    {.key = "from", .type = CONFIG_YEAR, .required = true, .meaning = "start of the run"},
    {.key = "to", .type = CONFIG_YEAR, .required = true, .meaning = "end of the run, unless it blows up before"},
    {.key = "output",
     .type = CONFIG_NUMBER_OR_WORD,
     .choices = auto_words,
     .low = 1e-6,
     .high = 1e6,
     .fallback = "auto",
     .meaning = "years between rows of series.csv; changes no result"},
    {0}};

static const struct config_field solver_fields[] = {
    {.key = "method",
     .type = CONFIG_CHOICE,
     .choices = methods,
     .fallback = "bdf",
     .meaning = "stiff (bdf) or non-stiff (adams) steps"},
    {.key = "rtol",
     .type = CONFIG_NUMBER,
     .low = 1e-13,
     .high = 1e-2,
     .fallback = "1e-9",
     .meaning = "relative error of every level per step"},
    {.key = "atol",
     .type = CONFIG_NUMBER,
     .low = 0,
     .high = 1e-2,
     .fallback = "0",
     .meaning = "added to rtol (states are logarithms: an absolute error there is a relative error of the level)"},
    {.key = "max_steps",
     .type = CONFIG_INTEGER,
     .low = 1,
     .high = 1e9,
     .fallback = "1000000",
     .meaning = "limit on internal steps"},
    {.key = "max_seconds", .type = CONFIG_NUMBER, .low = 1e-3, .high = 1e6, .meaning = "limit on wall clock time"},
    {0}};

static const struct config_field compare_fields[] = {
    {.key = "series", .type = CONFIG_STRING, .meaning = "a shipped series (gears data lists them); this or file"},
    {.key = "file", .type = CONFIG_FILE, .meaning = "a CSV file of yours, relative to this file; this or series"},
    {.key = "variable", .type = CONFIG_STRING, .required = true, .meaning = "the state or output to hold against it"},
    {.key = "unit",
     .type = CONFIG_STRING,
     .meaning = "unit of the values, where the file does not say or says it wrong"},
    {.key = "from", .type = CONFIG_YEAR, .meaning = "first year that counts"},
    {.key = "to", .type = CONFIG_YEAR, .meaning = "last year that counts"},
    {.key = "score", .type = CONFIG_BOOLEAN, .fallback = "true", .meaning = "false: print the misses, no rms error"},
    {.key = "match", .type = CONFIG_YEAR, .fallback = "1950", .meaning = "year at which another price base is matched"},
    {0}};
static const struct config_field compare_element = {.type = CONFIG_MAP, .fields = compare_fields};

static const struct config_field ramp_fields[] = {
    {.key = "from", .type = CONFIG_YEAR, .required = true, .meaning = "until then the parameter keeps its value"},
    {.key = "to", .type = CONFIG_YEAR, .required = true, .meaning = "from then on it has the new one"},
    {0}};
static const struct config_field intervention_fields[] = {
    {.key = "parameter", .type = CONFIG_STRING, .required = true, .meaning = "what changes"},
    {.key = "ramp",
     .type = CONFIG_MAP,
     .required = true,
     .fields = ramp_fields,
     .meaning = "when: a smooth change between two dates"},
    {.key = "factor", .type = CONFIG_NUMBER, .low = 0, .high = 1e12, .meaning = "new value over old; this or value"},
    {.key = "value", .type = CONFIG_NUMBER, .meaning = "new value; this or factor"},
    {0}};
static const struct config_field intervention_element = {.type = CONFIG_MAP, .fields = intervention_fields};

static const struct config_field figure_element = {.type = CONFIG_CHOICE, .choices = growth_figure_words};

static const struct config_field phases_fields[] = {
    {.key = "contrast",
     .type = CONFIG_NUMBER,
     .low = 1.01,
     .high = 100,
     .fallback = "1.35",
     .meaning = "factor by which growth must differ to count as another phase"},
    {0}};

static const struct config_field run_fields[] = {
    {.key = "name", .type = CONFIG_STRING, .required = true, .meaning = "name of the run, in tables and legends"},
    {.key = "set", .type = CONFIG_SETTINGS, .meaning = "what differs from the rest of the file"},
    {0}};
static const struct config_field run_element = {.type = CONFIG_MAP, .fields = run_fields};

const struct config_field growth_schema[] = {
    {.key = "kind", .type = CONFIG_CHOICE, .choices = kinds, .required = true, .meaning = "what kind of file this is"},
    {.key = "title", .type = CONFIG_STRING, .meaning = "one line for tables and pages"},
    {.key = "model", .type = CONFIG_STRING, .required = true, .meaning = "gears models lists them"},
    {.key = "parameters",
     .type = CONFIG_NUMBERS,
     .meaning = "where they differ from the model's defaults (gears models NAME)"},
    {.key = "initial",
     .type = CONFIG_NUMBERS_OR_WORD,
     .choices = steady_words,
     .fallback = "steady_state where the model has one",
     .meaning = "levels of the states at the start; states not named keep the steady state's or the model's own"},
    {.key = "solve",
     .type = CONFIG_MAP,
     .fields = solve_fields,
     .meaning = "find one parameter so that a variable has a level at a date"},
    {.key = "time",
     .type = CONFIG_MAP,
     .required = true,
     .fields = time_fields,
     .meaning = "years as decimals or 10000 BCE"},
    {.key = "solver", .type = CONFIG_MAP, .fields = solver_fields, .meaning = "tolerances and limits"},
    {.key = "compare",
     .type = CONFIG_LIST,
     .element = &compare_element,
     .max_length = 24,
     .meaning = "data to hold the run against"},
    {.key = "interventions",
     .type = CONFIG_LIST,
     .element = &intervention_element,
     .max_length = SIMULATION_MAX_INTERVENTIONS,
     .meaning = "parameters that change at dates; without them the system is autonomous"},
    {.key = "figures",
     .type = CONFIG_LIST,
     .element = &figure_element,
     .max_length = N_GROWTH_FIGURES,
     .fallback = "all",
     .meaning = "which figures to draw"},
    {.key = "forecast",
     .type = CONFIG_MAP,
     .fields = forecast_fields,
     .meaning = "distributions over parameters (gears growth forecast)"},
    {.key = "identify",
     .type = CONFIG_MAP,
     .fields = identify_fields,
     .meaning = "how gears growth identify asks for the date of an onset (in a file with fit)"},
    {.key = "phases", .type = CONFIG_MAP, .fields = phases_fields, .meaning = "how phases are told apart"},
    {.key = "fit", .type = CONFIG_MAP, .fields = fit_fields, .meaning = "what gears growth fit fits, and to what"},
    {.key = "runs",
     .type = CONFIG_LIST,
     .element = &run_element,
     .max_length = 12,
     .meaning = "several runs of this file, drawn together"},
    {0}};
