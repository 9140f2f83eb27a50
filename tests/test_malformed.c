/* Files that are wrong, given to the program: code 3, one line with the place where the mistake stands, nothing else.
 *
 * Each file of tests/malformed begins with what must be said about it:
 *     # expect [FILE:]LINE:COLUMN part of the message
 * FILE, relative to tests/malformed, where the mistake stands in another file (a base, a user's CSV). What cannot begin
 * with a comment (empty, cut off, enormous, ...) is made here. */
#include "growth/scenario.h"
#include "tests/program.h"
#include "tests/testing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CORPUS "tests/malformed"
enum { MOST_FILES = 1000, LEAST_FILES = 60, SECONDS = 20 };

static char *names[MOST_FILES];
static int n_names;
static char folder[TESTING_PATH], path[TESTING_PATH];
static struct program p;

static void setup(void)
{
    testing_folder(folder);
    p = (struct program){.seconds = SECONDS};
}

static void teardown(void)
{
    program_clear(&p);
}

static int is_scenario(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".yaml") == 0;
}

static void list_corpus(void)
{
    struct dirent **entries;
    int n = scandir(CORPUS, &entries, is_scenario, alphasort);
    for (int i = 0; i < n; i++) {
        if (n_names < MOST_FILES)
            names[n_names++] = strdup(entries[i]->d_name);
        free(entries[i]);
    }
    if (n > 0)
        free(entries);
}

static void forget_corpus(void)
{
    while (n_names > 0)
        free(names[--n_names]);
}

/* Run a scenario that is wrong: one line on standard error that begins with `place` and holds `says`. */
static void check_refused(const char *file, const char *place, const char *says)
{
    char out[TESTING_PATH], start[TESTING_PATH + 16];
    testing_path(out, folder, "out");
    program_run(&p, "run", file, "--out", out);
    assert_code(&p, 3);
    ck_assert_str_eq(p.text, "");
    ck_assert_msg(program_count_lines(p.errors) == 1, "not one line: %.600s", p.errors);
    snprintf(start, sizeof start, "gears: %s", place);
    ck_assert_msg(strncmp(p.errors, start, strlen(start)) == 0, "expected '%s...' instead of: %s", start, p.errors);
    assert_contains(p.errors, says);
    ck_assert(!testing_exists(out));
}

/* --- the corpus -------------------------------------------------------------------------------------------------- */

START_TEST(corpus_is_there)
{
    ck_assert_int_ge(n_names, LEAST_FILES);
    ck_assert_int_lt(n_names, MOST_FILES);
}
END_TEST

START_TEST(file_of_the_corpus)
{
    char file[512], first[512], where[256], place[1024];
    int end = 0;
    snprintf(file, sizeof file, CORPUS "/%s", names[_i]);
    FILE *stream = fopen(file, "rb");
    ck_assert(stream && fgets(first, sizeof first, stream));
    fclose(stream);
    first[strcspn(first, "\n")] = 0;
    ck_assert_msg(sscanf(first, "# expect %255s %n", where, &end) == 1 && end > 0, "%s does not say what to expect",
                  file);
    ck_assert_msg(strlen(first + end) >= 3, "%s does not say what message to expect", file);
    /* LINE:COLUMN, or FILE:LINE:COLUMN */
    if (strchr(where, ':') != strrchr(where, ':'))
        snprintf(place, sizeof place, CORPUS "/%s: ", where);
    else
        snprintf(place, sizeof place, "%s:%s: ", file, where);
    check_refused(file, place, first + end);
}
END_TEST

/* --- files made here --------------------------------------------------------------------------------------------- */

#define HEAD "kind: growth\nmodel: stpk\ntime: {from: 1800, to: 2000}\n"

/* Write the text into a file and see it refused at LINE:COLUMN. */
static void check_text(const char *text, size_t length, const char *where, const char *says)
{
    char place[TESTING_PATH + 64];
    testing_write_bytes(testing_path(path, folder, "bad.yaml"), text, length);
    snprintf(place, sizeof place, "%s:%s: ", path, where);
    check_refused(path, place, says);
}

