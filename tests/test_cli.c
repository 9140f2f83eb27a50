/* The program from outside: every command, its options, outputs, exit codes, folders, and what may stand in its way. */
#include "tests/program.h"
#include "tests/testing.h"

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOLOW "scenarios/solow.yaml"
#define HYPERBOLA "scenarios/hyperbola.yaml"
#define FIVE_PHASES "scenarios/five-phases.yaml"
#define NO_FIGURES "--set=figures=[]"

/* Every command as typed, once. */
static const struct {
    const char *name;
    const char *words[8];
} calls[] = {
    {"run", {"run", SOLOW, NO_FIGURES}}, /* writes a folder: --out must be added */
    {"growth phases", {"growth", "phases", SOLOW}},
    {"growth compare", {"growth", "compare", "scenarios/kremer.yaml"}},
    {"models", {"models"}},
    {"models", {"models", "stpk"}},
    {"data", {"data"}},
    {"data", {"data", "world_population"}},
    {"scenario", {"scenario", SOLOW}},
    {"help", {"help"}},
    {"help", {"help", "growth", "phases"}},
    {"help", {"help", "scenario-files"}},
};
enum { N_CALLS = sizeof calls / sizeof calls[0], FIRST_READER = 1 };

static char folder[TESTING_PATH], path[TESTING_PATH];
static struct program p;

static void setup(void)
{
    testing_folder(folder);
    p = (struct program){0};
}

static void teardown(void)
{
    program_clear(&p);
}

static const char *in_folder(const char *name)
{
    return testing_path(path, folder, name);
}

/* Standard output as JSON, which must be all there is. */
static json_t *answer_of(const char *command)
{
    json_error_t error;
    json_t *answer = json_loads(p.text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(answer != NULL, "%s: %s in: %.300s", command, error.text, p.text);
    ck_assert(json_is_string(json_object_get(answer, "gears")));
    ck_assert_str_eq(json_string_value(json_object_get(answer, "command")), command);
    return answer;
}

static json_t *read_json(const char *file)
{
    json_error_t error;
    json_t *value = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(value != NULL, "%s: %s", file, error.text);
    return value;
}

static void check_keys(const json_t *object, const char *const *keys)
{
    for (; *keys; keys++)
        ck_assert_msg(json_object_get(object, *keys) != NULL, "key %s is missing", *keys);
}

/* --- help and version -------------------------------------------------------------------------------------------- */

/* The words of "growth phases", then one more. */
static void run_command_with(const char *name, const char *last)
{
    char first[64];
    const char *space = strchr(name, ' ');
    snprintf(first, sizeof first, "%.*s", space ? (int)(space - name) : 60, name);
    if (space)
        program_run(&p, first, space + 1, last);
    else
        program_run(&p, first, last);
}

START_TEST(every_command_explains_itself)
{
    struct program list = {0};
    char usage[80], start[40];
    program_run(&list, "help", "--json");
    assert_code(&list, 0);
    json_t *answer = json_loads(list.text, 0, NULL), *commands = json_object_get(answer, "commands");
    ck_assert_uint_ge(json_array_size(commands), 7);
    for (size_t i = 0; i < json_array_size(commands); i++) {
        const json_t *command = json_array_get(commands, i);
        const char *name = json_string_value(json_object_get(command, "name"));
        snprintf(usage, sizeof usage, "Usage: gears %s [OPTION...] %s\n", name,
                 json_string_value(json_object_get(command, "arguments")));
        run_command_with(name, "--help");
        assert_code(&p, 0);
        ck_assert_str_eq(p.errors, "");
        snprintf(start, sizeof start, "%.30s", json_string_value(json_object_get(command, "summary")));
        assert_contains(p.text, start); /* the rest may be wrapped */
        ck_assert_msg(strncmp(p.text, usage, strlen(usage)) == 0, "not '%s': %s", usage, p.text);
    }
    json_decref(answer);
    program_clear(&list);
}
END_TEST

START_TEST(help_of_a_command_is_its_own_help)
{
    struct program other = {0};
    program_run(&p, "help", "growth", "phases");
    program_run(&other, "growth", "phases", "--help");
    assert_code(&p, 0);
    ck_assert_str_eq(p.text, other.text);
    program_clear(&other);
}
END_TEST

START_TEST(help_lists_every_command)
{
    for (int i = 0; i < 2; i++) {
        program_run(&p, i ? "--help" : "help");
        assert_code(&p, 0);
        for (size_t k = 0; k < N_CALLS; k++)
            assert_contains(p.text, calls[k].name);
    }
    static const char *const none[] = {NULL};
    program_run_list(&p, none);
    assert_code(&p, 2);
}
END_TEST

/* Those that begin with the group's name, and no others. */
START_TEST(help_of_a_group_lists_its_commands)
{
    static const char *const ways[][3] = {{"growth", "--help"}, {"help", "growth"}, {"growth", "-h"},
                                          {"basin", "--help"},  {"help", "basin"},  {"basin", "-?"}};
    char own[40], line[80];
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        snprintf(own, sizeof own, "%s ", i < 3 ? "growth" : "basin");
        program_run_list(&p, ways[i]);
        assert_code(&p, 0);
        ck_assert_str_eq(p.errors, "");
        for (size_t k = 0; k < N_CALLS; k++) {
            snprintf(line, sizeof line, "\n  gears %.60s ", calls[k].name);
            bool expected = strncmp(calls[k].name, own, strlen(own)) == 0;
            ck_assert_msg((strstr(p.text, line) != NULL) == expected, "%s in: %s", line, p.text);
        }
    }
}
END_TEST

START_TEST(version)
{
    static const char *const ways[][3] = {{"--version"}, {"-V"}, {"models", "--version"}};
    for (size_t i = 0; i < 3; i++) {
        program_run_list(&p, ways[i]);
        assert_code(&p, 0);
        ck_assert_msg(strncmp(p.text, "gears ", 6) == 0 && program_count_lines(p.text) == 1, "%s", p.text);
    }
}
END_TEST

/* --- JSON -------------------------------------------------------------------------------------------------------- */

