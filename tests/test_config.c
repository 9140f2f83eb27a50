/* config/ */
#include "config/config.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A table with every type in it. */
static const char *const kinds[] = {"growth", "basin", NULL}, *const methods[] = {"bdf", "adams", NULL},
                         *const automatic[] = {"auto", NULL}, *const starts[] = {"steady_state", NULL};
static const struct config_field text_element = {.type = CONFIG_STRING, .meaning = "a text"};
static const struct config_field time_fields[] = {
    {.key = "from", .type = CONFIG_YEAR, .required = true, .meaning = "first date"},
    {.key = "to", .type = CONFIG_YEAR, .fallback = "2100", .meaning = "last date"},
    {.key = "output",
     .type = CONFIG_NUMBER_OR_WORD,
     .low = 0.001,
     .high = INFINITY,
     .choices = automatic,
     .meaning = "step"},
    {0}};
static const struct config_field solver_fields[] = {
    {.key = "method", .type = CONFIG_CHOICE, .choices = methods, .meaning = "method"},
    {.key = "rtol", .type = CONFIG_NUMBER, .low = 1e-14, .high = 0.01, .meaning = "tolerance"},
    {.key = "steps", .type = CONFIG_INTEGER, .low = 1, .high = 1e9, .meaning = "most steps"},
    {.key = "offset", .type = CONFIG_NUMBER, .low = -INFINITY, .high = 5, .meaning = "offset"},
    {.key = "exact", .type = CONFIG_BOOLEAN, .meaning = "exact or not"},
    {0}};
static const struct config_field run_fields[] = {
    {.key = "name", .type = CONFIG_STRING, .required = true, .meaning = "name of the run"},
    {.key = "set", .type = CONFIG_SETTINGS, .meaning = "what differs"},
    {0}};
static const struct config_field run_element = {.type = CONFIG_MAP, .fields = run_fields, .meaning = "a run"};
static const struct config_field fields[] = {
    {.key = "kind", .type = CONFIG_CHOICE, .choices = kinds, .required = true, .meaning = "what the file is"},
    {.key = "model", .type = CONFIG_STRING, .meaning = "name of a model"},
    {.key = "parameters", .type = CONFIG_NUMBERS, .meaning = "parameters of the model"},
    {.key = "initial", .type = CONFIG_NUMBERS_OR_WORD, .choices = starts, .meaning = "where it starts"},
    {.key = "time", .type = CONFIG_MAP, .fields = time_fields, .meaning = "span"},
    {.key = "solver", .type = CONFIG_MAP, .fields = solver_fields, .meaning = "tolerances"},
    {.key = "figures", .type = CONFIG_LIST, .element = &text_element, .max_length = 4, .meaning = "figures"},
    {.key = "runs", .type = CONFIG_LIST, .element = &run_element, .meaning = "variants"},
    {0}};

static char folder[TESTING_PATH], path[TESTING_PATH];

static enum status read_settings(const char *text, const char *const *settings, size_t n, struct config **out,
                                 struct error *e)
{
    memset(e, 0, sizeof *e);
    return config_read_text(text, strlen(text), "my.yaml", fields, settings, n, out, e);
}

static struct config *read_good(const char *text)
{
    struct config *c;
    struct error e;
    char line[2048];
    enum status status = read_settings(text, NULL, 0, &c, &e);
    ck_assert_msg(status == STATUS_OK, "%s", error_format(&e, line, sizeof line));
    return c;
}

static const char *text_at(const struct config *c, const char *where)
{
    return config_text(config_get(config_root(c), where), NULL);
}

static double number_at(const struct config *c, const char *where)
{
    return config_number(config_get(config_root(c), where), NAN);
}

static const char whole[] = "kind: growth\n"
                            "model: stpk   # a comment\n"
                            "parameters: {capital_share: 0.256, rate: -1.5e-3}\n"
                            "initial:\n"
                            "  S: 1\n"
                            "  T: 2\n"
                            "time: {from: 10000 BCE, to: 2150, output: auto}\n"
                            "solver:\n"
                            "  method: bdf\n"
                            "  steps: 5e3\n"
                            "  exact: true\n"
                            "figures: [levels, \"growth: rates\", '50']\n"
                            "runs:\n"
                            "  - name: base\n"
                            "  - {name: frugal, set: {parameters.rate: 24, \"figures[0]\": shares}}\n";

START_TEST(values_of_every_type_are_read)
{
    struct config *c = read_good(whole);
    const struct config_node *root = config_root(c);
    ck_assert_str_eq(text_at(c, "kind"), "growth");
    ck_assert_str_eq(text_at(c, "model"), "stpk");
    ck_assert_double_eq(number_at(c, "parameters.rate"), -1.5e-3);
    ck_assert_double_eq(number_at(c, "initial.T"), 2);
    ck_assert_double_eq(number_at(c, "time.from"), -10000);
    ck_assert_double_eq(config_number(config_get(root, "time.output"), 7), 7);
    ck_assert_str_eq(text_at(c, "time.output"), "auto");
    ck_assert_int_eq(config_integer(config_get(root, "solver.steps"), 0), 5000);
    ck_assert(config_boolean(config_get(root, "solver.exact"), false));
    ck_assert_str_eq(text_at(c, "figures[1]"), "growth: rates");
    ck_assert_str_eq(text_at(c, "figures[2]"), "50");
    ck_assert_str_eq(text_at(c, "runs[1].name"), "frugal");
    ck_assert_uint_eq(config_length(root), 8);
    ck_assert_str_eq(config_key(root, 4), "time");
    ck_assert_ptr_eq(config_item(root, 4), config_get(root, "time"));
    ck_assert_str_eq(config_node_file(config_get(root, "runs[1].name")), "my.yaml");
    config_free(c);
}
END_TEST

START_TEST(what_is_absent_gives_the_fallback)
{
    struct config *c = read_good("kind: basin\nfigures: []\n");
    const struct config_node *root = config_root(c);
    static const char *const nowhere[] = {"model",
                                          "time.from",
                                          "figures[0]",
                                          "kind.x",
                                          "kind[0]",
                                          "figures.x",
                                          "[0]",
                                          "..",
                                          "kind.",
                                          "figures[x]",
                                          "figures[-1]",
                                          "figures[0",
                                          "figures[99999999999999999999]"};
    for (size_t i = 0; i < COUNT(nowhere); i++)
        ck_assert_msg(config_get(root, nowhere[i]) == NULL, "%s", nowhere[i]);
    ck_assert_str_eq(config_text(NULL, "x"), "x");
    ck_assert_double_eq(config_number(NULL, 1.5), 1.5);
    ck_assert_int_eq(config_integer(NULL, -3), -3);
    ck_assert(config_boolean(NULL, true));
    ck_assert_str_eq(config_text(root, "a map is no text"), "a map is no text");
    ck_assert_uint_eq(config_length(NULL), 0);
    ck_assert_ptr_null(config_item(root, 9));
    ck_assert_ptr_null(config_key(root, 9));
    ck_assert(!config_is_scalar(root));
    ck_assert(!config_is_scalar(NULL));
    config_free(c);
    config_free(NULL);
}
END_TEST

