/* The table of commands: one line each. */
#include "cli/commands.h"

enum { BASIN_TAKES = TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET | TAKES_RETRAIN };
static const char BASIN_DETAILS[] = "Weights of an earlier training (out/NAME/weights.safetensors, or in DIR) are used "
                                    "again if the hash of network, data, loss, "
                                    "training and seed is the same.";

const struct command commands[] = {
    {"run", "FILE...", "Run scenario files and write their folders",
     "Each file's results go to out/NAME, or to DIR (DIR/NAME for several files): the series as CSV, figures, "
     "report.html and "
     "summary.json.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET | TAKES_RETRAIN, 1, 1000, command_run},
    {"growth phases", "FILE...", "Date the growth phases of scenarios and name what limits them",
     "With --out the run folder is written too, several files drawn over each other.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 1, 1000, command_growth_phases},
    {"growth compare", "FILE...", "Hold scenarios against the data they name",
     "With --out the run folder is written too, several files drawn over each other.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 1, 1000, command_growth_compare},
    {"growth fit", "FILE", "Fit a scenario to data: least squares in logarithms, errors, what is not identified",
     "FILE is a scenario with a fit block: what is free, what it is fitted to.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 1, 1, command_growth_fit},
    {"growth baseline", "[NAME...]", "Fit a published or standard extrapolation to a data series, and ask what it says",
     "Without NAME: the list of baselines. `hanson` means hanson-sum and hanson-ces, `all` every one. --series takes a "
     "shipped name (gears data) or a CSV file. With --out the run folder is written.",
     TAKES_JSON | TAKES_SERIES | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 0, 20, command_growth_baseline},
    {"growth identify", "FILE", "What the data say about the date of the onset: profile, bits, data stops, detection",
     "FILE is a scenario with a fit block (scenarios/fits/). With --out a folder is written too.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 1, 1, command_growth_identify},
    {"growth forecast", "FILE", "Futures from distributions over parameters: dates of the next phase, and what matters",
     "The block forecast of the file says what is uncertain. With --out a folder is written too: draws as CSV, "
     "figures, "
     "report.html, summary.json.",
     TAKES_JSON | TAKES_SET | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 1, 1, command_growth_forecast},
    {"growth claims", "", "Test claims about growth on the data: verdicts with numbers, and the pictures",
     "(a) the first world grew slower in recent decades than before; (b) output says next to nothing about when the "
     "next phase starts; (c) a power law is a bad fit for first-world output per head of the last 50 to 100 years; (d) "
     "the world series is not the technological leading edge. (b) and (c) take minutes. With --out the figures and a "
     "report are written there.",
     TAKES_JSON | TAKES_CLAIM | TAKES_OUT | TAKES_THREADS | TAKES_QUIET, 0, 0, command_growth_claims},
    {"basin train", "FILE", "Train an experiment's network to a minimum and keep the weights", BASIN_DETAILS,
     BASIN_TAKES, 1, 1, command_basin_train},
    {"basin audit", "FILE", "Ranks of G and H at a minimum, and where each lost dimension comes from", BASIN_DETAILS,
     BASIN_TAKES, 1, 1, command_basin_analysis},
    {"basin spectrum", "FILE", "Eigenvalues of the Hessian, singular values of G, widths of the basin", BASIN_DETAILS,
     BASIN_TAKES, 1, 1, command_basin_analysis},
    {"basin volume", "FILE", "Volume of the basin: closed forms and sampled estimates side by side, a bracket",
     BASIN_DETAILS, BASIN_TAKES, 1, 1, command_basin_analysis},
    {"basin segment", "FILE", "Cross-section of the basin x extent along its manifold, checked by walking",
     BASIN_DETAILS, BASIN_TAKES, 1, 1, command_basin_analysis},
    {"basin contour", "FILE", "Loss on planes through parameter space; behaviour surfaces of a three-parameter problem",
     BASIN_DETAILS, BASIN_TAKES, 1, 1, command_basin_analysis},
    {"basin relate", "FILE",
     "Many trained networks: what rank G, volumes and distance have to do with validation accuracy", BASIN_DETAILS,
     BASIN_TAKES, 1, 1, command_basin_relate},
    {"basin llc", "FILE", "Learning coefficient over the prior and at the point, by chains with their diagnostics",
     BASIN_DETAILS, BASIN_TAKES, 1, 1, command_basin_analysis},
    {"models", "[NAME]", "List the growth models, or show one: equations, parameters, references", NULL, TAKES_JSON, 0,
     1, command_models},
    {"data", "[NAME]", "List the data series, or show one: unit, source, licence, notes, values",
     "NAME is a shipped series, or a CSV file of yours.", TAKES_JSON, 0, 1, command_data},
    {"scenario", "FILE", "Print a scenario or experiment as it is after extends and --set", NULL,
     TAKES_JSON | TAKES_SET, 1, 1, command_scenario},
    {"help", "[COMMAND...]",
     "Show this list, the options of a command, or all that `scenario-files` or `experiment-files` may say", NULL,
     TAKES_JSON, 0, 2, command_help},
    {0},
};
