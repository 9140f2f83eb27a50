/* Scenario files; what is read is written, and read again to the same tree. */
#include "config/config.h"
#include "growth/scenario.h"
#include "tests/fuzz/fuzzing.h"

/* libfyaml 0.7.12 does not free its list of the pieces of a quoted text with over eight escapes ('' for one). Its
 * frames have no names, so every leak below it is passed over here; ours are seen by tests/test_config.c under `make
 * asan`. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

static void check_round_trip(const struct config *c)
{
    char *text = NULL;
    size_t length = 0;
    struct config *again = NULL;
    struct error e = {0};
    FILE *stream = open_memstream(&text, &length);
    MUST(stream);
    MUST(config_write(c, stream, &e) == STATUS_OK);
    fclose(stream);
    if (config_read_text(text, length, "scenarios/again.yaml", growth_schema, NULL, 0, &again, &e) != STATUS_OK) {
        fprintf(stderr, "%d:%d: %s\n%s\n", e.line, e.column, e.message, text);
        abort();
    }
    json_t *first = config_to_json(c), *second = config_to_json(again);
    MUST(first && second && json_equal(first, second));
    json_decref(first);
    json_decref(second);
    config_free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *c = NULL;
    struct error e = {0};
    enum status status =
        config_read_text((const char *)data, size, "scenarios/fuzz.yaml", growth_schema, NULL, 0, &c, &e);
    must_be_said(status, &e);
    if (!status)
        check_round_trip(c);
    config_free(c);
    return 0;
}
