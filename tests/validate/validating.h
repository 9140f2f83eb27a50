/* What every validation program shares: long statistics whose trials are kept as they are finished, so that a program
 * that was stopped goes on where it was, and a table of results.
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct validation v;
 *         validation_begin(&v, argc, argv, "| case | measured | allowed |");
 *         for (...) {
 *             double value[2];
 *             if (!validation_recall(&v, "trial 7", value, 2)) {
 *                 ... long work ...
 *                 validation_keep(&v, "trial 7", value, 2);
 *             }
 *         }
 *         validation_row(&v, good, "| 1-1-1 | %.3f | 2 %% |", value[0]);
 *         return validation_end(&v);
 *     }
 */
#ifndef GEARS_TESTS_VALIDATE_VALIDATING_H
#define GEARS_TESTS_VALIDATE_VALIDATING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct validation {
    FILE *state; /* appended to; one line a trial: key, tab, numbers */
    char *kept;  /* all of it as it was at the start */
    int passed, failed;
};

/* argv[1]: the file in which trials are kept (NULL argument: nowhere). Prints the head of the Markdown table `columns`
 * ("| a | b |", with a last column for the verdict added). Exits with 2 when the file cannot be opened. */
void validation_begin(struct validation *v, int argc, char **argv, const char *columns);

/* The n numbers that an earlier run kept under `key` (no tab, no newline), bit for bit; false: there are none. */
bool validation_recall(const struct validation *v, const char *key, double *value, size_t n);
/* Keep them. Call it from one thread only. */
void validation_keep(struct validation *v, const char *key, const double *value, size_t n);

/* Print a row of the table, ending in "yes |" or "**no** |", and count it. */
void validation_row(struct validation *v, bool good, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The closing line "N passed, M failed, 0 skipped"; the exit code of main. */
int validation_end(struct validation *v);

#endif
