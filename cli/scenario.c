/* gears scenario FILE: the file as it is after extends and --set. */
#include "cli/commands.h"
#include "growth/scenario.h"

#include <stdio.h>

enum status command_scenario(const struct options *o, struct error *e)
{
    struct config *config = NULL;
    enum status status = scenario_read_config(o->files[0], o->settings, o->n_settings, &config, e);
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