START_TEST(line_ends_and_byte_order_mark_do_not_matter)
{
    static const char *const variants[] = {
        "kind: growth\r\nmodel: stpk\r\nsolver:\r\n  rtol: 1e-9\r\n",
        "\xef\xbb\xbfkind: growth\nmodel: stpk\nsolver:\n  rtol: 1e-9\n",
        "\xef\xbb\xbfkind: growth\r\nmodel: stpk\r\nsolver: {rtol: 1e-9}",
        "---\nkind: growth\nmodel: stpk\nsolver: {rtol: 1e-9}\n...\n",
        "%YAML 1.2\n---\nkind: growth\nmodel: \"stpk\"\nsolver: {\"rtol\": 1e-9}\n",
    };
    struct config *c = read_good(variants[_i]);
    ck_assert_str_eq(text_at(c, "model"), "stpk");
    ck_assert_double_eq(number_at(c, "solver.rtol"), 1e-9);
    config_free(c);
}
END_TEST

START_TEST(locale_does_not_matter)
{
    testing_use_comma_locale();
    struct config *c = read_good("kind: growth\nsolver: {rtol: 0.0005}\n");
    ck_assert_double_eq(number_at(c, "solver.rtol"), 0.0005);
    config_free(c);
}
END_TEST

/* --- complaints -------------------------------------------------------------------------------------------------- */

/* Each with its place, what was found, what is allowed. */
static const struct {
    const char *text;
    int line, column;
    const char *says[3];
} complaints[] = {
    /* keys */
    {"kind: growth\nmodell: x\n", 2, 1, {"unknown key 'modell'", "did you mean 'model'?", "allowed: kind, model"}},
    {"kind: growth\nextend: x\n", 2, 1, {"unknown key 'extend'", "did you mean 'extends'?"}},
    {"kind: growth\ntime: {from: 1, til: 2}\n", 2, 17, {"unknown key 'til' in time", "from, to, output"}},
    {"kind: growth\nruns:\n  - name: a\n  - name: b\n    sets: {}\n",
     5,
     5,
     {"unknown key 'sets' in runs[1]", "did you mean 'set'?"}},
    {"kind: growth\nkind: basin\n", 2, 1, {"duplicate key 'kind'", "line 1"}},
    {"kind: growth\nsolver:\n  rtol: 1e-3\n  rtol: 1e-3\n", 4, 3, {"duplicate key 'rtol'", "line 3"}},
    {"kind: growth\nsolver: {rtol: 1e-3, \"rtol\": 1e-3}\n", 2, 22, {"duplicate key 'rtol'"}},
    {"model: stpk\n", 1, 1, {"'kind' is missing"}},
    {"kind: growth\ntime:\n  to: 1\n", 3, 3, {"time: 'from' is missing", "first date"}},
    {"kind: growth\nruns: [{name: a}, {set: {}}]\n", 2, 19, {"runs[1]", "'name' is missing"}},
    {"kind: growth\n? [a, b]\n: 1\n", 2, 3, {"a key must be a plain word"}},
    {"kind: growth\n{a: b}: 1\n", 2, 1, {"a key must be a plain word"}},
    /* types */
    {"kind: growth\nsolver: {rtol: 0.5abc}\n", 2, 16, {"solver.rtol", "expected a number", "'0.5abc'"}},
    {"kind: growth\nsolver: {rtol: \"1e-3\"}\n", 2, 16, {"expected a number", "the text \"1e-3\""}},
    {"kind: growth\nsolver: {rtol: 0,001}\n", 2, 16, {"0 is out of range"}},
    {"kind: growth\nsolver:\n  rtol: 0x1\n", 3, 9, {"expected a number"}},
    {"kind: growth\nsolver:\n  rtol: .inf\n", 3, 9, {"expected a number"}},
    {"kind: growth\nsolver:\n  rtol: nan\n", 3, 9, {"expected a number"}},
    {"kind: growth\nsolver:\n  rtol: [1]\n", 3, 9, {"expected a number", "found a list"}},
    {"kind: growth\nsolver:\n  rtol: 1999 BCE\n", 3, 9, {"expected a number"}},
    {"kind: growth\nsolver:\n  rtol:\n", 3, 3, {"solver.rtol", "expected a number", "found nothing"}},
    {"kind: growth\nfigures:\n  -\n  - a\n", 3, 0, {"figures[0]", "found nothing"}},
    {"kind: growth\nsolver: {\"rtol\": }\n", 2, 10, {"found nothing"}},
    {"kind: growth\nmodel:\n", 2, 1, {"model", "expected a text", "found nothing"}},
    {"kind: growth\nmodel: {a: 1}\n", 2, 8, {"expected a text", "found a map"}},
    {"kind: growth\nsolver: {steps: 1.5}\n", 2, 17, {"expected a whole number", "'1.5'"}},
    {"kind: growth\nsolver: {exact: yes}\n", 2, 17, {"true or false", "'yes'"}},
    {"kind: growth\nsolver: {exact: True}\n", 2, 17, {"true or false"}},
    {"kind: growth\nsolver: {exact: \"true\"}\n", 2, 17, {"true or false", "the text"}},
    {"kind: growth\nsolver: {method: bfd}\n", 2, 18, {"bdf, adams", "'bfd'", "did you mean 'bdf'"}},
    {"kind: growht\n", 1, 7, {"growth, basin", "did you mean 'growth'"}},
    {"kind: [growth]\n", 1, 7, {"growth, basin", "found a list"}},
    {"kind: growth\ntime: {from: soon}\n", 2, 14, {"expected a year", "10000 BCE", "'soon'"}},
    {"kind: growth\ntime: {from: 12 BCX}\n", 2, 14, {"expected a year"}},
    {"kind: growth\ntime: {from: 1, output: autom}\n", 2, 25, {"a number or one of: auto", "'autom'"}},
    {"kind: growth\ntime: [1, 2]\n", 2, 7, {"time: expected a map", "found a list"}},
    {"kind: growth\nparameters: {rho: -4, mu: high}\n", 2, 27, {"parameters.mu", "expected a number", "'high'"}},
    {"kind: growth\nparameters: [1]\n", 2, 13, {"a map of names to numbers", "found a list"}},
    {"kind: growth\ninitial: steady\n", 2, 10, {"a map of names to numbers or one of: steady_state", "'steady'"}},
    {"kind: growth\nfigures: levels\n", 2, 10, {"figures: expected a list", "'levels'"}},
    {"kind: growth\nfigures: [a, [b]]\n", 2, 14, {"figures[1]", "expected a text", "found a list"}},
    {"kind: growth\nfigures: [a, b, c, d, e]\n", 2, 10, {"5 entries", "at most 4"}},
    {"kind: growth\nruns: [{name: a, set: 5}]\n", 2, 23, {"runs[0].set", "a map of paths to values"}},
    {"- kind\n- growth\n", 1, 1, {"expected a map", "found a list"}},
    {"growth\n", 1, 1, {"expected a map", "'growth'"}},
    /* ranges */
    {"kind: growth\nsolver: {rtol: 0.02}\n", 2, 16, {"solver.rtol", "0.02 is out of range", "1e-14 to 0.01"}},
    {"kind: growth\nsolver: {steps: 0}\n", 2, 17, {"out of range", "1 to 1e+09"}},
    {"kind: growth\nsolver: {steps: 1e300}\n", 2, 17, {"whole number"}},
    {"kind: growth\nsolver: {offset: 6}\n", 2, 18, {"at most 5"}},
    {"kind: growth\ntime: {from: 1, output: -1}\n", 2, 25, {"out of range", "at least 0.001"}},
    /* YAML that is not wanted */
    {"kind: &k growth\n", 1, 7, {"anchors"}},
    {"kind: growth\nmodel: *k\n", 2, 8, {"aliases"}},
    {"kind: growth\nsolver: &s {rtol: 1e-3}\n", 2, 9, {"anchors"}},
    {"kind: growth\nfigures: &f [a]\n", 2, 10, {"anchors"}},
    {"kind: growth\nsolver:\n  <<: *s\n", 3, 3, {"merge keys"}},
    {"kind: !!str growth\n", 1, 7, {"tags"}},
    {"kind: growth\nsolver: !map {rtol: 1e-3}\n", 2, 9, {"tags"}},
    {"kind: growth\nfigures: !x [a]\n", 2, 10, {"tags"}},
    {"kind: growth\n---\nkind: basin\n", 2, 1, {"second document"}},
    {"kind: growth\nmodel: \"a\\0b\"\n", 2, 8, {"zero character"}},
    /* YAML that is broken */
    {"kind: growth\nsolver: {rtol: 1e-3\n", 0, 0, {"YAML"}},
    {"kind: growth\nfigures: [a, b\nmodel: x\n", 0, 0, {"YAML"}},
    {"kind: growth\nmodel: \"stpk\n", 0, 0, {"YAML"}},
    {"kind: growth\nfigures: ]\n", 2, 0, {"YAML"}},
    {"kind: growth\n\tmodel: x\n", 0, 0, {"YAML"}},
    {"kind: growth\n  model: x\n", 0, 0, {"YAML"}},
    {"kind: growth\nmodel: a: b\n", 2, 0, {"YAML"}},
    {"kind: growth\nmodel: @x\n", 2, 0, {"YAML"}},
    /* not text */
    {"kind: growth\nmodel: caf\xe9\n", 2, 11, {"0xe9 is not UTF-8"}},
    {"kind: growth\nmodel: \xc3\xa9\xc3\xa9 \xc3(\n", 2, 11, {"0xc3 is not UTF-8"}},
    {"kind: growth\nmodel: \xc0\xaf\n", 2, 8, {"not UTF-8"}},
    {"kind: growth\nmodel: \xe0\x80\x80\n", 2, 8, {"not UTF-8"}},
    {"kind: growth\nmodel: \xed\xa0\x80\n", 2, 8, {"not UTF-8"}},
    {"kind: growth\nmodel: \xf4\x90\x80\x80\n", 2, 8, {"not UTF-8"}},
    {"kind: growth\nmodel: \xe2\x82", 2, 8, {"not UTF-8"}},
    {"\xff\xfek\x01", 1, 1, {"0xff is not UTF-8"}},
    {"kind: growth\nmodel: a\x1b[2J\n", 2, 9, {"control character 0x1b"}},
    {"kind: growth\nmodel: a\x7f\n", 2, 9, {"control character 0x7f"}},
    {"", 1, 1, {"holds nothing"}},
    {"# only a comment\n", 1, 1, {"holds nothing"}},
    {"---\n...\n", 1, 1, {"holds nothing"}},
};