START_TEST(nothing_in_it)
{
    static const struct {
        const char *text;
        size_t length;
        const char *where, *says;
    } cases[] = {
        {"", 0, "1:1", "holds nothing"},
        {"\n\n\n", 3, "1:1", "holds nothing"},
        {"# only a comment\n", 17, "1:1", "holds nothing"},
        {"---\n", 4, "1:1", "holds nothing"},
        {"\xef\xbb\xbf", 3, "1:1", "holds nothing"},
        {"~\n", 2, "1:1", "expected a map"},
        {"{}\n", 3, "1:1", "'kind' is missing"},
        {"\0\0\0\0", 4, "1:1", "control character 0x00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_text(cases[i].text, cases[i].length, cases[i].where, cases[i].says);
}
END_TEST

START_TEST(a_folder)
{
    char place[TESTING_PATH + 64];
    snprintf(place, sizeof place, "%s: is a folder, not a file", folder);
    check_refused(folder, place, "");
}
END_TEST

START_TEST(an_unreadable_file)
{
    char place[TESTING_PATH + 64];
    if (geteuid() == 0)
        testing_skip("root may read everything");
    testing_write(testing_path(path, folder, "bad.yaml"), HEAD);
    ck_assert_int_eq(chmod(path, 0), 0);
    snprintf(place, sizeof place, "%s: cannot be opened", path);
    check_refused(path, place, "");
}
END_TEST

START_TEST(a_pipe)
{
    char place[TESTING_PATH + 64];
    ck_assert_int_eq(mkfifo(testing_path(path, folder, "bad.yaml"), 0666), 0);
    snprintf(place, sizeof place, "%s: is a device or pipe, not a file", path);
    check_refused(path, place, "");
}
END_TEST

/* `unit` over and over, to a size of just under the limit, after HEAD or alone. */
static char *repeat(const char *head, const char *unit, size_t size)
{
    size_t n = strlen(unit), used = strlen(head);
    char *text = malloc(size + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, head, used);
    for (; used < size; used += n)
        memcpy(text + used, unit, used + n <= size ? n : size - used);
    text[size] = 0;
    return text;
}

enum { LIMIT = 1 << 20 };

/* As large as is allowed, and hard on a parser. */
static const struct {
    const char *head, *unit, *where, *says;
} heavy[] = {
    {"", "[", "1:33", "nested deeper than the 32 levels allowed"},
    {"", "- ", "1:65", "nested deeper than the 32 levels allowed"},
    {"", "? ", "1:3", "a key must be a plain word"},
    {"", "\"", "1:3", "YAML: "},
    {"", "&a [", "1:1", "anchors"},
    {"", "*ab ", "1:1", "aliases"},
    {"", "!a [", "1:1", "tags"},
    {"", "a: ", "1:5", "YAML: "},
    {"", "---\n", "2:1", "a second document"},
    {"", "\n", "1:1", "holds nothing"},
    {HEAD "figures: [", "[levels],", "5:1", "YAML: "},
    {HEAD "title: ", "[ {a: 1}, ", "4:310", "nested deeper"},
    {HEAD "parameters: {", "a: 1,", "4:19", "duplicate key 'a'"},
};

START_TEST(as_large_as_allowed)
{
    char *text = repeat(heavy[_i].head, heavy[_i].unit, LIMIT);
    check_text(text, LIMIT, heavy[_i].where, heavy[_i].says);
    free(text);
}
END_TEST

START_TEST(a_map_with_a_hundred_thousand_keys)
{
    char *text = malloc(LIMIT), *end = text;
    ck_assert_ptr_nonnull(text);
    end += sprintf(end, HEAD "parameters:\n");
    for (int i = 0; end < text + LIMIT - 32; i++)
        end += sprintf(end, "  k%d: 1\n", i);
    check_text(text, (size_t)(end - text), "1005:3", "more than 1000 keys in one map");
    free(text);
}
END_TEST

START_TEST(an_enormous_file)
{
    char *text = repeat(HEAD, "# a comment of twenty bytes and more\n", 4 * LIMIT);
    check_text(text, (size_t)LIMIT + 1, "28342:17", "larger than the 1024 KiB allowed");
    check_text(text, (size_t)4 * LIMIT, "28342:17", "larger than the 1024 KiB allowed");
    free(text);
}
END_TEST

/* --- cut off and damaged ----------------------------------------------------------------------------------------- */

/* A bit of everything that a scenario may say, but nothing that takes time. */
static const char rich[] = "kind: growth\n"
                           "title: \"everything: \\\"a bit\\\" of it\"   # comment\n"
                           "model: stpk\n"
                           "time: {from: 10000 BCE, to: 2150, output: auto}\n"
                           "initial: {T: 1.5, P: 2.6}\n"
                           "parameters:\n"
                           "  capital_share: 0.256\n"
                           "  machine_efficiency: 4.42e-11\n"
                           "solver: {method: bdf, rtol: 1e-9, atol: 0, max_steps: 100000}\n"
                           "phases:\n"
                           "  contrast: 1.35\n"
                           "compare:\n"
                           "- {series: firstworld_gdp, variable: Y, from: 1500, score: false}\n"
                           "- file: data/good.csv\n"
                           "  variable: P\n"
                           "  unit: 'million persons'\n"
                           "interventions:\n"
                           "  - parameter: machine_efficiency\n"
                           "    ramp: {from: 2030, to: 2040}\n"
                           "    factor: 10\n"
                           "figures: [levels, growth, shares]\n"
                           "runs:\n"
                           "  - {name: base}\n"
                           "  - name: fr\xc3\xbcgal\n"
                           "    set: {parameters.child_cost: 24, \"compare[0].from\": 1600}\n";

static void write_good_data(void)
{
    char data[TESTING_PATH];
    ck_assert_int_eq(mkdir(testing_path(data, folder, "data"), 0777), 0);
    testing_write(testing_path(data, folder, "data/good.csv"), "year,value\n1900,1600\n1950,2500\n");
}

/* Within this process, so that thousands are quick and the sanitizers watch. Returns whether it was a good scenario. */
static bool read_damaged(const char *text, size_t length)
{
    struct scenario s;
    struct error e = {0};
    testing_write_bytes(testing_path(path, folder, "bad.yaml"), text, length);
    enum status status = scenario_read(path, NULL, 0, NULL, &s, &e);
    scenario_clear(&s);
    if (status == STATUS_OK)
        return true;
    ck_assert_msg(status == STATUS_BAD_INPUT && e.status == status && e.file[0] && e.line > 0 && e.column > 0 &&
                      e.message[0] && !strchr(e.message, '\n'),
                  "status %d, %s:%d:%d: %s\nof: %.*s", (int)status, e.file, e.line, e.column, e.message, (int)length,
                  text);
    return false;
}

START_TEST(cut_off_at_every_byte)
{
    size_t good = 0, n = strlen(rich);
    write_good_data();
    ck_assert(read_damaged(rich, n));
    for (size_t length = 0; length < n; length++)
        good += read_damaged(rich, length);
    /* cut at the end of a line, or within a word that means something short, it may still be a scenario */
    ck_assert_uint_gt(good, 5);
    ck_assert_uint_lt(good, n / 2);
}
END_TEST

START_TEST(cut_off_as_the_program_sees_it)
{
    static const struct {
        const char *upto, *where, *says; /* cut after the first occurrence */
    } cuts[] = {
        {"kind: growt", "1:7", "did you mean 'growth'?"},
        {"title: \"everything", "2:9", "YAML: double-quoted scalar without closing quote"},
        {"model: stp", "1:1", "'time' is missing"},
        {"time: {from: 10000 BCE", "5:1", "YAML"},
        {"machine_effic", "8:3", "YAML"},
        {"method: bdf", "10:1", "YAML"},
        {"compare:\n- {series: firstworld_g", "14:1", "YAML"},
        {"data/good.c", "14:3", "'variable' is missing"},
        {"unit: 'million", "16:10", "YAML"},
        {"    ramp: {from: 2030", "20:1", "YAML"},
        {"name: fr\xc3", "24:13", "is not UTF-8 text"},
    };
    write_good_data();
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        const char *at = strstr(rich, cuts[i].upto);
        ck_assert_ptr_nonnull(at);
        check_text(rich, (size_t)(at - rich) + strlen(cuts[i].upto), cuts[i].where, cuts[i].says);
    }
}
END_TEST

/* Bytes changed, doubled, dropped and swapped for others that mean something. */
START_TEST(damaged_at_random)
{
    static const char signs[] = "{}[]:,#&*!|>'\"%@`-?.~ \t\n\r\\0e9_=<\x80\xc3\xff";
    enum { ROUNDS = 1500 };
    uint64_t state = testing_seed();
    size_t n = strlen(rich);
    char *text = malloc(n + 64);
    ck_assert_ptr_nonnull(text);
    write_good_data();
    for (int round = 0; round < ROUNDS; round++) {
        size_t length = n;
        memcpy(text, rich, n);
        for (uint64_t k = 1 + testing_random(&state) % 4; k > 0; k--) {
            size_t at = testing_random(&state) % length;
            char sign = signs[testing_random(&state) % (sizeof signs - 1)];
            switch (testing_random(&state) % 3) {
            case 0:
                text[at] = sign;
                break;
            case 1:
                memmove(text + at, text + at + 1, --length - at);
                break;
            default:
                memmove(text + at + 1, text + at, length++ - at);
                text[at] = sign;
            }
        }
        read_damaged(text, length);
    }
    free(text);
}
END_TEST

int main(void)
{
    list_corpus();
    Suite *suite = suite_create("malformed");
    TCase *c = tcase_create("malformed");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, corpus_is_there);
    tcase_add_loop_test(c, file_of_the_corpus, 0, n_names);
    tcase_add_test(c, nothing_in_it);
    tcase_add_test(c, a_folder);
    tcase_add_test(c, an_unreadable_file);
    tcase_add_test(c, a_pipe);
    tcase_add_loop_test(c, as_large_as_allowed, 0, sizeof heavy / sizeof heavy[0]);
    tcase_add_test(c, a_map_with_a_hundred_thousand_keys);
    tcase_add_test(c, an_enormous_file);
    tcase_add_test(c, cut_off_at_every_byte);
    tcase_add_test(c, cut_off_as_the_program_sees_it);
    tcase_add_test(c, damaged_at_random);
    suite_add_tcase(suite, c);
    int code = testing_main(suite);
    forget_corpus();
    return code;
}
