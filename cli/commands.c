/* The table of commands: one line each. */
#include "cli/commands.h"

const struct command commands[] = {
    {"run", "FILE...", "Run scenario files and write their folders",
     "Each file's results go to out/NAME, or to DIR (DIR/NAME for several files): the series as CSV, figures, report.html and "
     "summary.json.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 1, 1000, command_run},
    {"growth phases", "FILE...", "Date the growth phases of scenarios and name what limits them",
     "With --out the run folder is written too, several files drawn over each other.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 1, 1000, command_growth_phases},
    {"growth compare", "FILE...", "Hold scenarios against the data they name",
     "With --out the run folder is written too, several files drawn over each other.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 1, 1000, command_growth_compare},
    {"models", "[NAME]", "List the growth models, or show one: equations, parameters, references", NULL, TAKES_JSON, 0, 1,
     command_models},
    {"data", "[NAME]", "List the data series, or show one: unit, source, licence, notes, values",
     "NAME is a shipped series, or a CSV file of yours.", TAKES_JSON, 0, 1, command_data},
    {"scenario", "FILE", "Print a scenario as it is after extends and --set", NULL, TAKES_JSON | TAKES_SET, 1, 1,
     command_scenario},
    {"help", "[COMMAND...]", "Show this list, the options of a command, or `scenario-files`: all that a file may say", NULL,
     TAKES_JSON, 0, 2, command_help},
    {0},
};
