#include "tests/testing.h"

#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Tests run in forked children; the count of skips is shared memory. */
static int *skips;
static char scratch[TESTING_PATH / 2];

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

int testing_main(Suite *suite)
{
    const char *parent = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/gears-test.XXXXXX", parent && parent[0] ? parent : "/tmp");
    skips = mmap(NULL, sizeof *skips, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (skips == MAP_FAILED || !mkdtemp(scratch))
        return EXIT_FAILURE;
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    int passed = srunner_ntests_run(runner) - failed - *skips;
    srunner_free(runner);
    nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
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

/* --- scratch files ------------------------------------------------------------------------------------------------ */

char *testing_folder(char buffer[TESTING_PATH])
{
    snprintf(buffer, TESTING_PATH, "%s/XXXXXX", scratch);
    if (!mkdtemp(buffer))
        ck_abort_msg("no scratch folder %s", buffer);
    return buffer;
}

char *testing_path(char buffer[TESTING_PATH], const char *folder, const char *name)
{
    int length = snprintf(buffer, TESTING_PATH, "%s/%s", folder, name);
    ck_assert(length > 0 && length < TESTING_PATH);
    return buffer;
}

void testing_write_bytes(const char *path, const void *bytes, size_t length)
{
    unlink(path); /* some file systems go to the disk when a file is overwritten */
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        ck_abort_msg("cannot write %s", path);
}

void testing_write(const char *path, const char *text)
{
    testing_write_bytes(path, text, strlen(text));
}

char *testing_read(const char *path, size_t *length)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    ck_assert_int_eq(fstat(fileno(file), &info), 0);
    size_t size = (size_t)info.st_size;
    char *text = malloc(size + 1);
    if (!text || fread(text, 1, size, file) != size)
        ck_abort_msg("cannot read %s", path);
    text[size] = 0;
    fclose(file);
    if (length)
        *length = size;
    return text;
}

bool testing_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

size_t testing_count_entries(const char *folder)
{
    size_t n = 0;
    DIR *directory = opendir(folder);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return n;
}

/* --- locale ------------------------------------------------------------------------------------------------------- */

static bool has_comma(void)
{
    return strcmp(localeconv()->decimal_point, ",") == 0;
}

/* Compile a locale of one's own: the system may have none but C, and its sources of locales may not be installed. */
static bool make_comma_locale(const char *folder)
{
    char path[TESTING_PATH], command[3 * TESTING_PATH];
    FILE *source = fopen(testing_path(path, folder, "comma.source"), "w");
    FILE *characters = fopen(testing_path(path, folder, "ascii"), "w");
    if (!source || !characters)
        ck_abort_msg("cannot write in %s", folder);
    fputs("LC_NUMERIC\ndecimal_point \"<U002C>\"\nthousands_sep \"<U002E>\"\ngrouping 3;3\nEND LC_NUMERIC\n", source);
    fputs("<code_set_name> ANSI_X3.4-1968\n<comment_char> %\n<escape_char> /\nCHARMAP\n", characters);
    for (unsigned c = 0; c < 128; c++)
        fprintf(characters, "<U%04X> /x%02x C%u\n", c, c, c);
    fputs("END CHARMAP\n", characters);
    fclose(source);
    fclose(characters);
    snprintf(command, sizeof command, "cd '%s' && localedef -c -i comma.source -f ./ascii ./comma >log 2>&1", folder);
    (void)!system(command); /* it complains about what is left out; what counts is whether the locale works */
    setenv("LOCPATH", folder, 1);
    return setlocale(LC_NUMERIC, "comma") && has_comma();
}

void testing_use_comma_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE",       "fr_FR.UTF-8",
                                        "nl_NL.UTF-8", "es_ES.UTF-8", "ru_RU.UTF-8"};
    char folder[TESTING_PATH];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (setlocale(LC_NUMERIC, names[i]) && has_comma())
            return;
    if (!make_comma_locale(testing_folder(folder)))
        testing_skip("no locale with a decimal comma, and none could be made");
}

/* --- random numbers ----------------------------------------------------------------------------------------------- */

uint64_t testing_seed(void)
{
    const char *given = getenv("TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed =
        given && given[0] ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
    printf("TEST_SEED=%" PRIu64 "\n", seed);
    return seed;
}

uint64_t testing_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
