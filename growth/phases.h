/* Growth phases: which stretches of a run are exponential, super- or sub-exponential, and when.
 *
 * g = d ln Y/dt; local exponent B = d ln g/d ln Y = (dg/dt)/g^2, both from the model's own derivatives. One parameter,
 * the contrast kappa (default 1.35), says how different two growth rates must be to count as different:
 *
 *   1. Levels. Turning points of ln g whose prominence is at least ln kappa; shelves inside a rise or fall (interior
 *      minima of |B| that are nearly flat, |B| <= 0.3, with |B| higher by 0.15 or more on both sides, whose growth
 * differs from the neighbouring levels by kappa); and the ends of the run where they are nearly flat and growth stays
 * there while output doubles, or for a quarter of the run.
 *   2. An exponential phase is the stretch around a level in which growth stays within a factor kappa^(1/3) of it. So
 *      neighbouring phases never overlap.
 *   3. Between levels growth rises or falls. Where it changes by less than a factor 2.5 that is a transition, else a
 *      super- or sub-exponential phase of its own.
 *   4. The rise into a blow-up is one super-exponential phase from where growth leaves the last level. A shelf or dip
 * on that rise only counts if B exceeds 0.3 again after it, or growth falls there by a factor 2.5: otherwise it is part
 * of the rise.
 *
 * docs/phases.md has the reasons and the measured robustness.
 */
#ifndef GEARS_GROWTH_PHASES_H
#define GEARS_GROWTH_PHASES_H

#include "growth/simulate.h"

enum phase_kind { PHASE_SUB_EXPONENTIAL, PHASE_EXPONENTIAL, PHASE_SUPER_EXPONENTIAL };
enum phase_pace { PACE_FIRST, PACE_FASTER, PACE_SLOWER };

enum { PHASES_MAX = 32, CAUSES_MAX = MODEL_MAX_DRIVERS + 1 };

struct phase {
    double from, to; /* years */
    enum phase_kind kind;
    enum phase_pace pace;           /* against the mean growth of the phase before */
    double growth;                  /* ln(Y_to/Y_from)/years, 1/year; INFINITY into a blow-up */
    double doubling_years;          /* ln 2/growth; NAN where growth is not positive or infinite */
    double local_exponent;          /* mean B: change of ln g over change of ln Y; NAN where g <= 0 at an end */
    double centre, centre_growth;   /* the level's date and growth; middle in time for the other kinds */
    size_t limits[MODEL_MAX_FLOWS]; /* per flow: the input with the largest mean share over the phase */
};

struct phase_transition {
    double from, to;      /* end of one phase, start of the next; equal where they touch */
    size_t before, after; /* indices of the phases; SIZE_MAX: none on that side */
    int direction;        /* sign of the change of growth over the window */
    double window_from,
        window_to; /* between the centres of the two phases (or where growth is 2.5 times off the boundary's) */
    double change; /* of g over the window, 1/year */
    double contributions[CAUSES_MAX];                  /* its split by cause (see cause_name); sums to change */
    size_t driver_causes[CAUSES_MAX], n_driver_causes; /* causes that carry at least 30 %, largest first */
    size_t switch_causes[16], n_switch_causes;         /* indices of the trajectory's switches in the window */
};

/* When growth of something peaked and had fallen half way, before the slower phase: phase 4 is said to come after a
 * delay. */
struct phase_lag {
    double peak, half; /* years; NAN: no fall there */
};
struct phase_lags {
    bool measured; /* the model has P and S, and there is a slower exponential phase after a faster one */
    size_t phase;  /* the slower one */
    struct phase_lag population, science, output;
};

struct phase_table {
    struct phase phases[PHASES_MAX];
    size_t n_phases;
    struct phase_transition transitions[PHASES_MAX];
    size_t n_transitions; /* n_phases - 1, or 0 */
    struct phase_lags lags;
};

struct phase_options {
    double contrast; /* kappa > 1; 0: 1.35 */
};

/* Fill *out from a finished trajectory. STATUS_FAILED: more than PHASES_MAX phases, memory, bad contrast. */
enum status phases_find(const struct trajectory *t, const struct phase_options *options, struct phase_table *out,
                        struct error *e);

/* Start of the phase of machines, given the date of parity at which they do half of research (infinite or NAN:
 * unknown): the first super-exponential phase, not the table's first phase, that lasts beyond it; else the last phase
 * if it is super-exponential. INFINITY: there is none. */
double phases_onset(const struct phase_table *table, double parity);

const char *phase_kind_name(enum phase_kind kind); /* "super-exponential" */
const char *phase_pace_name(enum phase_pace pace); /* "faster" */

/* What can change growth in a run: the model's drivers, and its interventions where it has any. */
size_t cause_count(const struct simulation *s);
const char *cause_name(const struct simulation *s, size_t i);

/* Name of a switch in words: "technology: intelligence -> science", into buffer. */
char *switch_name(const struct model *m, const struct bottleneck_switch *w, char *buffer, size_t size);

#endif