/* calls[i] with one or two words more; `run` also gets --out. */
static void call(size_t i, const char *more, const char *still_more)
{
    const char *words[12] = {0};
    char out[TESTING_PATH];
    size_t n = 0;
    for (; calls[i].words[n]; n++)
        words[n] = calls[i].words[n];
    if (strcmp(calls[i].name, "run") == 0) {
        words[n++] = "--out";
        words[n++] = testing_path(out, folder, "out-of-run");
    }
    if (more)
        words[n++] = more;
    if (still_more)
        words[n++] = still_more;
    program_run_list(&p, words);
}

START_TEST(every_command_answers_in_json)
{
    call((size_t)_i, "--json", NULL);
    assert_code(&p, 0);
    ck_assert_str_eq(p.errors, "");
    json_decref(answer_of(calls[_i].name));
}
END_TEST

static void check_phases(const json_t *phases)
{
    static const char *const keys[] = {"from",           "to",     "kind", "pace", "growth", "doubling_years",
                                       "local_exponent", "limits", NULL};
    static const char *const kinds = "super-exponential exponential sub-exponential", *const paces =
                                                                                          "first faster slower";
    ck_assert_uint_gt(json_array_size(phases), 0);
    double last = -INFINITY;
    for (size_t i = 0; i < json_array_size(phases); i++) {
        const json_t *phase = json_array_get(phases, i);
        check_keys(phase, keys);
        assert_contains(kinds, json_string_value(json_object_get(phase, "kind")));
        assert_contains(paces, json_string_value(json_object_get(phase, "pace")));
        double from = json_number_value(json_object_get(phase, "from"));
        ck_assert_double_ge(from, last);
        last = json_number_value(json_object_get(phase, "to"));
        ck_assert_double_gt(last, from);
    }
}

static void check_run(const json_t *run)
{
    static const char *const keys[] = {"name",   "model",   "phases",    "transitions",
                                       "events", "blow_up", "exhausted", NULL};
    static const char *const of_transition[] = {"from", "to", "direction", "causes", "contributions", NULL};
    static const char *const of_event[] = {"id", "date", "width", "flow", "from", "to", NULL};
    const json_t *transitions = json_object_get(run, "transitions"), *events = json_object_get(run, "events");
    check_keys(run, keys);
    check_phases(json_object_get(run, "phases"));
    for (size_t i = 0; i < json_array_size(transitions); i++)
        check_keys(json_array_get(transitions, i), of_transition);
    for (size_t i = 0; i < json_array_size(events); i++)
        check_keys(json_array_get(events, i), of_event);
}

START_TEST(json_of_growth_runs)
{
    static const char *const date_and_error[] = {"date", "error", NULL};
    program_run(&p, "growth", "phases", "--json", FIVE_PHASES, SOLOW);
    assert_code(&p, 0);
    json_t *answer = answer_of("growth phases"), *runs = json_object_get(answer, "runs");
    ck_assert_uint_eq(json_array_size(runs), 2);
    const json_t *five = json_array_get(runs, 0), *solow = json_array_get(runs, 1);
    check_run(five);
    check_run(solow);
    ck_assert_str_eq(json_string_value(json_object_get(five, "name")), "five-phases");
    check_keys(json_object_get(five, "blow_up"), date_and_error);
    ck_assert(json_is_null(json_object_get(solow, "blow_up")));
    ck_assert(json_is_null(json_object_get(solow, "exhausted")));
    /* growth into a blow-up has no number: null, as is its doubling time */
    const json_t *phases = json_object_get(five, "phases"), *last = json_array_get(phases, json_array_size(phases) - 1);
    ck_assert(json_is_null(json_object_get(last, "growth")));
    ck_assert(json_is_null(json_object_get(last, "doubling_years")));
    json_decref(answer);
}
END_TEST

START_TEST(warnings_leave_json_alone)
{
    p.environment[0] = "PATH=/nonexistent";
    program_run(&p, "run", "--json", SOLOW, "--set", "figures=[levels]", "--out", in_folder("out"));
    assert_code(&p, 0);
    json_t *answer = answer_of("run");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(answer, "folders"), 0)), in_folder("out"));
    assert_contains(p.errors, "gears: warning: gnuplot was not found");
    json_decref(answer);
}
END_TEST

/* --- wrong usage ------------------------------------------------------------------------------------------------- */

