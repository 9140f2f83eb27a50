/* gears scenario FILE: the file as it is after extends and --set. */
#include "growth/scenario.h"
#include "basin/experiment.h"
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

enum status command_scenario(const struct options *o, struct error *e)
{
    struct config *config = NULL;
    char kind[32];
    enum status status = config_kind(o->files[0], kind, sizeof kind, e);
    bool basin = strcmp(kind, "basin") == 0;
    if (!status)
        status = (basin ? experiment_read_config : scenario_read_config)(o->files[0], o->settings, o->n_settings,
                                                                         &config, e);
    if (!status)
        status = config_resolve_files(config, e);
    if (!status && o->json) {
        json_t *answer = answer_new(o, false);
        json_object_set_new(answer, "scenario", config_to_json(config));
        status = answer_print(answer, e);
    } else if (!status)
        status = config_write(config, stdout, e);
    config_free(config);
    return status;
}
