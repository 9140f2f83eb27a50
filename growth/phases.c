#include "growth/phases.h"

#include "growth/causes.h"
#include "growth/profile.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double DEFAULT_CONTRAST = 1.35;
static const double FLAT = 0.3;              /* |B| up to here is nearly flat */
static const double SHELF_PROMINENCE = 0.15; /* in B */
static const double PHASE_FACTOR = 2.5;      /* a rise or fall by more than this is a phase, not a transition */

enum { LEVELS_MAX = 2 * PHASES_MAX };

/* A growth rate around which the run stays for a while. */
struct level {
    double tau, level, exponent;
    bool turning;    /* a turning point of growth; else a shelf or a flat end */
    double from, to; /* tau: the stretch within the band */
};

struct finder {
    const struct trajectory *t;
    struct profile profile;
    double contrast; /* ln kappa */
    struct level levels[LEVELS_MAX];
    size_t n_levels;
    double last; /* tau of the end of the run */
    bool blows_up;
};

/* Interior extrema of v[0..n) (v times `stride` doubles apart) that alternate and differ by at least `swing` from their
 * neighbours. Indices into out; returns how many, at most `most`. *first_is_high says what the first one is. */
static size_t find_turns(const double *v, size_t stride, size_t n, double swing, size_t *out, size_t most,
                         bool *first_is_high)
{
    size_t low = 0, high = 0, count = 0;
    int direction = 0; /* 0: not known yet, +1: rising from a low, -1: falling from a high */
    for (size_t i = 1; i < n && count < most; i++) {
        double value = v[i * stride];
        if (value > v[high * stride])
            high = i;
        if (value < v[low * stride])
            low = i;
        bool fell = direction >= 0 && value <= v[high * stride] - swing;
        bool rose = direction <= 0 && value >= v[low * stride] + swing;
        if (!fell && !rose)
            continue;
        size_t turn = fell ? high : low;
        if (turn > 0) {
            if (count == 0)
                *first_is_high = fell;
            out[count++] = turn;
        }
        direction = fell ? -1 : 1;
        low = high = i;
    }
    return count;
}

static void add_level(struct finder *f, double tau, bool turning)
{
    if (f->n_levels == LEVELS_MAX)
        return;
    struct profile_point point = profile_at(&f->profile, tau);
    f->levels[f->n_levels++] =
        (struct level){.tau = tau, .level = point.level, .exponent = point.exponent, .turning = turning};
}

/* Refine an extremum of growth (or exponent) found at stored point i, sign = +1 for a minimum. */
static double refine(const struct finder *f, size_t i, enum profile_what what, int sign)
{
    const struct profile_point *points = f->profile.points;
    size_t a = i > 0 ? i - 1 : i, b = i + 1 < f->profile.n ? i + 1 : i;
    return profile_minimise(&f->profile, points[a].tau, points[b].tau, what, sign);
}

/* Does B exceed the flat band again after stored point i? */
static bool accelerates_after(const struct finder *f, size_t i)
{
    for (; i < f->profile.n; i++)
        if (f->profile.points[i].exponent > FLAT)
            return true;
    return false;
}

/* Shelves strictly between stored points a < b, between which growth rises (direction +1) or falls (-1). */
static enum status add_shelves(struct finder *f, size_t a, size_t b, int direction, bool into_blow_up, struct error *e)
{
    size_t n = b - a + 1, turns[LEVELS_MAX], count;
    double *signed_exponent = malloc(n * sizeof *signed_exponent);
    if (!signed_exponent)
        return error_memory(e);
    for (size_t i = 0; i < n; i++)
        signed_exponent[i] = direction * f->profile.points[a + i].exponent;
    bool first_is_high = false;
    count = find_turns(signed_exponent, 1, n, SHELF_PROMINENCE, turns, LEVELS_MAX, &first_is_high);
    for (size_t k = first_is_high ? 1 : 0; k < count; k += 2) {
        size_t i = a + turns[k];
        bool nearly_flat = signed_exponent[turns[k]] <= FLAT;
        if (nearly_flat && !(into_blow_up && !accelerates_after(f, i)))
            add_level(f, refine(f, i, PROFILE_EXPONENT, direction), false);
    }
    free(signed_exponent);
    return STATUS_OK;
}