/* Words that must fail with code 2, nothing on standard output, and these words on standard error. */
static const struct {
    const char *words[6], *says;
} mistakes[] = {
    {{"rnu", SOLOW}, "did you mean 'run'?"},
    {{"basin", "--json"}, "after it comes one of train, audit, spectrum"},
    {{"growth"}, "'growth' alone is no command: after it comes one of phases, compare"},
    {{"phases", SOLOW}, "did you mean 'growth phases'?"},
    {{"data", "world_gdp_spl"}, "did you mean 'world_gdp_spliced'?"},
    {{"growth", "phase", SOLOW}, "did you mean 'growth phases'?"},
    {{"growth", "comparee", SOLOW}, "did you mean 'growth compare'?"},
    {{"modles"}, "did you mean 'models'?"},
    {{"basin"}, "gears basin --help lists them"},
    {{"--json"}, "unknown command '--json'"},
    {{"help", "modesl"}, "did you mean 'models'?"},
    {{"models", "stkp"}, "did you mean 'stpk'?"},
    {{"data", "wrld_population"}, "did you mean 'world_population'?"},
    {{"models", "stpk", "solow"}, "'solow' is one argument too many"},
    {{"run"}, "it wants FILE..."},
    {{"scenario"}, "it wants FILE"},
    {{"scenario", SOLOW, SOLOW}, "one argument too many"},
    {{"run", "--jsn", SOLOW}, "unrecognized option '--jsn'"},
    {{"run", "-x", SOLOW}, "invalid option -- 'x'"},
    {{"run", SOLOW, "--out"}, "requires an argument"},
    {{"run", SOLOW, "--json=yes"}, "doesn't allow an argument"},
    {{"models", "--out", "x"}, "unrecognized option '--out'"},
    {{"run", SOLOW, "--threads", "two"}, "--threads: 'two' is not a whole number from 1 to 1024"},
    {{"run", SOLOW, "--threads=0"}, "--threads: '0' is not a whole number from 1 to 1024"},
    {{"run", SOLOW, "--threads=-1"}, "--threads: '-1' is not a whole number"},
    {{"run", SOLOW, "--threads", "5000"}, "--threads: '5000' is not a whole number from 1 to 1024"},
    {{"run", SOLOW, "--threads="}, "--threads: '' is not a whole number"},
    {{"run", SOLOW, "--seed", "1e3"}, "--seed: '1e3' is not a whole number"},
    {{"run", SOLOW, "--seed", "18446744073709551616"}, "--seed: '18446744073709551616' is not a whole number"},
    {{"run", SOLOW, "./" SOLOW}, "two files are called solow"},
    /* bad settings, of the kinds a file can have wrong */
    {{"growth", "phases", SOLOW, "--set", "parameters"}, "expected path=value"},
    {{"growth", "phases", SOLOW, "--set", "=3"}, "expected path=value"},
    {{"growth", "phases", SOLOW, "--set", "title="}, "expected a value after '='"},
    {{"growth", "phases", SOLOW, "--set", "parameters.savingrate=0.3"}, "did you mean 'saving_rate'?"},
    {{"growth", "phases", SOLOW, "--set", "parametres.saving_rate=0.3"}, "did you mean 'parameters'?"},
    {{"growth", "phases", SOLOW, "--set", "parameters.saving_rate=7"}, "0.001 to 0.99 is allowed"},
    {{"growth", "phases", SOLOW, "--set", "parameters.saving_rate=0.3x"}, "expected a number, found '0.3x'"},
    {{"growth", "phases", SOLOW, "--set", "parameters.saving_rate=0,3"}, "expected a number, found '0,3'"},
    {{"growth", "phases", SOLOW, "--set", "parameters.saving_rate=1e999"}, "expected a number, found '1e999'"},
    {{"growth", "phases", SOLOW, "--set", "parameters.saving_rate=[1"}, "--set parameters.saving_rate=[1"},
    {{"growth", "phases", SOLOW, "--set", "model=sollow"}, "did you mean 'solow'?"},
    {{"growth", "phases", SOLOW, "--set", "time.to=1700"}, "is not after"},
    {{"growth", "phases", SOLOW, "--set", "solver.method=bfd"}, "did you mean 'bdf'?"},
    {{"growth", "phases", SOLOW, "--set", "figures[0]=levles"}, "there is no list to index"},
    {{"growth", "phases", SOLOW, "--set", "kind=basin"}, "expected one of: growth"},
    {{"growth", "compare", "scenarios/kremer.yaml", "--set", "compare[1].variable=P"}, "the list is shorter than that"},
    {{"growth", "compare", "scenarios/kremer.yaml", "--set", "compare[0].variable=Q"}, "has no variable 'Q'"},
    {{"growth", "compare", "scenarios/kremer.yaml", "--set", "compare[0].series=wrld_population"},
     "did you mean 'world_population'?"},
};

START_TEST(wrong_usage)
{
    program_run_list(&p, mistakes[_i].words);
    assert_code(&p, 2);
    ck_assert_str_eq(p.text, "");
    assert_contains(p.errors, mistakes[_i].says);
    ck_assert_msg(strncmp(p.errors, "gears", 5) == 0, "%s", p.errors);
}
END_TEST

START_TEST(good_settings)
{
    program_run(&p, "growth", "phases", "--json", SOLOW, "--set", "parameters.technology_growth=0.02", "--set",
                "time.to=2150 CE", "-s", "title=other words", "--set=solver={rtol: 1e-8, method: adams}");
    assert_code(&p, 0);
    json_t *answer = answer_of("growth phases");
    const json_t *run = json_array_get(json_object_get(answer, "runs"), 0), *solver = json_object_get(run, "solver");
    ck_assert_double_eq(json_number_value(json_object_get(json_object_get(run, "parameters"), "technology_growth")),
                        0.02);
    ck_assert_double_eq(json_number_value(json_object_get(run, "to")), 2150);
    ck_assert_double_eq(json_number_value(json_object_get(solver, "rtol")), 1e-8);
    ck_assert_str_eq(json_string_value(json_object_get(solver, "method")), "adams");
    json_decref(answer);
}
END_TEST

START_TEST(the_last_setting_wins)
{
    program_run(&p, "scenario", "--json", SOLOW, "--set", "time.to=2100", "--set", "time.to=2300");
    assert_code(&p, 0);
    json_t *answer = answer_of("scenario");
    ck_assert_double_eq(
        json_number_value(json_object_get(json_object_get(json_object_get(answer, "scenario"), "time"), "to")), 2300);
    json_decref(answer);
}
END_TEST

/* --- exit codes -------------------------------------------------------------------------------------------------- */

static void check_one_complaint(int code, const char *says)
{
    assert_code(&p, code);
    ck_assert_str_eq(p.text, "");
    ck_assert_uint_eq(program_count_lines(p.errors), 1);
    assert_contains(p.errors, says);
}

START_TEST(a_run_that_fails)
{
    const char *out = in_folder("out");
    program_run(&p, "run", FIVE_PHASES, "--set", "solver.max_steps=20", "--out", out);
    check_one_complaint(1, "reached the limit of 20 steps");
    ck_assert(!testing_exists(out));
    program_run(&p, "run", FIVE_PHASES, "--json", "--out", out, "--set",
                "solve={parameter: technology_rate, variable: Y, at: 1950, value: 1e-3}");
    check_one_complaint(1, "solve: no technology_rate within a factor 4");
    ck_assert(!testing_exists(out));
}
END_TEST

START_TEST(where_a_run_failed_is_said_in_years)
{
    program_run(&p, "growth", "phases", FIVE_PHASES, "--set", "solver.max_steps=300");
    assert_code(&p, 1);
    const char *year = strstr(p.errors, "year ");
    ck_assert_msg(year != NULL, "%s", p.errors);
    double when = strtod(year + 5, NULL); /* 300 steps lead into the first ten thousand years */
    ck_assert_msg(when < -100 && when > -10000, "%s", p.errors);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
    program_run(&p, "run", "no-such-file.yaml");
    check_one_complaint(3, "gears: no-such-file.yaml: cannot be opened: No such file or directory");
    program_run(&p, "data", "no-such-file.csv");
    check_one_complaint(3, "gears: no-such-file.csv: cannot be opened: No such file or directory");
}
END_TEST

