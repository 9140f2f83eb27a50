/* gears help [COMMAND | scenario-files] */
#include "base/text.h"
#include "cli/commands.h"
#include "growth/scenario.h"

#include <stdio.h>
#include <string.h>

static enum status list_commands(const struct options *o, struct error *e)
{
    if (o->json) {
        json_t *answer = answer_new(o, false), *list = json_array();
        for (const struct command *c = commands; c->name; c++) {
            json_t *one = json_object();
            json_object_set_new(one, "name", json_string(c->name));
            json_object_set_new(one, "arguments", json_string(c->arguments));
            json_object_set_new(one, "summary", json_string(c->summary));
            json_array_append_new(list, one);
        }
        json_object_set_new(answer, "commands", list);
        return answer_print(answer, e);
    }
    puts("gears: growth models with gears inside, from scenario files\n");
    struct table *t = table_new(NULL);
    table_add_column(t, "command", TABLE_LEFT);
    table_add_column(t, "what it does", TABLE_LEFT);
    for (const struct command *c = commands; c->name; c++) {
        table_add_row(t);
        table_add_cell(t, "gears %s %s", c->name, c->arguments);
        table_add_cell(t, "%s", c->summary);
    }
    print_table(t);
    puts("gears COMMAND --help shows the options of a command; gears help scenario-files, all that a scenario file may say.\n"
         "Exit codes: 0 done, 1 the run failed, 2 wrong usage, 3 bad input file, 4 computed but refused, 130 interrupted.");
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
        return list_commands(o, e);
    char name[80];
    snprintf(name, sizeof name, "%.36s%s%.36s", o->files[0], o->n_files > 1 ? " " : "", o->n_files > 1 ? o->files[1] : "");
    if (strcmp(name, "scenario-files") == 0) {
        config_write_reference(growth_schema, stdout);
        return STATUS_OK;
    }
    const char *names[64];
    size_t n = 0;
    for (const struct command *c = commands; c->name && n < 63; c++) {
        if (strcmp(c->name, name) == 0)
            show_options(c);
        names[n++] = c->name;
    }
    const char *near = text_nearest(name, names, n);
    return error_set(e, STATUS_USAGE, "unknown command '%s'%s%s%s; gears help lists the commands", name,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}
