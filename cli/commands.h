/* The commands; see commands.c for what they do. Each returns the exit status and fills *e when it is not 0. */
#ifndef GEARS_CLI_COMMANDS_H
#define GEARS_CLI_COMMANDS_H

#include "cli/cli.h"

enum status command_run(const struct options *o, struct error *e);
enum status command_growth_phases(const struct options *o, struct error *e);
enum status command_growth_compare(const struct options *o, struct error *e);
enum status command_growth_fit(const struct options *o, struct error *e);
enum status command_growth_baseline(const struct options *o, struct error *e);
enum status command_growth_identify(const struct options *o, struct error *e);
enum status command_growth_forecast(const struct options *o, struct error *e);
enum status command_growth_claims(const struct options *o, struct error *e);
enum status command_basin_train(const struct options *o, struct error *e);
enum status command_basin_analysis(const struct options *o, struct error *e);
enum status command_basin_relate(const struct options *o, struct error *e);
enum status command_models(const struct options *o, struct error *e);
enum status command_data(const struct options *o, struct error *e);
enum status command_scenario(const struct options *o, struct error *e);
enum status command_help(const struct options *o, struct error *e);

#endif