/* Outwards from tau to where growth leaves the band around `level`; limit: the end of the run on that side. */
static double band_edge(const struct finder *f, double tau, double level, int direction, double limit)
{
    const struct profile *p = &f->profile;
    double width = f->contrast / 3, inside = tau;
    size_t i = 0;
    while (i < p->n && p->points[i].tau < tau)
        i++;
    if (direction < 0)
        i--; /* for i = 0 it wraps round and ends the loop */
    for (; i<p->n; i += direction> 0 ? 1u : (size_t)-1) {
        double off = p->points[i].level - level;
        if (fabs(off) > width)
            return profile_solve_level(p, inside, p->points[i].tau, level + copysign(width, off));
        inside = p->points[i].tau;
    }
    return limit;
}

/* A nearly flat end of the run is a level if growth stays there: while output doubles, or for a quarter of the run. */
static void add_flat_end(struct finder *f, size_t i)
{
    const struct profile *p = &f->profile;
    const struct profile_point *end = &p->points[i], *first = &p->points[0], *last = &p->points[p->n - 1];
    if (fabs(end->exponent) > FLAT || (f->blows_up && (i > 0 || !accelerates_after(f, i))))
        return;
    struct profile_point edge =
        profile_at(p, band_edge(f, end->tau, end->level, i ? -1 : 1, i ? first->tau : last->tau));
    bool doubles = fabs(edge.log_output - end->log_output) >= log(2);
    if (doubles || fabs(edge.year - end->year) >= 0.25 * (last->year - first->year))
        add_level(f, end->tau, false);
}

/* Of the turning points, those left when the dips of a rise into a blow-up are taken out: after B has exceeded the flat
 * band for the last time, a fall too small to be a phase does not end the rise. */
static size_t drop_final_dips(const struct finder *f, const size_t *turns, size_t count, bool first_is_high)
{
    const struct profile_point *points = f->profile.points;
    while (f->blows_up && count >= 2) {
        size_t high = turns[count - 2], low = turns[count - 1];
        bool pair = first_is_high == (count % 2 == 0);
        bool small = points[high].level - points[low].level < log(PHASE_FACTOR);
        if (!pair || !small || accelerates_after(f, high))
            break;
        count -= 2;
    }
    return count;
}

static enum status find_levels(struct finder *f, struct error *e)
{
    const struct profile *p = &f->profile;
    size_t turns[LEVELS_MAX + 2], count;
    bool high = false;
    count = find_turns(&p->points[0].level, sizeof p->points[0] / sizeof(double), p->n, f->contrast, turns, PHASES_MAX,
                       &high);
    count = drop_final_dips(f, turns, count, high);
    if (count == 0)
        high = p->points[p->n - 1].level >= p->points[0].level;
    add_flat_end(f, 0);
    size_t a = 0;
    for (size_t k = 0; k <= count; k++, high = !high) {
        size_t b = k < count ? turns[k] : p->n - 1;
        enum status status = add_shelves(f, a, b, high ? 1 : -1, f->blows_up && k == count, e);
        if (status)
            return status;
        if (k < count)
            add_level(f, refine(f, b, PROFILE_LEVEL, high ? -1 : 1), true);
        a = b;
    }
    if (f->t->run.outcome == RESCALED_REACHED)
        add_flat_end(f, p->n - 1);
    return STATUS_OK;
}

/* Of two neighbouring levels that are too much alike only one counts: a turning point before a shelf or an end, else
 * the flatter one. */
static void merge_levels(struct finder *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n_levels; i++) {
        struct level *last = kept ? &f->levels[kept - 1] : NULL, next = f->levels[i];
        if (!last || fabs(next.level - last->level) >= f->contrast) {
            next.from = next.to = next.tau;
            f->levels[kept++] = next;
            continue;
        }
        bool better = next.turning != last->turning ? next.turning : fabs(next.exponent) < fabs(last->exponent);
        double from = last->from;
        if (better)
            *last = next;
        last->from = from; /* the phase covers both */
        last->to = next.tau;
    }
    f->n_levels = kept;
}

static double year_at(const struct finder *f, double tau)
{
    return profile_at(&f->profile, tau).year;
}