START_TEST(a_bad_file_among_good_ones_writes_nothing)
{
    testing_write(in_folder("bad.yaml"), "kind: growth\nmodel: solow\ntime: {from: 1, to: 0}\n");
    char bad[TESTING_PATH];
    testing_path(bad, folder, "bad.yaml");
    program_run(&p, "run", SOLOW, bad, "--out", in_folder("out"));
    check_one_complaint(3, "bad.yaml:3:21: ");
    ck_assert(!testing_exists(in_folder("out")));
}
END_TEST

/* What is finished is written, growth and basin alike, whatever stands before it; the failure names its file. */
START_TEST(a_run_that_fails_among_good_ones)
{
    char fails[TESTING_PATH], late[TESTING_PATH], small[TESTING_PATH];
    static const char perfect[] = "kind: basin\nnetwork: {layers: [2, 2, 1]}\ndata: {generate: xor, soft: 0.1}\n"
                                  "loss: mse\ntrain: {method: lm, seed: 1}\nanalyses: [audit]\n";
    static const char overflows[] =
        "kind: basin\nnetwork: {layers: [2, 2, 2, 2, 2, 2, 2, 2, 2, 1], activation: square, "
        "init: {scheme: normal, scale: 1000}}\ndata: {generate: xor, soft: 0.1}\n"
        "loss: mse\ntrain: {method: adam, seed: 1}\nanalyses: [audit]\n";
    testing_write(testing_path(small, folder, "small.yaml"), perfect);
    testing_write(testing_path(late, folder, "late.yaml"), perfect);
    testing_write(testing_path(fails, folder, "fails.yaml"), overflows);
    program_run(&p, "run", small, fails, late, SOLOW, "--quiet", "--out", in_folder("out"));
    check_one_complaint(1, "fails.yaml: ");
    ck_assert(!testing_exists(in_folder("out/fails")));
    static const char *const written[] = {"out/small/summary.json", "out/late/summary.json", "out/solow/summary.json"};
    for (size_t i = 0; i < 3; i++) {
        json_t *summary = read_json(in_folder(written[i]));
        ck_assert(json_is_true(json_object_get(summary, "complete")));
        json_decref(summary);
    }
}
END_TEST

/* --- run folders ------------------------------------------------------------------------------------------------- */

START_TEST(run_writes_to_out_by_itself)
{
    char root[TESTING_PATH], scenario[TESTING_PATH];
    ck_assert_ptr_nonnull(getcwd(root, sizeof root));
    p.folder = folder;
    program_run(&p, "run", testing_path(scenario, root, SOLOW), NO_FIGURES);
    assert_code(&p, 0);
    ck_assert_uint_eq(testing_count_entries(folder), 1);
    json_decref(read_json(in_folder("out/solow/summary.json")));
    assert_contains(p.text, "Written to out/solow");
}
END_TEST

START_TEST(several_files_have_a_folder_each)
{
    program_run(&p, "run", SOLOW, HYPERBOLA, NO_FIGURES, "--out", in_folder("all"));
    assert_code(&p, 0);
    ck_assert_uint_eq(testing_count_entries(in_folder("all")), 2);
    ck_assert(testing_exists(in_folder("all/solow/series.csv")));
    ck_assert(testing_exists(in_folder("all/hyperbola/series.csv")));
}
END_TEST

START_TEST(summary_says_what_was_done)
{
    static const char *const keys[] = {"gears",  "command",  "arguments", "seed", "runs",
                                       "hashes", "complete", "files",     NULL};
    program_run(&p, "run", SOLOW, NO_FIGURES, "--seed", "7", "--out", in_folder("out"));
    assert_code(&p, 0);
    json_t *summary = read_json(in_folder("out/summary.json"));
    check_keys(summary, keys);
    check_run(json_array_get(json_object_get(summary, "runs"), 0));
    ck_assert(json_is_true(json_object_get(summary, "complete")));
    ck_assert_int_eq(json_integer_value(json_object_get(summary, "seed")), 7);
    json_t *files = json_object_get(summary, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        char file[TESTING_PATH];
        snprintf(file, sizeof file, "out/%s", json_string_value(json_array_get(files, i)));
        ck_assert(testing_exists(in_folder(file)));
    }
    ck_assert_uint_eq(testing_count_entries(in_folder("out")), json_array_size(files) + 1);
    json_decref(summary);
}
END_TEST

START_TEST(columns_of_a_series)
{
    program_run(&p, "run", FIVE_PHASES, NO_FIGURES, "--out", in_folder("out"));
    assert_code(&p, 0);
    char *text = testing_read(in_folder("out/series.csv"), NULL);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strncmp(text, "year,S,T,P,K,Y,y,", 17) == 0, "%.100s", text);
    char header[1024];
    snprintf(header, sizeof header, "%.*s", (int)strcspn(text, "\n"), text);
    assert_contains(header, ",growth,local_exponent,share_intelligence_labour_surplus,");
    assert_contains(header, ",share_technology_intelligence,share_technology_science");
    free(text);
}
END_TEST

/* However many rows there are, their dates do not drift. */
START_TEST(rows_stand_on_their_dates)
{
    program_run(&p, "run", SOLOW, NO_FIGURES, "--set", "time.output=0.1", "--out", in_folder("out"));
    assert_code(&p, 0);
    char *text = testing_read(in_folder("out/series.csv"), NULL);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(program_count_lines(text), 1 + 4001);
    const char *line = strchr(text, '\n') + 1;
    for (int i = 0; i <= 4000; i++, line = strchr(line, '\n') + 1) {
        char year[40];
        int length = snprintf(year, sizeof year, "%.15g,", 1800 + i / 10.0);
        ck_assert_msg(strncmp(line, year, (size_t)length) == 0, "row %d: %.30s instead of %s", i, line, year);
    }
    free(text);
}
END_TEST

