/* The generated pages say what the program says. */
#include "basin/experiment.h"
#include "config/config.h"
#include "growth/scenario.h"
#include "tests/testing.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* The last part of a page is the schema's own reference. */
static void check_page(const char *path, const struct config_field *schema)
{
    char *page = NULL, *reference = NULL;
    size_t page_length, length;
    FILE *stream = open_memstream(&reference, &length);
    config_write_reference(schema, stream);
    fclose(stream);
    ck_assert_int_eq(file_read(path, 1 << 20, &page, &page_length, NULL), STATUS_OK);
    ck_assert_uint_gt(page_length, length);
    ck_assert_msg(strcmp(page + page_length - length, reference) == 0, "%s: run make docs", path);
    free(page);
    free(reference);
}

START_TEST(scenario_files_page_is_current)
{
    check_page("docs/scenario-files.md", growth_schema);
}
END_TEST

START_TEST(experiment_files_page_is_current)
{
    check_page("docs/experiment-files.md", basin_schema);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("docs");
    TCase *pages = tcase_create("pages");
    tcase_add_test(pages, scenario_files_page_is_current);
    tcase_add_test(pages, experiment_files_page_is_current);
    suite_add_tcase(suite, pages);
    return testing_main(suite);
}
