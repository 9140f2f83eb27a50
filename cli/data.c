/* gears data [NAME] */
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "data/series.h"

#include <stdio.h>
#include <string.h>

static json_t *series_to_json(const struct series *s, bool values)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(s->name));
    json_object_set_new(o, "title", json_string(s->title));
    json_object_set_new(o, "unit", json_string(s->unit));
    json_object_set_new(o, "points", json_integer((json_int_t)s->n));
    json_object_set_new(o, "from", s->n ? json_number_or_null(s->year[0]) : json_null());
    json_object_set_new(o, "to", s->n ? json_number_or_null(s->year[s->n - 1]) : json_null());
    if (!values)
        return o;
    json_object_set_new(o, "source", json_string(s->source));
    json_object_set_new(o, "licence", json_string(s->licence));
    json_object_set_new(o, "notes", json_string(s->notes));
    json_object_set_new(o, "year", json_numbers(s->year, s->n));
    json_object_set_new(o, "value", json_numbers(s->value, s->n));
    if (s->low && s->high) {
        json_object_set_new(o, "low", json_numbers(s->low, s->n));
        json_object_set_new(o, "high", json_numbers(s->high, s->n));
    }
    return o;
}

static void print_lines(const char *heading, const char *text)
{
    if (!text[0])
        return;
    printf("%s\n  ", heading);
    for (const char *c = text; *c; c++) {
        putchar(*c);
        if (*c == '\n' && c[1])
            fputs("  ", stdout);
    }
    putchar('\n');
}

static void print_values(const struct series *s)
{
    struct table *t = table_new(NULL);
    char text[40];
    table_add_column(t, "year", TABLE_RIGHT);
    table_add_column(t, "value", TABLE_RIGHT);
    if (s->low && s->high) {
        table_add_column(t, "low", TABLE_RIGHT);
        table_add_column(t, "high", TABLE_RIGHT);
    }
    for (size_t i = 0; i < s->n; i++) {
        table_add_row(t);
        table_add_cell(t, "%s", text_from_number(s->year[i], text, sizeof text));
        table_add_cell(t, "%s", text_from_number(s->value[i], text, sizeof text));
        if (s->low && s->high) {
            table_add_cell(t, "%s", text_from_number(s->low[i], text, sizeof text));
            table_add_cell(t, "%s", text_from_number(s->high[i], text, sizeof text));
        }
    }
    print_table(t);
}

static void print_series(const struct series *s)
{
    printf("%s: %s\n", s->name, s->title);
    print_lines("Unit", s->unit);
    print_lines("Source", s->source);
    print_lines("Licence", s->licence);
    print_lines("Notes", s->notes);
    print_lines("Same thing in other prices", s->reference);
    putchar('\n');
    print_values(s);
}

/* One line of the list, as text or JSON. */
static void list_one(const struct series *s, struct table *t, json_t *list)
{
    char from[40], to[40];
    if (list) {
        json_array_append_new(list, series_to_json(s, false));
        return;
    }
    table_add_row(t);
    table_add_cell(t, "%s", s->name);
    table_add_cell(t, "%zu", s->n);
    table_add_cell(t, "%s", text_from_year(s->year[0], 0, from, sizeof from));
    table_add_cell(t, "%s", text_from_year(s->year[s->n - 1], 0, to, sizeof to));
    table_add_cell(t, "%s", s->unit);
    table_add_cell(t, "%s", s->title);
}

static enum status list_series(const struct options *o, struct error *e)
{
    char **names;
    size_t n;
    enum status status = series_names(&names, &n, e);
    if (status)
        return status;
    json_t *list = o->json ? json_array() : NULL;
    struct table *t = table_new(NULL);
    static const char *const headings[] = {"series", "points", "from", "to", "unit", "what it is"};
    for (size_t i = 0; i < 6; i++)
        table_add_column(t, headings[i], i == 0 || i > 3 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < n && !status; i++) {
        struct series s;
        status = series_load(names[i], &s, e);
        if (!status)
            list_one(&s, t, list);
        series_clear(&s);
    }
    series_names_free(names);
    if (status || o->json) {
        table_free(t);
        json_t *answer = answer_new(o, false);
        json_object_set_new(answer, "series", list ? list : json_array());
        if (!status)
            return answer_print(answer, e);
        json_decref(answer);
        return status;
    }
    print_table(t);
    puts("gears data NAME shows one with its source, licence and values.");
    return STATUS_OK;
}

/* A name that looks like a path is a file of the user's. */
static bool is_path(const char *name)
{
    size_t length = strlen(name);
    return strchr(name, '/') || (length > 4 && strcmp(name + length - 4, ".csv") == 0);
}

enum status command_data(const struct options *o, struct error *e)
{
    if (!o->n_files)
        return list_series(o, e);
    struct series s = {0};
    enum status status = is_path(o->files[0]) ? series_read(o->files[0], &s, e) : series_load(o->files[0], &s, e);
    if (status == STATUS_BAD_INPUT && e && !e->file[0]) /* no file is to blame, only the name */
        status = e->status = STATUS_USAGE;
    if (!status && o->json) {
        json_t *answer = answer_new(o, false);
        json_object_set_new(answer, "series", series_to_json(&s, true));
        status = answer_print(answer, e);
    } else if (!status)
        print_series(&s);
    series_clear(&s);
    return status;
}
