/* gears help [COMMAND | growth | basin | scenario-files | experiment-files] */
#include "base/text.h"
#include "basin/experiment.h"
#include "cli/commands.h"
#include "growth/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *command_to_json(const struct command *c)
{
    json_t *one = json_object();
    json_object_set_new(one, "name", json_string(c->name));
    json_object_set_new(one, "arguments", json_string(c->arguments));
    json_object_set_new(one, "summary", json_string(c->summary));
    json_object_set_new(one, "details", json_string(c->details ? c->details : ""));
    json_object_set_new(one, "options", options_to_json(c));
    return one;
}

/* A JSON answer that holds `value` (consumed) under `key`. */
static enum status answer_with(const char *key, json_t *value, const struct options *o, struct error *e)
{
    json_t *answer = answer_new(o, false);
    json_object_set_new(answer, key, value);
    return answer_print(answer, e);
}

static enum status show_reference(const struct config_field *schema, const struct options *o, struct error *e)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = o->json ? open_memstream(&text, &length) : NULL;
    if (o->json && !stream)
        return error_memory(e);
    config_write_reference(schema, stream ? stream : stdout);
    if (!stream)
        return STATUS_OK;
    fclose(stream);
    enum status status = answer_with("markdown", json_stringn(text, length), o, e);
    free(text);
    return status;
}

/* Is it a command of this group ("growth")? "": all are. */
static bool is_in_group(const struct command *c, const char *group)
{
    size_t length = strlen(group);
    return !length || (strncmp(c->name, group, length) == 0 && c->name[length] == ' ');
}

static bool is_group(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (*name && is_in_group(c, name))
            return true;
    return false;
}

static enum status list_commands(const char *group, const struct options *o, struct error *e)
{
    if (o->json) {
        json_t *list = json_array();
        for (const struct command *c = commands; c->name; c++)
            if (is_in_group(c, group))
                json_array_append_new(list, command_to_json(c));
        return answer_with("commands", list, o, e);
    }
    if (!*group)
        puts("gears: models of growth and of loss basins with gears inside, from text files\n");
    struct table *t = table_new(NULL);
    table_add_column(t, "command", TABLE_LEFT);
    table_add_column(t, "what it does", TABLE_LEFT);
    for (const struct command *c = commands; c->name; c++) {
        if (!is_in_group(c, group))
            continue;
        table_add_row(t);
        table_add_cell(t, "gears %s %s", c->name, c->arguments);
        table_add_cell(t, "%s", c->summary);
    }
    print_table(t);
    puts("gears COMMAND --help shows the options of a command; gears help scenario-files and gears help "
         "experiment-files, all\n"
         "that the files may say. A FILE that is not there is looked for among the shipped ones: gears run "
         "five-phases.\n"
         "Exit codes: 0 done, 1 the run failed, 2 wrong usage, 3 bad input file, 4 computed but refused, 130 "
         "interrupted.");
    return STATUS_OK;
}

/* By asking the command itself: argp prints and ends the program. */
static void show_options(const struct command *c)
{
    struct options inner = {0};
    char *argv[] = {"gears", "--help", NULL};
    options_parse(&inner, c, 2, argv);
}

enum status command_help(const struct options *o, struct error *e)
{
    if (!o->n_files)
        return list_commands("", o, e);
    char name[80];
    snprintf(name, sizeof name, "%.36s%s%.36s", o->files[0], o->n_files > 1 ? " " : "",
             o->n_files > 1 ? o->files[1] : "");
    if (strcmp(name, "scenario-files") == 0)
        return show_reference(growth_schema, o, e);
    if (strcmp(name, "experiment-files") == 0)
        return show_reference(basin_schema, o, e);
    if (is_group(name))
        return list_commands(name, o, e);
    const char *names[64];
    size_t n = 0;
    for (const struct command *c = commands; c->name && n < 63; c++) {
        if (strcmp(c->name, name) == 0 && o->json)
            return answer_with("help_on", command_to_json(c), o, e);
        if (strcmp(c->name, name) == 0)
            show_options(c);
        names[n++] = c->name;
    }
    char near[80];
    return error_set(e, STATUS_USAGE, "unknown command '%s'%s (gears help lists the commands)", name,
                     text_did_you_mean(text_nearest(name, names, n), near, sizeof near));
}