/* The input with the largest share, averaged over time, for each flow. */
static void set_limits(const struct finder *f, double tau_from, double tau_to, struct phase *phase)
{
    const struct simulation *s = &f->t->simulation;
    const struct ode_solution *sol = &f->t->run.solution;
    double sum[MODEL_MAX_FLOWS * MODEL_MAX_INPUTS] = {0}, share[MODEL_MAX_FLOWS * MODEL_MAX_INPUTS],
                                 p[MODEL_MAX_PARAMS], x[MODEL_MAX_STATES], year, before;
    if (!s->model->n_flows)
        return;
    trajectory_at_tau(f->t, tau_from, x, &before);
    for (size_t k = 0; k < sol->pieces; k++) {
        double a = fmax(sol->knot[k], tau_from), b = fmin(sol->knot[k + 1], tau_to);
        if (b <= a)
            continue;
        double after;
        trajectory_at_tau(f->t, b, x, &after);
        trajectory_at_tau(f->t, 0.5 * (a + b), x, &year);
        simulation_parameters(s, year, p);
        s->model->shares(p, x, share);
        for (size_t i = 0; i < s->model->n_flows * MODEL_MAX_INPUTS; i++)
            sum[i] += (after - before) * share[i];
        before = after;
    }
    for (size_t flow = 0; flow < s->model->n_flows; flow++)
        for (size_t i = 1; i < s->model->flows[flow].n_inputs; i++)
            if (sum[flow * MODEL_MAX_INPUTS + i] > sum[flow * MODEL_MAX_INPUTS + phase->limits[flow]])
                phase->limits[flow] = i;
}

/* Append a phase over [tau_from, tau_to]; `level` for an exponential one. */
static enum status add_phase(const struct finder *f, double tau_from, double tau_to, enum phase_kind kind,
                             const struct level *level, struct phase_table *out, struct error *e)
{
    if (out->n_phases == PHASES_MAX)
        return error_set(e, STATUS_FAILED, "more than %d growth phases: raise the contrast", PHASES_MAX);
    struct profile_point a = profile_at(&f->profile, tau_from), b = profile_at(&f->profile, tau_to);
    bool singular = tau_to >= f->last && f->t->run.outcome != RESCALED_REACHED;
    struct phase *phase = &out->phases[out->n_phases];
    *phase = (struct phase){.from = a.year, .to = singular ? f->t->run.date : b.year, .kind = kind};
    phase->growth = singular ? (f->blows_up ? INFINITY : -INFINITY) : (b.log_output - a.log_output) / (b.year - a.year);
    phase->doubling_years = phase->growth > 0 && isfinite(phase->growth) ? log(2) / phase->growth : NAN;
    phase->local_exponent =
        a.growth > 0 && b.growth > 0 ? log(b.growth / a.growth) / (b.log_output - a.log_output) : NAN;
    double centre = level ? level->tau : trajectory_tau(f->t, 0.5 * (a.year + b.year));
    struct profile_point middle = profile_at(&f->profile, centre);
    phase->centre = middle.year;
    phase->centre_growth = middle.growth;
    phase->pace = PACE_FIRST;
    if (out->n_phases)
        phase->pace = phase->growth > phase[-1].growth ? PACE_FASTER : PACE_SLOWER;
    set_limits(f, tau_from, tau_to, phase);
    out->n_phases++;
    return STATUS_OK;
}

static void add_transition(const struct finder *f, double tau_from, double tau_to, size_t before, size_t after,
                           struct phase_table *out)
{
    struct phase_transition *transition = &out->transitions[out->n_transitions++];
    *transition = (struct phase_transition){
        .from = year_at(f, tau_from), .to = year_at(f, tau_to), .before = before, .after = after};
}

/* A rise or fall between levels: a phase of its own, or a transition. Returns whether it became a phase in *is_phase.
 */
static enum status add_stretch(const struct finder *f, double from, double to, bool *is_phase, struct phase_table *out,
                               struct error *e)
{
    double change = profile_at(&f->profile, to).level - profile_at(&f->profile, from).level;
    bool singular = to >= f->last && f->t->run.outcome != RESCALED_REACHED;
    *is_phase = to > from && (singular || fabs(change) >= log(PHASE_FACTOR));
    if (!*is_phase)
        return STATUS_OK;
    return add_phase(f, from, to, change > 0 ? PHASE_SUPER_EXPONENTIAL : PHASE_SUB_EXPONENTIAL, NULL, out, e);
}