START_TEST(a_strange_folder_is_refused)
{
    const char *words[] = {"run", SOLOW, NO_FIGURES, "--out", folder, NULL, NULL};
    testing_write(in_folder("mine.txt"), "mine");
    program_run_list(&p, words);
    check_one_complaint(1, "not a run folder of gears; --force");
    ck_assert_uint_eq(testing_count_entries(folder), 1);
    words[5] = "--force";
    program_run_list(&p, words);
    assert_code(&p, 0);
    char *mine = testing_read(in_folder("mine.txt"), NULL);
    ck_assert_str_eq(mine, "mine");
    free(mine);
    json_decref(read_json(in_folder("summary.json")));
}
END_TEST

START_TEST(a_summary_of_someone_else_is_not_ours)
{
    testing_write(in_folder("summary.json"), "{\"by\": \"another program\"}");
    program_run(&p, "run", SOLOW, NO_FIGURES, "--out", folder);
    check_one_complaint(1, "--force");
    ck_assert_uint_eq(testing_count_entries(folder), 1);
}
END_TEST

START_TEST(our_own_folder_is_replaced)
{
    const char *out = in_folder("out");
    program_run(&p, "growth", "phases", SOLOW, HYPERBOLA, NO_FIGURES, "--out", out);
    assert_code(&p, 0);
    ck_assert(testing_exists(in_folder("out/series-hyperbola.csv")));
    testing_write(in_folder("out/mine.txt"), "mine");
    program_run(&p, "run", SOLOW, NO_FIGURES, "--out", in_folder("out"));
    assert_code(&p, 0);
    ck_assert(!testing_exists(in_folder("out/series-hyperbola.csv")));
    ck_assert(testing_exists(in_folder("out/series.csv")));
    ck_assert(testing_exists(in_folder("out/mine.txt")));
}
END_TEST

START_TEST(only_run_and_out_write)
{
    char root[TESTING_PATH], scenario[TESTING_PATH];
    const char *words[8] = {0};
    ck_assert_ptr_nonnull(getcwd(root, sizeof root));
    p.folder = folder;
    for (size_t n = 0; calls[_i].words[n]; n++)
        words[n] =
            strstr(calls[_i].words[n], ".yaml") ? testing_path(scenario, root, calls[_i].words[n]) : calls[_i].words[n];
    program_run_list(&p, words);
    assert_code(&p, 0);
    ck_assert_uint_eq(testing_count_entries(folder), 0);
}
END_TEST

START_TEST(an_explicit_out_writes)
{
    for (int i = 0; i < 2; i++) {
        program_run(&p, "growth", i ? "compare" : "phases", SOLOW, NO_FIGURES, "--out", in_folder(i ? "b" : "a"));
        assert_code(&p, 0);
        json_decref(read_json(in_folder(i ? "b/summary.json" : "a/summary.json")));
    }
}
END_TEST

START_TEST(quiet)
{
    program_run(&p, "run", SOLOW, NO_FIGURES, "--quiet", "--out", in_folder("out"));
    assert_code(&p, 0);
    ck_assert_str_eq(p.text, "");
    ck_assert_str_eq(p.errors, "");
    ck_assert(testing_exists(in_folder("out/summary.json")));
}
END_TEST

START_TEST(without_gnuplot)
{
    p.environment[0] = "PATH=/nonexistent";
    program_run(&p, "run", SOLOW, "--set", "figures=[levels]", "--out", in_folder("out"));
    assert_code(&p, 0);
    assert_contains(p.errors, "gnuplot was not found");
    ck_assert_uint_eq(program_count_lines(p.errors), 1);
    char *page = testing_read(in_folder("out/report.html"), NULL);
    ck_assert_ptr_nonnull(page);
    assert_contains(page, "gnuplot");
    assert_contains(page, "Not drawn");
    free(page);
    json_t *summary = read_json(in_folder("out/summary.json"));
    ck_assert(json_is_true(json_object_get(summary, "complete")));
    json_decref(summary);
    ck_assert(testing_exists(in_folder("out/levels.gp")));
    ck_assert(testing_exists(in_folder("out/levels.dat")));
    ck_assert(!testing_exists(in_folder("out/levels.svg")));
}
END_TEST

/* --- interrupted ------------------------------------------------------------------------------------------------- */

/* A run that takes minutes: at rest, but the non-stiff method may not take longer steps than stability allows. */
#define ENDLESS                                                                                                        \
    "solver: {method: adams, rtol: 1e-10, max_steps: 1000000000}\ntime: {from: 0, to: 1e9}\n"                          \
    "parameters: {technology_growth: 0, population_growth: 0}\ninitial: {K: 290, A: 2, P: 100}\n"

START_TEST(interrupted_before_anything_is_done)
{
    char scenario[TESTING_PATH];
    testing_write(testing_path(scenario, folder, "endless.yaml"), "kind: growth\nmodel: solow\n" ENDLESS);
    program_start(&p, (const char *const[]){"run", scenario, "--out", in_folder("out"), NULL});
    program_wait_until_caught(&p);
    kill(p.child, _i ? SIGTERM : SIGINT);
    program_finish(&p);
    check_one_complaint(130, "stopped on request");
    ck_assert(!testing_exists(in_folder("out")));
}
END_TEST

static void check_incomplete_folder(const char *out)
{
    char file[TESTING_PATH];
    json_t *summary = read_json(testing_path(file, out, "summary.json")), *files = json_object_get(summary, "files");
    ck_assert(json_is_false(json_object_get(summary, "complete")));
    /* nothing half-written lies about */
    ck_assert_uint_eq(testing_count_entries(out), json_array_size(files) + 1);
    for (size_t i = 0; i < json_array_size(files); i++)
        ck_assert_ptr_null(strstr(json_string_value(json_array_get(files, i)), ".part"));
    json_decref(summary);
}