START_TEST(complaint_has_a_place_and_says_what)
{
    struct config *c;
    struct error e;
    char line[2048];
    const char *text = complaints[_i].text;
    ck_assert_msg(read_settings(text, NULL, 0, &c, &e) == STATUS_BAD_INPUT, "taken: %s", text);
    ck_assert_ptr_null(c);
    error_format(&e, line, sizeof line);
    ck_assert_str_eq(e.file, "my.yaml");
    ck_assert_int_eq(e.status, STATUS_BAD_INPUT);
    if (complaints[_i].line) /* 0: wherever libfyaml noticed, but somewhere */
        ck_assert_msg(e.line == complaints[_i].line, "%s: expected line %d", line, complaints[_i].line);
    if (complaints[_i].column)
        ck_assert_msg(e.column == complaints[_i].column, "%s: expected column %d", line, complaints[_i].column);
    ck_assert_msg(e.line >= 1 && e.column >= 1, "%s", line);
    for (size_t i = 0; i < 3 && complaints[_i].says[i]; i++)
        ck_assert_msg(strstr(e.message, complaints[_i].says[i]) != NULL, "%s: expected '%s'", line,
                      complaints[_i].says[i]);
}
END_TEST

START_TEST(complaints_count_characters_and_lines_in_every_encoding)
{
    static const char *const variants[] = {
        "\xef\xbb\xbfkind: growth\nmodel: x\nsolver: {rtol: z}\n",
        "kind: growth\r\nmodel: x\r\nsolver: {rtol: z}\r\n",
        "# \xc3\xa9\xe2\x82\xac\nkind: growth\nsolver: {rtol: z}\n",
    };
    struct config *c;
    struct error e;
    ck_assert_int_eq(read_settings(variants[_i], NULL, 0, &c, &e), STATUS_BAD_INPUT);
    ck_assert_int_eq(e.line, 3);
    ck_assert_int_eq(e.column, 16);
}
END_TEST

START_TEST(byte_order_mark_is_no_column)
{
    struct config *c;
    struct error e;
    ck_assert_int_eq(read_settings("\xef\xbb\xbfkind: x\n", NULL, 0, &c, &e), STATUS_BAD_INPUT);
    ck_assert_int_eq(e.line, 1);
    ck_assert_int_eq(e.column, 7);
}
END_TEST

