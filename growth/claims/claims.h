/* Claims about growth, each tested on the data by one function that prints a verdict with numbers and draws the
 * picture, whichever way the verdict falls. A claim is one file here and one line in registry.c. */
#ifndef GEARS_GROWTH_CLAIMS_CLAIMS_H
#define GEARS_GROWTH_CLAIMS_CLAIMS_H

#include "base/error.h"
#include "base/reporter.h"
#include "growth/report.h"

#include <stdint.h>

enum verdict { VERDICT_HOLDS, VERDICT_IN_PART, VERDICT_FAILS, VERDICT_UNDECIDED };

struct claim_request {
    int threads; /* 0: one a processor */
    uint64_t seed;
    const struct reporter *reporter;
};

/* What a claim came to. */
struct claim_result {
    enum verdict verdict;
    char sentence[1200]; /* the verdict in one or two sentences with its numbers */
    json_t *numbers;     /* an object with everything behind it; owned by whoever called run */
};

struct claim {
    const char *name;  /* "a" */
    const char *title; /* the claim itself, one line */
    /* Test it: adds tables, sentences and figures to the report (not the heading, not the verdict) and fills *out. */
    enum status (*run)(const struct claim_request *q, struct report *r, struct claim_result *out, struct error *e);
};

extern const struct claim *const claim_registry[];
extern const size_t claim_registry_size;
const struct claim *claim_find(const char *name); /* NULL: no such name */
const char *verdict_name(enum verdict verdict);   /* "holds", "holds in part", "fails", "undecided" */

/* Run claims (n) into a report: for each a heading, its verdict, what it adds, and one element of `runs`
 * {name, title, verdict, sentence, numbers...}. STATUS_INTERRUPTED leaves the finished ones in the report. */
enum status claims_run(const struct claim *const *claims, size_t n, const struct claim_request *q, struct report *r,
                       struct error *e);

#endif