/* A run without any level and with little change is one phase all the same. */
static enum status add_whole_run(const struct finder *f, struct phase_table *out, struct error *e)
{
    double first = f->profile.points[0].tau;
    struct profile_point a = profile_at(&f->profile, first), b = profile_at(&f->profile, f->last);
    double exponent = (b.level - a.level) / fmax(fabs(b.log_output - a.log_output), 1e-300);
    enum phase_kind kind = fabs(exponent) <= FLAT ? PHASE_EXPONENTIAL
                           : exponent > 0         ? PHASE_SUPER_EXPONENTIAL
                                                  : PHASE_SUB_EXPONENTIAL;
    return add_phase(f, first, f->last, kind, NULL, out, e);
}

/* Levels and the stretches between them, in order of time. */
static enum status compose(struct finder *f, struct phase_table *out, struct error *e)
{
    double first = f->profile.points[0].tau, cursor = first;
    for (size_t i = 0; i <= f->n_levels; i++) {
        struct level *level = i < f->n_levels ? &f->levels[i] : NULL;
        double begin = f->last;
        if (level) {
            begin = fmax(cursor, band_edge(f, level->from, level->level, -1, first));
            level->to = fmax(begin, band_edge(f, level->to, level->level, 1, f->last));
        }
        size_t before = out->n_phases ? out->n_phases - 1 : SIZE_MAX;
        bool is_phase = false;
        enum status status = add_stretch(f, cursor, begin, &is_phase, out, e);
        if (!status && level)
            status = add_phase(f, begin, level->to, PHASE_EXPONENTIAL, level, out, e);
        if (status)
            return status;
        if (is_phase && before != SIZE_MAX)
            add_transition(f, cursor, cursor, before, before + 1, out);
        if (is_phase && level)
            add_transition(f, begin, begin, out->n_phases - 2, out->n_phases - 1, out);
        bool something = level ? begin > first : begin > cursor;
        if (!is_phase && something && (level || before != SIZE_MAX))
            add_transition(f, cursor, begin, before, level ? out->n_phases - 1 : SIZE_MAX, out);
        cursor = level ? level->to : begin;
    }
    return out->n_phases ? STATUS_OK : add_whole_run(f, out, e);
}

enum status phases_find(const struct trajectory *t, const struct phase_options *options, struct phase_table *out,
                        struct error *e)
{
    memset(out, 0, sizeof *out);
    double contrast = options && options->contrast > 0 ? options->contrast : DEFAULT_CONTRAST;
    if (!(contrast > 1))
        return error_set(e, STATUS_FAILED, "the contrast of phases is %g: it must be above 1", contrast);
    struct finder f = {.t = t, .contrast = log(contrast), .blows_up = t->run.outcome == RESCALED_BLOW_UP};
    enum status status = profile_build(t, &f.profile, e);
    if (status)
        return status;
    f.last = f.profile.points[f.profile.n - 1].tau;
    status = find_levels(&f, e);
    merge_levels(&f);
    if (!status)
        status = compose(&f, out, e);
    if (!status)
        causes_attribute(&f.profile, out);
    if (!status)
        lags_measure(&f.profile, out);
    profile_clear(&f.profile);
    return status;
}

/* Not simply the last phase: on the way to a blow-up growth may pause for years. */
double phases_onset(const struct phase_table *table, double parity)
{
    size_t last = table->n_phases - 1;
    for (size_t k = 1; k < table->n_phases; k++) {
        const struct phase *p = &table->phases[k];
        bool outlasts = k == last || (isfinite(parity) && p->to > parity);
        if (outlasts && p->kind == PHASE_SUPER_EXPONENTIAL)
            return p->from;
    }
    return INFINITY;
}

const char *phase_kind_name(enum phase_kind kind)
{
    static const char *const names[] = {"sub-exponential", "exponential", "super-exponential"};
    return names[kind];
}

const char *phase_pace_name(enum phase_pace pace)
{
    static const char *const names[] = {"first", "faster", "slower"};
    return names[pace];
}

char *switch_name(const struct model *m, const struct bottleneck_switch *w, char *buffer, size_t size)
{
    const struct model_flow *flow = &m->flows[w->flow];
    snprintf(buffer, size, "%s: %s -> %s", flow->key, flow->inputs[w->from], flow->inputs[w->to]);
    return buffer;
}