/* "model: [[[...": with the map around them, `depth` containers in all. */
static enum status read_nested(size_t depth, bool closed, struct error *e)
{
    static const char head[] = "kind: growth\nmodel: ";
    struct config *c = NULL;
    size_t n = depth - 1, length = sizeof head - 1;
    char *text = malloc(length + 2 * n + 2);
    memcpy(text, head, length);
    memset(text + length, '[', n);
    memset(text + length + n, ']', n);
    length += closed ? 2 * n : n;
    enum status status = config_read_text(text, length, "my.yaml", fields, NULL, 0, &c, e);
    ck_assert_ptr_null(c);
    free(text);
    return status;
}

START_TEST(depth_is_limited)
{
    struct error e;
    ck_assert_int_eq(read_nested(32, true, &e), STATUS_BAD_INPUT);
    ck_assert_msg(strstr(e.message, "expected a text, found a list") != NULL, "%s", e.message);
    ck_assert_int_eq(read_nested(33, true, &e), STATUS_BAD_INPUT);
    ck_assert_msg(strstr(e.message, "32 levels") != NULL, "%s", e.message);
    ck_assert_int_eq(e.line, 2);
    ck_assert_int_eq(e.column, 8 + 31);
    ck_assert_int_eq(read_nested(500000, false, &e), STATUS_BAD_INPUT);
    ck_assert_msg(strstr(e.message, "32 levels") != NULL, "%s", e.message);
}
END_TEST

