#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Tests run in forked children; the count of skips is shared memory. */
static int *skips;

int testing_main(Suite *suite)
{
    skips = mmap(NULL, sizeof *skips, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (skips == MAP_FAILED)
        return EXIT_FAILURE;
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    int passed = srunner_ntests_run(runner) - failed - *skips;
    srunner_free(runner);
    printf("%d passed, %d failed, %d skipped\n", passed, failed, *skips);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

_Noreturn void testing_skip(const char *reason)
{
    printf("skipped: %s\n", reason);
    fflush(stdout);
    (*skips)++;
    exit(EXIT_SUCCESS);
}

void testing_assert_close(double a, double b, double tolerance, double floor, const char *what, const char *file,
                          int line)
{
    double scale = fmax(fabs(b), floor);
    if (!(fabs(a - b) <= tolerance * scale))
        ck_abort_msg("%s:%d: %s = %.15g, expected %.15g within %.3g (off by %.3g)", file, line, what, a, b,
                     tolerance * scale, a - b);
}