/* One run of two is done: it is kept. */
START_TEST(interrupted_between_runs)
{
    char scenario[TESTING_PATH], out[TESTING_PATH];
    testing_path(out, folder, "out");
    testing_write(testing_path(scenario, folder, "two.yaml"),
                  "kind: growth\nmodel: solow\n" ENDLESS
                  "runs:\n  - {name: short, set: {time.to: 10}}\n  - {name: endless}\n");
    for (double wait = 0.2; wait < 20 && !testing_exists(out); wait *= 3) {
        program_start(&p, (const char *const[]){"run", scenario, "--threads", "1", "--out", out, NULL});
        program_wait_until_caught(&p);
        program_pause(wait);
        kill(p.child, SIGINT);
        program_finish(&p);
        check_one_complaint(130, "run endless: ");
    }
    check_incomplete_folder(out);
    json_t *summary = read_json(in_folder("out/summary.json"));
    ck_assert_uint_eq(json_array_size(json_object_get(summary, "runs")), 1);
    json_decref(summary);
    ck_assert(testing_exists(in_folder("out/report.html")));
    /* and is ours: the next run replaces it */
    program_run(&p, "run", SOLOW, NO_FIGURES, "--out", out);
    assert_code(&p, 0);
}
END_TEST

/* Ctrl-C in a terminal reaches gnuplot too. */
START_TEST(interrupted_while_drawing)
{
    if (system("command -v gnuplot >/dev/null 2>&1") != 0)
        testing_skip("no gnuplot");
    char out[TESTING_PATH];
    testing_path(out, folder, "out");
    program_start(&p, (const char *const[]){"run", SOLOW, "--out", out, NULL});
    while (!testing_exists(in_folder("out/levels.gp")) && program_is_running(&p))
        program_pause(0.001);
    program_pause(0.02 * _i);
    kill(-p.child, SIGINT);
    program_finish(&p);
    check_one_complaint(130, "interrupted while drawing");
    check_incomplete_folder(out);
}
END_TEST

/* --- what may stand in the way ----------------------------------------------------------------------------------- */

static void check_complaint_about_output(void)
{
    assert_code(&p, 1);
    ck_assert_uint_eq(program_count_lines(p.errors), 1);
    assert_contains(p.errors, "gears: ");
}

START_TEST(standard_output_that_cannot_be_written)
{
    static const char *const ways[] = {"/dev/full", "-"};
    for (size_t i = 0; i < 2; i++) {
        p.output = ways[i];
        call((size_t)_i, NULL, NULL);
        check_complaint_about_output();
        call((size_t)_i, "--json", NULL);
        check_complaint_about_output();
        call((size_t)_i, "--help", NULL);
        check_complaint_about_output();
    }
}
END_TEST

/* What should go to a closed standard output must not go into the first file that is opened. */
START_TEST(closed_standard_output_spoils_no_file)
{
    p.output = "-";
    program_run(&p, "run", SOLOW, "--json", NO_FIGURES, "--out", in_folder("out"));
    assert_code(&p, 1);
    char *text = testing_read(in_folder("out/series.csv"), NULL);
    ck_assert(text && strncmp(text, "year,", 5) == 0);
    free(text);
    json_decref(read_json(in_folder("out/summary.json")));
}
END_TEST

START_TEST(version_that_cannot_be_written)
{
    p.output = "/dev/full";
    program_run(&p, "--version");
    assert_code(&p, 1);
    program_run(&p, "--help");
    assert_code(&p, 1);
}
END_TEST

/* A disk that is full, by a limit on the size of files. */
START_TEST(a_full_disk)
{
    struct rlimit limit = {2048, 2048};
    signal(SIGXFSZ, SIG_IGN); /* so that writing fails instead of killing */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    program_run(&p, "run", SOLOW, NO_FIGURES, "--out", in_folder("out"));
    assert_code(&p, 1);
    assert_contains(p.errors, "cannot be written: File too large");
    ck_assert_uint_eq(testing_count_entries(in_folder("out")), 0);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made)
{
    program_run(&p, "run", SOLOW, NO_FIGURES, "--out", "/proc/self/nowhere/out");
    check_one_complaint(1, "folder cannot be made");
    testing_write(in_folder("file"), "");
    program_run(&p, "run", SOLOW, NO_FIGURES, "--out", in_folder("file"));
    check_one_complaint(1, "is there already and is not a folder");
    program_run(&p, "run", SOLOW, NO_FIGURES, "--out", "");
    assert_code(&p, 2);
}
END_TEST

START_TEST(numbers_do_not_hang_on_the_locale)
{
    struct program plain = {0};
    char language[128];
    testing_use_comma_locale();
    snprintf(language, sizeof language, "LC_ALL=%s", setlocale(LC_NUMERIC, NULL));
    p.environment[0] = language;
    plain.environment[0] = "LC_ALL=C";
    program_run(&p, "growth", "phases", "--json", FIVE_PHASES, "--set", "parameters.saving_rate=0.236");
    program_run(&plain, "growth", "phases", "--json", FIVE_PHASES, "--set", "parameters.saving_rate=0.236");
    assert_code(&p, 0);
    ck_assert_str_eq(p.text, plain.text);
    program_run(&p, "growth", "phases", FIVE_PHASES);
    program_run(&plain, "growth", "phases", FIVE_PHASES);
    ck_assert_str_eq(p.text, plain.text);
    program_clear(&plain);
}
END_TEST

START_TEST(a_language_that_is_not_there)
{
    p.environment[0] = "LC_ALL=de_DE.UTF-8";
    p.environment[1] = "LANG=de_DE.UTF-8";
    program_run(&p, "models", "stpk");
    assert_code(&p, 0);
    assert_contains(p.text, "0.256");
}
END_TEST

START_TEST(a_wrong_data_folder)
{
    p.environment[0] = "GEARS_DATA=/nonexistent";
    program_run(&p, "data");
    check_one_complaint(1, "GEARS_DATA is /nonexistent");
    program_run(&p, "growth", "compare", FIVE_PHASES);
    check_one_complaint(1, "GEARS_DATA is /nonexistent");
    ck_assert_ptr_null(strstr(p.errors, ".yaml:")); /* the scenario is not to blame */
    program_run(&p, "growth", "phases", SOLOW);     /* needs no data */
    assert_code(&p, 0);
}
END_TEST