START_TEST(size_is_limited)
{
    size_t limit = 1 << 20;
    struct config *c;
    struct error e;
    char *text = malloc(limit + 2);
    memset(text, '#', limit + 1);
    memcpy(text, "kind: growth\n#", 14);
    text[limit + 1] = 0;
    ck_assert_int_eq(config_read_text(text, limit, "my.yaml", fields, NULL, 0, &c, &e), STATUS_OK);
    config_free(c);
    ck_assert_int_eq(config_read_text(text, limit + 1, "my.yaml", fields, NULL, 0, &c, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "1024 KiB"));
    testing_write_bytes(testing_path(path, testing_folder(folder), "big.yaml"), text, limit + 1);
    ck_assert_int_eq(config_read(path, fields, NULL, 0, &c, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.file, path);
    ck_assert_ptr_nonnull(strstr(e.message, "1024 KiB"));
    free(text);
}
END_TEST

START_TEST(unreadable_files_say_why)
{
    struct config *c;
    struct error e;
    char kind[20];
    ck_assert_int_eq(config_read(testing_path(path, testing_folder(folder), "absent.yaml"), fields, NULL, 0, &c, &e),
                     STATUS_BAD_INPUT);
    ck_assert_str_eq(e.file, path);
    ck_assert_ptr_nonnull(strstr(e.message, "No such file"));
    ck_assert_int_eq(config_read(folder, fields, NULL, 0, &c, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "folder"));
    ck_assert_int_eq(config_kind(folder, kind, sizeof kind, &e), STATUS_BAD_INPUT);
}
END_TEST

/* --- extends ----------------------------------------------------------------------------------------------------- */

static void write_file(const char *name, const char *text)
{
    char file[TESTING_PATH];
    testing_write(testing_path(file, folder, name), text);
}

static enum status read_file(const char *name, struct config **out, struct error *e)
{
    memset(e, 0, sizeof *e);
    return config_read(testing_path(path, folder, name), fields, NULL, 0, out, e);
}

START_TEST(extending_lays_maps_over_maps_and_replaces_the_rest)
{
    struct config *c;
    struct error e = {0};
    testing_folder(folder);
    write_file("base.yaml",
               "kind: growth\nmodel: stpk\nparameters: {a: 1, b: 2}\ntime: {from: 1, to: 2}\nfigures: [x, y, z]\n"
               "initial: {S: 1}\n");
    write_file("mine.yaml",
               "extends: base.yaml\nparameters: {b: 3, c: 4}\ntime: {to: 5}\nfigures: [w]\ninitial: steady_state\n");
    ck_assert_msg(read_file("mine.yaml", &c, &e) == STATUS_OK, "%s", e.message);
    ck_assert_str_eq(text_at(c, "model"), "stpk");
    ck_assert_double_eq(number_at(c, "parameters.a"), 1);
    ck_assert_double_eq(number_at(c, "parameters.b"), 3);
    ck_assert_double_eq(number_at(c, "parameters.c"), 4);
    ck_assert_double_eq(number_at(c, "time.from"), 1);
    ck_assert_double_eq(number_at(c, "time.to"), 5);
    ck_assert_uint_eq(config_length(config_get(config_root(c), "figures")), 1);
    ck_assert_str_eq(text_at(c, "initial"), "steady_state");
    ck_assert_ptr_null(text_at(c, "extends"));
    /* each value knows its own file */
    ck_assert_str_eq(config_node_file(config_get(config_root(c), "parameters.b")), path);
    ck_assert_str_eq(config_node_file(config_get(config_root(c), "parameters.a")),
                     testing_path(path, folder, "base.yaml"));
    config_free(c);
}
END_TEST

START_TEST(extends_is_relative_to_the_file_it_stands_in)
{
    struct config *c;
    struct error e = {0};
    char sub[TESTING_PATH], kind[20];
    testing_folder(folder);
    ck_assert_int_eq(mkdir(testing_path(sub, folder, "sub"), 0700), 0);
    write_file("a.yaml", "kind: basin\nmodel: a\n");
    write_file("sub/b.yaml", "extends: ../a.yaml\nfigures: [b]\n");
    write_file("sub/c.yaml", "extends: b.yaml\n");
    write_file("d.yaml", "extends: sub/c.yaml\nmodel: d\n");
    ck_assert_msg(read_file("d.yaml", &c, &e) == STATUS_OK, "%s", e.message);
    ck_assert_str_eq(text_at(c, "model"), "d");
    ck_assert_str_eq(text_at(c, "figures[0]"), "b");
    config_free(c);
    ck_assert_int_eq(config_kind(path, kind, sizeof kind, &e), STATUS_OK);
    ck_assert_str_eq(kind, "basin");
    /* text in memory: relative to the folder of its name */
    static const char text[] = "extends: b.yaml\nmodel: e\n";
    ck_assert_int_eq(
        config_read_text(text, strlen(text), testing_path(path, folder, "sub/none.yaml"), fields, NULL, 0, &c, &e),
        STATUS_OK);
    ck_assert_str_eq(text_at(c, "kind"), "basin");
    config_free(c);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(config_read("d.yaml", fields, NULL, 0, &c, &e), STATUS_OK);
    ck_assert_str_eq(text_at(c, "kind"), "basin");
    config_free(c);
}
END_TEST

static void assert_refused(const char *read, const char *placed_in, int line, int column, const char *says)
{
    struct config *c;
    struct error e;
    char expected[TESTING_PATH];
    ck_assert_int_eq(read_file(read, &c, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_null(c);
    ck_assert_str_eq(e.file, testing_path(expected, folder, placed_in));
    ck_assert_int_eq(e.line, line);
    ck_assert_int_eq(e.column, column);
    ck_assert_msg(strstr(e.message, says) != NULL, "%s", e.message);
}

START_TEST(complaint_is_placed_in_the_file_it_stands_in)
{
    testing_folder(folder);
    write_file("broken.yaml", "kind: growth\nmodel: [a\n");
    write_file("wrong.yaml", "kind: growth\nsolver:\n  rtol: many\n");
    write_file("unknown.yaml", "kind: growth\n\n  \nmodle: x\n");
    write_file("list.yaml", "- kind\n");
    write_file("empty.yaml", "# nothing\n");
    write_file("on_wrong.yaml", "# one\nextends: wrong.yaml\n");
    write_file("on_on_wrong.yaml", "extends: on_wrong.yaml\nmodel: x\n");
    write_file("on_unknown.yaml", "extends: unknown.yaml\n");
    write_file("on_list.yaml", "extends: list.yaml\nkind: growth\n");
    write_file("on_empty.yaml", "extends: empty.yaml\nkind: growth\n");
    write_file("on_broken.yaml", "extends: broken.yaml\n");
    write_file("on_absent.yaml", "kind: growth\nextends:   absent.yaml\n");
    write_file("on_on_absent.yaml", "extends: on_absent.yaml\n");
    write_file("on_map.yaml", "kind: growth\nextends: {a: b}\n");
    write_file("on_nothing.yaml", "kind: growth\nextends: \"\"\n");
    assert_refused("on_wrong.yaml", "wrong.yaml", 3, 9, "'many'");
    assert_refused("on_on_wrong.yaml", "wrong.yaml", 3, 9, "'many'");
    assert_refused("on_unknown.yaml", "unknown.yaml", 4, 1, "'modle'");
    assert_refused("on_list.yaml", "list.yaml", 1, 1, "expected a map");
    assert_refused("on_empty.yaml", "empty.yaml", 1, 1, "holds nothing");
    assert_refused("on_absent.yaml", "on_absent.yaml", 2, 12, "No such file");
    assert_refused("on_on_absent.yaml", "on_absent.yaml", 2, 12, "absent.yaml");
    assert_refused("on_map.yaml", "on_map.yaml", 2, 10, "the name of a file");
    assert_refused("on_nothing.yaml", "on_nothing.yaml", 2, 10, "the name of a file");
    struct config *c;
    struct error e;
    ck_assert_int_eq(read_file("on_broken.yaml", &c, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.file, testing_path(path, folder, "broken.yaml"));
}
END_TEST

START_TEST(circles_are_refused)
{
    struct config *c;
    struct error e;
    char target[TESTING_PATH], link[TESTING_PATH];
    testing_folder(folder);
    write_file("self.yaml", "kind: growth\nextends: self.yaml\n");
    write_file("a.yaml", "extends: b.yaml\n");
    write_file("b.yaml", "# b\nextends: c.yaml\n");
    write_file("c.yaml", "kind: growth\n\nextends: a.yaml\n");
    write_file("through_link.yaml", "extends: link.yaml\n");
    ck_assert_int_eq(
        symlink(testing_path(target, folder, "through_link.yaml"), testing_path(link, folder, "link.yaml")), 0);
    assert_refused("self.yaml", "self.yaml", 2, 10, "circle");
    assert_refused("a.yaml", "c.yaml", 3, 10, "circle");
    assert_refused("through_link.yaml", "through_link.yaml", 1, 10, "circle");
    char kind[20];
    ck_assert_int_eq(config_kind(testing_path(path, folder, "a.yaml"), kind, sizeof kind, &e), STATUS_BAD_INPUT);
    /* two files may extend the same third */
    write_file("left.yaml", "extends: root.yaml\n");
    write_file("root.yaml", "kind: growth\n");
    ck_assert_int_eq(read_file("left.yaml", &c, &e), STATUS_OK);
    config_free(c);
}
END_TEST

START_TEST(chains_of_sixteen_files_are_the_longest)
{
    struct config *c;
    struct error e = {0};
    char name[32], text[64];
    testing_folder(folder);
    write_file("f1.yaml", "kind: growth\n");
    for (int i = 2; i <= 17; i++) {
        snprintf(name, sizeof name, "f%d.yaml", i);
        snprintf(text, sizeof text, "extends: f%d.yaml\n", i - 1);
        write_file(name, text);
    }
    ck_assert_msg(read_file("f16.yaml", &c, &e) == STATUS_OK, "%s", e.message);
    config_free(c);
    assert_refused("f17.yaml", "f2.yaml", 1, 10, "more than 16");
}
END_TEST

/* --- settings and runs ------------------------------------------------------------------------------------------- */

START_TEST(settings_use_the_paths_of_the_file)
{
    static const char *const settings[] = {"parameters.rate=0.3",    "time.from=500 BCE",  "solver.method=adams",
                                           "figures=[a, b]",         "figures[1]=c",       "runs[1].name=\"x: y\"",
                                           "runs[0].set={model: m}", "parameters.fresh=7", "initial=steady_state",
                                           "model=first=second"};
    struct config *c;
    struct error e;
    ck_assert_msg(read_settings(whole, settings, COUNT(settings), &c, &e) == STATUS_OK, "%s", e.message);
    ck_assert_double_eq(number_at(c, "parameters.rate"), 0.3);
    ck_assert_double_eq(number_at(c, "parameters.capital_share"), 0.256);
    ck_assert_double_eq(number_at(c, "parameters.fresh"), 7);
    ck_assert_double_eq(number_at(c, "time.from"), -500);
    ck_assert_str_eq(text_at(c, "solver.method"), "adams");
    ck_assert_uint_eq(config_length(config_get(config_root(c), "figures")), 2);
    ck_assert_str_eq(text_at(c, "figures[1]"), "c");
    ck_assert_str_eq(text_at(c, "runs[1].name"), "x: y");
    ck_assert_str_eq(text_at(c, "runs[0].set.model"), "m");
    ck_assert_str_eq(text_at(c, "initial"), "steady_state");
    ck_assert_str_eq(text_at(c, "model"), "first=second");
    config_free(c);
}
END_TEST

START_TEST(settings_make_the_maps_they_need)
{
    static const char *const settings[] = {"time.from=1", "parameters.a=2", "model=''"};
    struct config *c;
    struct error e;
    ck_assert_msg(read_settings("kind: growth\n", settings, 3, &c, &e) == STATUS_OK, "%s", e.message);
    ck_assert_str_eq(text_at(c, "model"), "");
    ck_assert_double_eq(number_at(c, "time.from"), 1);
    ck_assert_double_eq(number_at(c, "parameters.a"), 2);
    config_free(c);
}
END_TEST

/* A bad setting is a mistake of usage, and the message names it; no line of no file. */
static const struct {
    const char *setting, *says[2];
} bad_settings[] = {
    {"parameters.rate", {"path=value"}},
    {"=3", {"path=value"}},
    {"", {"path=value"}},
    {"model=", {"a value after '='"}},
    {"model=# nothing", {"holds nothing"}},
    {"modell=x", {"unknown key 'modell'", "did you mean 'model'"}},
    {"solver.rtoll=1e-3", {"unknown key 'rtoll' in solver", "rtol"}},
    {"solver.rtol=1e-3x", {"expected a number", "'1e-3x'"}},
    {"solver.rtol=1", {"out of range"}},
    {"solver={rtol: 1}", {"out of range"}},
    {"solver={rtol: 1e-3, rtol: 1e-4}", {"duplicate key"}},
    {"solver={rtol: 1e-3", {"YAML"}},
    {"solver.steps.x=3", {"expected a whole number", "found a map"}},
    {"model=&a x", {"anchors"}},
    {"model=\xff", {"not UTF-8"}},
    {"time=[1]", {"expected a map"}},
    {"parameters..rate=3", {"path 'parameters..rate'"}},
    {".parameters=3", {"path"}},
    {"parameters.=3", {"path"}},
    {"figures[3]=x", {"shorter"}},
    {"figures[-1]=x", {"path"}},
    {"figures[0=x", {"path"}},
    {"figures.x=3", {"index"}},
    {"figures[0].x=3", {"figures[0].x"}},
    {"figures[0].x.y=3", {"figures[0].x.y"}},
    {"kind[0]=x", {"no list to index"}},
    {"[0]=x", {"no list to index"}},
    {"extends=other.yaml", {"extends"}},
    {"a_key_that_is_so_long_that_nothing_in_any_table_could_ever_have_such_a_name=1", {"path"}},
};

START_TEST(bad_settings_are_mistakes_of_usage)
{
    struct config *c;
    struct error e;
    char line[2048], place[200];
    const char *setting = bad_settings[_i].setting;
    ck_assert_msg(read_settings(whole, &setting, 1, &c, &e) == STATUS_USAGE, "%s: %s", setting, e.message);
    ck_assert_ptr_null(c);
    ck_assert_int_eq(e.status, STATUS_USAGE);
    error_format(&e, line, sizeof line);
    snprintf(place, sizeof place, "--set %.60s", setting[0] == 'm' && setting[6] == '\xff' ? "model=" : setting);
    ck_assert_msg(strncmp(line, place, strlen(place)) == 0, "%s", line);
    ck_assert_int_eq(e.line, 0);
    for (size_t i = 0; i < 2 && bad_settings[_i].says[i]; i++)
        ck_assert_msg(strstr(e.message, bad_settings[_i].says[i]) != NULL, "%s: expected '%s'", line,
                      bad_settings[_i].says[i]);
}
END_TEST

START_TEST(late_complaints_point_at_the_place)
{
    static const char *const settings[] = {"parameters.late=3"};
    struct config *c;
    struct error e;
    ck_assert_int_eq(read_settings(whole, settings, 1, &c, &e), STATUS_OK);
    const struct config_node *parameters = config_get(config_root(c), "parameters");
    ck_assert_int_eq(config_error(config_item(parameters, 1), &e, "too %s", "small"), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.message, "too small");
    ck_assert_int_eq(e.line, 3);
    ck_assert_int_eq(e.column, 42);
    ck_assert_int_eq(config_error_at_key(parameters, 1, &e, "no such parameter"), STATUS_BAD_INPUT);
    ck_assert_int_eq(e.line, 3);
    ck_assert_int_eq(e.column, 36);
    ck_assert_int_eq(config_error_at_key(parameters, 2, &e, "no such parameter"), STATUS_USAGE);
    ck_assert_str_eq(e.file, "--set parameters.late=3");
    ck_assert_int_eq(e.line, 0);
    config_free(c);
}
END_TEST

START_TEST(runs_are_the_file_with_their_settings_and_the_command_line_last)
{
    static const char *const settings[] = {"solver.rtol=1e-3", "parameters.rate=9"};
    struct config *c, *run;
    struct error e;
    static const char text[] =
        "kind: growth\nparameters: {rate: 1, other: 2}\nsolver: {rtol: 1e-4, steps: 5}\nruns:\n"
        "  - name: base\n"
        "  - name: both\n    set: {parameters.rate: 24, parameters.other: 25, solver.steps: 6}\n";
    ck_assert_int_eq(read_settings(text, settings, 2, &c, &e), STATUS_OK);
    ck_assert_int_eq(config_derive(c, config_get(config_root(c), "runs[1].set"), &run, &e), STATUS_OK);
    ck_assert_double_eq(number_at(run, "parameters.rate"), 9);
    ck_assert_double_eq(number_at(run, "parameters.other"), 25);
    ck_assert_double_eq(number_at(run, "solver.steps"), 6);
    ck_assert_double_eq(number_at(run, "solver.rtol"), 1e-3);
    ck_assert_double_eq(number_at(c, "parameters.other"), 2); /* the file itself is as it was */
    config_free(run);
    ck_assert_int_eq(config_derive(c, NULL, &run, &e), STATUS_OK);
    ck_assert_double_eq(number_at(run, "parameters.other"), 2);
    config_free(c); /* a run outlives its file */
    ck_assert_double_eq(number_at(run, "parameters.rate"), 9);
    config_free(run);
}
END_TEST

static const struct {
    const char *set, *says;
    int column;
} bad_runs[] = {
    {"{modle: x}", "did you mean 'model'", 9},
    {"{solver.rtol: 5}", "out of range", 22},
    {"{solver.rtol: [5]}", "expected a number", 22},
    {"{parameters..x: 5}", "path 'parameters..x'", 24},
    {"{\"figures[9]\": x}", "shorter", 23},
    {"{\"runs[0].name.x\": x}", "runs[0].name: expected a text, found a map", 27},
};

START_TEST(complaint_about_a_run_points_at_its_setting)
{
    struct config *c, *run;
    struct error e;
    char text[200];
    snprintf(text, sizeof text, "kind: growth\nfigures: [a]\nruns:\n- name: a\n  set: %s\n", bad_runs[_i].set);
    c = read_good(text);
    ck_assert_int_eq(config_derive(c, config_get(config_root(c), "runs[0].set"), &run, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_null(run);
    ck_assert_str_eq(e.file, "my.yaml");
    ck_assert_int_eq(e.line, 5);
    ck_assert_msg(e.column == bad_runs[_i].column, "%d: %s", e.column, e.message);
    ck_assert_msg(strstr(e.message, bad_runs[_i].says) != NULL, "%s", e.message);
    config_free(c);
}
END_TEST

/* A path as long as a file may be, on a small stack: refused, not followed down. */
START_TEST(endless_paths_are_refused)
{
    struct config *c, *run = NULL;
    struct error e;
    enum { STEPS = 200000 };
    char *text = malloc(2 * STEPS + 200);
    struct rlimit stack = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_STACK, &stack);
    strcpy(text, "kind: growth\nruns:\n- name: a\n  set:\n    ? parameters");
    char *end = text + strlen(text);
    for (size_t i = 0; i < STEPS; i++, end += 2)
        memcpy(end, ".a", 2);
    strcpy(end, "\n    : 1\n");
    c = read_good(text);
    ck_assert_int_eq(config_derive(c, config_get(config_root(c), "runs[0].set"), &run, &e), STATUS_BAD_INPUT);
    ck_assert_ptr_null(run);
    config_free(c);
    free(text);
}
END_TEST

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void assert_same(const struct config_node *a, const struct config_node *b, const char *text)
{
    ck_assert_uint_eq(config_length(a), config_length(b));
    ck_assert_int_eq(config_is_scalar(a), config_is_scalar(b));
    if (config_is_scalar(a)) {
        ck_assert_msg(strcmp(config_text(a, ""), config_text(b, "")) == 0, "'%s' became '%s' in\n%s",
                      config_text(a, ""), config_text(b, ""), text);
        return;
    }
    for (size_t i = 0; i < config_length(a); i++) {
        ck_assert_pstr_eq(config_key(a, i), config_key(b, i));
        assert_same(config_item(a, i), config_item(b, i), text);
    }
}

static char *stream_text;
static size_t stream_length;

static const char *const documents[] = {
    whole,
    "kind: growth\nfigures: []\nparameters: {}\nruns: []\n",
    "kind: growth\nmodel: \"\"\nfigures: [\"\", ' ', \"  x \", '']\n",
    "kind: growth\nmodel: \"5\"\nfigures: [\"true\", \"# no comment\", \"a # b\", \"a: b\"]\n",
    "kind: growth\nmodel: 'it''s \"quoted\" \\ here'\nfigures: [\"tab\\there\", \"line\\nbreak\", \"bell\\a\", \"nul "
    "is not \\x01\"]\n",
    "kind: growth\nmodel: |\n  a block\n    of text\n\n  with lines\nfigures:\n- >-\n  folded\n  text\n- plain\n  over "
    "lines\n",
    "kind: growth\nmodel: caf\xc3\xa9 \xe2\x82\xac \xf0\x9d\x84\x9e\nfigures: [\"\\u2028\", \"\\x85\", \"\\xff\", "
    "\"\\ufeff\"]\n",
    "kind: growth\nmodel: -dash\nfigures: [\"- a\", \"? b\", \"!tag\", \"&anchor\"]\n",
    "kind: growth\nmodel: a-b?c!d&e*f%g@h`i|j>k~l$m\nfigures: [\"*alias\", \"@at\", \"`tick\", \"%percent\"]\n",
    "kind: growth\nmodel: \"---\"\nfigures: [\"...\", \"|\", \">\", \"~\"]\n",
    "kind: growth\nmodel: \"\\r\"\nfigures: [\"a\\r\\nb\", \"{\", \"]\", \",\"]\n",
    "kind: growth\nparameters: {\"a: b\": 1, \"#c\": 2, \"d e\": 3, \"\": 4, \"- f\": 5, \"[g]\": 6, \"h, i\": 7, "
    "\"\\\"\\\\\\n\": 8}\n",
    "kind: growth\nruns:\n- name: x\n  set: {\"runs[0].name\": y, \"figures[0]\": z, initial: {S: 1, T: [2, {U: "
    "3}]}}\n",
};

START_TEST(written_document_reads_back_the_same)
{
    struct config *c = read_good(documents[_i]), *back;
    struct error e = {0};
    FILE *out = open_memstream(&stream_text, &stream_length);
    ck_assert_int_eq(config_write(c, out, &e), STATUS_OK);
    fclose(out);
    enum status status = config_read_text(stream_text, stream_length, "back.yaml", fields, NULL, 0, &back, &e);
    ck_assert_msg(status == STATUS_OK, "%d:%d: %s in\n%s", e.line, e.column, e.message, stream_text);
    assert_same(config_root(c), config_root(back), stream_text);
    config_free(c);
    config_free(back);
    free(stream_text);
}
END_TEST

/* Texts of hostile characters, through JSON's escapes, which YAML takes too. */
START_TEST(random_texts_read_back_the_same)
{
    static const char *const pieces[] = {
        "a",       " ",  "\\n", "\\t", "\\\"", "\\\\",    "'",      ":", ": ",      " #",       "#",
        "-",       "- ", "?",   "!",   "&",    "*",       "%",      "@", "`",       "|",        ">",
        "{",       "}",  "[",   "]",   ",",    "~",       "5",      "=", "\\u0007", "\xc3\xa9", "\xe2\x82\xac",
        "\\u00ff", "<<", "---", "...", "\\r",  "\\u2029", "\\u007f"};
    uint64_t state = testing_seed();
    for (int round = 0; round < 3000; round++) {
        char text[400] = "kind: growth\nmodel: \"";
        for (size_t n = 1 + testing_random(&state) % 8; n > 0; n--)
            strcat(text, pieces[testing_random(&state) % COUNT(pieces)]);
        strcat(text, "\"\n");
        struct config *c = read_good(text), *back;
        struct error e = {0};
        FILE *out = open_memstream(&stream_text, &stream_length);
        ck_assert_int_eq(config_write(c, out, &e), STATUS_OK);
        fclose(out);
        enum status status = config_read_text(stream_text, stream_length, "back.yaml", fields, NULL, 0, &back, &e);
        ck_assert_msg(status == STATUS_OK, "%s in\n%s", e.message, stream_text);
        assert_same(config_root(c), config_root(back), stream_text);
        config_free(c);
        config_free(back);
        free(stream_text);
    }
}
END_TEST

START_TEST(a_stream_that_fails_is_noticed)
{
    struct error e;
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        testing_skip("no /dev/full");
    setbuf(full, NULL);
    struct config *c = read_good(whole);
    ck_assert_int_eq(config_write(c, full, &e), STATUS_FAILED);
    config_free(c);
    fclose(full);
}
END_TEST

START_TEST(json_has_the_types_of_the_file)
{
    struct config *c = read_good("kind: growth\nmodel: \"5\"\nparameters: {a: 0.25}\nsolver: {exact: true, steps: 3}\n"
                                 "time: {from: 500 BCE}\nfigures: [x, \"true\"]\n");
    json_t *json = config_to_json(c);
    json_t *expected =
        json_pack("{s:s, s:s, s:{s:f}, s:{s:b, s:f}, s:{s:s}, s:[s, s]}", "kind", "growth", "model", "5", "parameters",
                  "a", 0.25, "solver", "exact", 1, "steps", 3.0, "time", "from", "500 BCE", "figures", "x", "true");
    ck_assert(json_equal(json, expected));
    json_decref(json);
    json_decref(expected);
    config_free(c);
}
END_TEST

/* One row a path, with its limits. */
START_TEST(reference_lists_every_path)
{
    static const char *const rows[] = {"| `kind` | one of growth, basin | required | what the file is |\n",
                                       "| `time.from` | year | required | first date |\n",
                                       "| `time.to` | year | 2100 | last date |\n",
                                       "| `solver.rtol` | number, 1e-14 to 0.01 |",
                                       "| `solver.offset` | number, at most 5 |",
                                       "| `time.output` | number, or auto, at least 0.001 |",
                                       "| `figures[]` | list of text |",
                                       "| `runs[].set` | map of paths to values |",
                                       "| `extends` |"};
    testing_use_comma_locale();
    FILE *out = open_memstream(&stream_text, &stream_length);
    config_write_reference(fields, out);
    fclose(out);
    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(strstr(stream_text, rows[i]) != NULL, "no '%s' in\n%s", rows[i], stream_text);
    free(stream_text);
}
END_TEST

/* --- robustness -------------------------------------------------------------------------------------------------- */

/* Random damage to a good document: taken or refused with a place, never anything worse. */
START_TEST(damaged_documents_are_taken_or_refused)
{
    static const char bytes[] = "{}[]:,-#&*!|>'\"%@`? \n\t\r\\ax0\x80\xc3\xff\x01";
    uint64_t state = testing_seed();
    for (int round = 0; round < 3000; round++) {
        char text[sizeof whole];
        struct config *c;
        struct error e = {0};
        memcpy(text, whole, sizeof whole);
        for (size_t n = 1 + testing_random(&state) % 4; n > 0; n--)
            text[testing_random(&state) % (sizeof whole - 1)] = bytes[testing_random(&state) % (sizeof bytes - 1)];
        enum status status = config_read_text(text, sizeof whole - 1, "my.yaml", fields, NULL, 0, &c, &e);
        ck_assert_msg(status == STATUS_OK || (status == STATUS_BAD_INPUT && e.line > 0 && e.column > 0 && e.message[0]),
                      "status %d, %d:%d: %s for\n%s", status, e.line, e.column, e.message, text);
        config_free(c);
    }
}
END_TEST

/* Cut anywhere. */
START_TEST(truncated_documents_are_taken_or_refused)
{
    for (size_t length = 0; length < sizeof whole; length++) {
        struct config *c;
        struct error e = {0};
        enum status status = config_read_text(whole, length, "my.yaml", fields, NULL, 0, &c, &e);
        ck_assert_msg(status == STATUS_OK || (status == STATUS_BAD_INPUT && e.line > 0 && e.column > 0), "%zu: %s",
                      length, e.message);
        config_free(c);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *reading = tcase_create("reading");
    tcase_add_test(reading, values_of_every_type_are_read);
    tcase_add_test(reading, what_is_absent_gives_the_fallback);
    tcase_add_loop_test(reading, line_ends_and_byte_order_mark_do_not_matter, 0, 5);
    tcase_add_test(reading, locale_does_not_matter);
    suite_add_tcase(suite, reading);
    TCase *refusing = tcase_create("complaints");
    tcase_add_loop_test(refusing, complaint_has_a_place_and_says_what, 0, COUNT(complaints));
    tcase_add_loop_test(refusing, complaints_count_characters_and_lines_in_every_encoding, 0, 3);
    tcase_add_test(refusing, byte_order_mark_is_no_column);
    tcase_add_test(refusing, depth_is_limited);
    tcase_add_test(refusing, size_is_limited);
    tcase_add_test(refusing, unreadable_files_say_why);
    suite_add_tcase(suite, refusing);
    TCase *extends = tcase_create("extends");
    tcase_add_test(extends, extending_lays_maps_over_maps_and_replaces_the_rest);
    tcase_add_test(extends, extends_is_relative_to_the_file_it_stands_in);
    tcase_add_test(extends, complaint_is_placed_in_the_file_it_stands_in);
    tcase_add_test(extends, circles_are_refused);
    tcase_add_test(extends, chains_of_sixteen_files_are_the_longest);
    suite_add_tcase(suite, extends);
    TCase *settings = tcase_create("settings and runs");
    tcase_add_test(settings, settings_use_the_paths_of_the_file);
    tcase_add_test(settings, settings_make_the_maps_they_need);
    tcase_add_loop_test(settings, bad_settings_are_mistakes_of_usage, 0, COUNT(bad_settings));
    tcase_add_test(settings, late_complaints_point_at_the_place);
    tcase_add_test(settings, runs_are_the_file_with_their_settings_and_the_command_line_last);
    tcase_add_loop_test(settings, complaint_about_a_run_points_at_its_setting, 0, COUNT(bad_runs));
    tcase_add_test(settings, endless_paths_are_refused);
    suite_add_tcase(suite, settings);
    TCase *writing = tcase_create("writing");
    tcase_add_loop_test(writing, written_document_reads_back_the_same, 0, COUNT(documents));
    tcase_add_test(writing, random_texts_read_back_the_same);
    tcase_add_test(writing, a_stream_that_fails_is_noticed);
    tcase_add_test(writing, json_has_the_types_of_the_file);
    tcase_add_test(writing, reference_lists_every_path);
    suite_add_tcase(suite, writing);
    TCase *robust = tcase_create("robustness");
    tcase_add_test(robust, damaged_documents_are_taken_or_refused);
    tcase_add_test(robust, truncated_documents_are_taken_or_refused);
    suite_add_tcase(suite, robust);
    return testing_main(suite);
}