START_TEST(another_data_folder)
{
    char data[TESTING_PATH];
    ck_assert_int_eq(mkdir(in_folder("series"), 0777), 0);
    testing_write(in_folder("series/mine.csv"), "# My series\n# unit: million persons\nyear,value\n1900,1\n1950,2.5\n");
    snprintf(data, sizeof data, "GEARS_DATA=%.4000s", folder);
    p.environment[0] = data;
    program_run(&p, "data", "mine", "--json");
    assert_code(&p, 0);
    json_t *answer = answer_of("data"), *series = json_object_get(answer, "series");
    ck_assert_str_eq(json_string_value(json_object_get(series, "unit")), "million persons");
    ck_assert_double_eq(json_number_value(json_array_get(json_object_get(series, "value"), 1)), 2.5);
    json_decref(answer);
    program_run(&p, "data", "world_population");
    assert_code(&p, 2);
}
END_TEST

START_TEST(from_another_folder_and_by_a_link)
{
    char root[TESTING_PATH], scenario[TESTING_PATH], here[TESTING_PATH];
    ck_assert_ptr_nonnull(getcwd(root, sizeof root));
    ck_assert_int_eq(symlink(getenv("GEARS"), in_folder("link")), 0);
    p.folder = folder;
    p.path = testing_path(here, folder, "link");
    program_run(&p, "growth", "compare", testing_path(scenario, root, "scenarios/kremer.yaml"));
    assert_code(&p, 0);
    assert_contains(p.text, "world_population_kremer1993");
}
END_TEST

/* PREFIX/bin/gears with PREFIX/share/gears/, as `make install` leaves them, in a prefix that nobody was told of. */
static void install(char program[TESTING_PATH])
{
    char root[TESTING_PATH], target[TESTING_PATH + 16];
    size_t length;
    char *bytes = testing_read(getenv("GEARS"), &length);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_ptr_nonnull(getcwd(root, sizeof root));
    ck_assert_int_eq(mkdir(in_folder("bin"), 0777) + mkdir(in_folder("share"), 0777), 0);
    ck_assert_int_eq(mkdir(in_folder("share/gears"), 0777) + mkdir(in_folder("home"), 0777), 0);
    snprintf(target, sizeof target, "%s/data", root);
    ck_assert_int_eq(symlink(target, in_folder("share/gears/data")), 0);
    snprintf(target, sizeof target, "%s/scenarios", root);
    ck_assert_int_eq(symlink(target, in_folder("share/gears/scenarios")), 0);
    testing_write_bytes(testing_path(program, folder, "bin/gears"), bytes, length);
    ck_assert_int_eq(chmod(program, 0755), 0);
    free(bytes);
}

START_TEST(an_installed_program_finds_its_data_and_scenarios)
{
    char program[TESTING_PATH], home[TESTING_PATH];
    install(program);
    p.path = program;
    p.folder = testing_path(home, folder, "home");
    program_run(&p, "growth", "compare", "kremer");
    assert_code(&p, 0);
    assert_contains(p.text, "world_population_kremer1993");
    testing_write(in_folder("home/mine.yaml"), "extends: kremer.yaml\ntitle: Mine\n");
    program_run(&p, "growth", "phases", "mine.yaml");
    assert_code(&p, 0);
    assert_contains(p.text, "Mine");
    /* a file of that name comes first */
    testing_write(in_folder("home/kremer.yaml"), "kind: growth\nmodel: jones\ntime: {from: 0, to: 100}\n");
    program_run(&p, "growth", "phases", "mine.yaml");
    assert_code(&p, 0);
    assert_contains(p.text, "model jones");
    program_run(&p, "growth", "phases", "./solow.yaml"); /* a path is a path */
    assert_code(&p, 3);
    assert_contains(p.errors, "./solow.yaml: cannot be opened");
    program_run(&p, "growth", "phases", "solo");
    assert_code(&p, 3);
}
END_TEST

START_TEST(scenarios_beside_another_data_folder)
{
    char data[TESTING_PATH];
    ck_assert_int_eq(mkdir(in_folder("data"), 0777) + mkdir(in_folder("scenarios"), 0777), 0);
    testing_write(in_folder("scenarios/theirs.yaml"), "kind: growth\nmodel: jones\ntime: {from: 0, to: 100}\n");
    snprintf(data, sizeof data, "GEARS_DATA=%.4000s/data", folder);
    p.environment[0] = data;
    program_run(&p, "growth", "phases", "theirs");
    assert_code(&p, 0);
    assert_contains(p.text, "model jones");
}
END_TEST

/* A file that one scenario names stays where that scenario meant it, whichever folder the program runs in and whoever
 * extends the scenario. */
START_TEST(files_are_found_beside_the_scenario_that_names_them)
{
    char scenario[TESTING_PATH];
    ck_assert_int_eq(mkdir(in_folder("a"), 0777), 0);
    ck_assert_int_eq(mkdir(in_folder("b"), 0777), 0);
    testing_write(in_folder("a/mine.csv"), "# unit: million persons\nyear,value\n1900,110\n1950,150\n");
    testing_write(in_folder("a/base.yaml"),
                  "kind: growth\nmodel: solow\ntime: {from: 1800, to: 2000}\n"
                  "initial: {K: 290, A: 2, P: 100}\ncompare: [{file: mine.csv, variable: P}]\n");
    testing_write(in_folder("b/over.yaml"), "extends: ../a/base.yaml\n");
    program_run(&p, "growth", "compare", testing_path(scenario, folder, "b/over.yaml"));
    assert_code(&p, 0);
    assert_contains(p.text, "mine");
    /* the merged scenario, written elsewhere, still finds it */
    program_run(&p, "scenario", scenario);
    assert_code(&p, 0);
    testing_write(testing_path(scenario, folder, "merged.yaml"), p.text);
    program_run(&p, "growth", "compare", scenario);
    assert_code(&p, 0);
    assert_contains(p.text, "mine");
}
END_TEST

/* --- the same again ---------------------------------------------------------------------------------------------- */

static const char *const shipped[] = {"five-phases", "frontier", "fast-automation", "slow-automation",
                                      "solow",       "jones",    "kremer",          "hyperbola"};

START_TEST(a_merged_scenario_reads_back)
{
    struct program again = {0};
    char original[TESTING_PATH], copy[TESTING_PATH], name[64];
    snprintf(original, sizeof original, "scenarios/%s.yaml", shipped[_i]);
    snprintf(name, sizeof name, "%s.yaml", shipped[_i]);
    program_run(&p, "scenario", original);
    assert_code(&p, 0);
    testing_write(testing_path(copy, folder, name), p.text);
    program_run(&again, "scenario", copy);
    assert_code(&again, 0);
    ck_assert_str_eq(again.text, p.text);
    program_run(&p, "scenario", "--json", original);
    program_run(&again, "scenario", "--json", copy);
    ck_assert_str_eq(again.text, p.text);
    program_run(&p, "growth", "phases", "--json", original);
    program_run(&again, "growth", "phases", "--json", copy);
    assert_code(&p, 0);
    ck_assert_str_eq(again.text, p.text);
    program_clear(&again);
}
END_TEST

/* series.csv of every run of a folder, by name, in one text; the caller frees. */
static char *all_series(const char *out)
{
    char file[TESTING_PATH], command[2 * TESTING_PATH];
    testing_path(file, folder, "joined");
    snprintf(command, sizeof command, "cd '%.4000s' && tail -n +1 series*.csv > '%.4000s'", out, file);
    ck_assert_int_eq(system(command), 0);
    char *text = testing_read(file, NULL);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(strlen(text), 10000);
    return text;
}

START_TEST(the_same_bytes_whatever_the_number_of_threads)
{
    static const char *const threads[] = {"1", "2", "7", "1"};
    char *first = NULL, *first_json = NULL;
    for (size_t i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "out%zu", i);
        program_run(&p, "run", "scenarios/slow-automation.yaml", NO_FIGURES, "--threads", threads[i], "--out",
                    in_folder(name));
        assert_code(&p, 0);
        char *series = all_series(in_folder(name));
        program_run(&p, "growth", "phases", "--json", "scenarios/slow-automation.yaml", "--threads", threads[i]);
        assert_code(&p, 0);
        if (!first) {
            first = series;
            first_json = strdup(p.text);
            continue;
        }
        ck_assert_str_eq(series, first);
        ck_assert_str_eq(p.text, first_json);
        free(series);
    }
    free(first);
    free(first_json);
}
END_TEST

START_TEST(the_output_grid_changes_no_result)
{
    struct program fine = {0};
    program_run(&p, "growth", "phases", "--json", FIVE_PHASES);
    program_run(&fine, "growth", "phases", "--json", FIVE_PHASES, "--set", "time.output=0.7");
    assert_code(&p, 0);
    ck_assert_str_eq(fine.text, p.text);
    program_clear(&fine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    TCase *c = tcase_create("cli");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, every_command_explains_itself);
    tcase_add_test(c, help_of_a_command_is_its_own_help);
    tcase_add_test(c, help_lists_every_command);
    tcase_add_test(c, help_of_a_group_lists_its_commands);
    tcase_add_test(c, version);
    tcase_add_loop_test(c, every_command_answers_in_json, 0, N_CALLS);
    tcase_add_test(c, json_of_growth_runs);
    tcase_add_test(c, warnings_leave_json_alone);
    tcase_add_loop_test(c, wrong_usage, 0, sizeof mistakes / sizeof mistakes[0]);
    tcase_add_test(c, good_settings);
    tcase_add_test(c, the_last_setting_wins);
    tcase_add_test(c, a_run_that_fails);
    tcase_add_test(c, where_a_run_failed_is_said_in_years);
    tcase_add_test(c, a_file_that_is_not_there);
    tcase_add_test(c, a_bad_file_among_good_ones_writes_nothing);
    tcase_add_test(c, a_run_that_fails_among_good_ones);
    tcase_add_test(c, run_writes_to_out_by_itself);
    tcase_add_test(c, several_files_have_a_folder_each);
    tcase_add_test(c, summary_says_what_was_done);
    tcase_add_test(c, columns_of_a_series);
    tcase_add_test(c, rows_stand_on_their_dates);
    tcase_add_test(c, a_strange_folder_is_refused);
    tcase_add_test(c, a_summary_of_someone_else_is_not_ours);
    tcase_add_test(c, our_own_folder_is_replaced);
    tcase_add_loop_test(c, only_run_and_out_write, FIRST_READER, N_CALLS);
    tcase_add_test(c, an_explicit_out_writes);
    tcase_add_test(c, quiet);
    tcase_add_test(c, without_gnuplot);
    tcase_add_loop_test(c, interrupted_before_anything_is_done, 0, 2);
    tcase_add_test(c, interrupted_between_runs);
    tcase_add_loop_test(c, interrupted_while_drawing, 0, 3);
    tcase_add_loop_test(c, standard_output_that_cannot_be_written, 0, N_CALLS);
    tcase_add_test(c, closed_standard_output_spoils_no_file);
    tcase_add_test(c, version_that_cannot_be_written);
    tcase_add_test(c, a_full_disk);
    tcase_add_test(c, a_folder_that_cannot_be_made);
    tcase_add_test(c, numbers_do_not_hang_on_the_locale);
    tcase_add_test(c, a_language_that_is_not_there);
    tcase_add_test(c, a_wrong_data_folder);
    tcase_add_test(c, another_data_folder);
    tcase_add_test(c, from_another_folder_and_by_a_link);
    tcase_add_test(c, an_installed_program_finds_its_data_and_scenarios);
    tcase_add_test(c, scenarios_beside_another_data_folder);
    tcase_add_test(c, files_are_found_beside_the_scenario_that_names_them);
    tcase_add_loop_test(c, a_merged_scenario_reads_back, 0, sizeof shipped / sizeof shipped[0]);
    tcase_add_test(c, the_same_bytes_whatever_the_number_of_threads);
    tcase_add_test(c, the_output_grid_changes_no_result);
    suite_add_tcase(suite, c);
    return testing_main(suite);
}
