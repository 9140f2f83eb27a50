/* Every model of the registry, at random parameters and states: its tables, and its evaluators against one another.
 * Setting TEST_SEED tries other points. */
#include "models/model.h"
#include "tests/testing.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 50, ATTEMPTS = 1000 };

/* --- random points ----------------------------------------------------------------------------------------------- */

struct point {
    const struct model *m;
    double p[MODEL_MAX_PARAMS], x[MODEL_MAX_STATES], f[MODEL_MAX_STATES];
};

static uint64_t random_state;

/* uniform in (-1, 1): splitmix64 */
static double random_signed(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return ldexp((double)(z >> 11), -52) - 1;
}

static void seed_random(const struct model *m)
{
    const char *text = getenv("TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    printf("%s: seed %llu\n", m->name, (unsigned long long)seed);
    random_state = seed;
}

static double clamp(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

/* Parameters within a third of their defaults (or of the range, where that is 0) and within their bounds. */
static void draw_parameters(const struct model *m, double *p)
{
    for (size_t i = 0; i < m->n_params; i++) {
        const struct param *q = &m->params[i];
        double reach = q->value != 0 ? fabs(q->value) : 0.1 * fmin(q->high - q->low, 1);
        p[i] = clamp(q->value + 0.33 * reach * random_signed(), q->low, q->high);
    }
}

static void default_start(const struct model *m, const double *p, double *x)
{
    struct error e;
    for (size_t i = 0; i < m->n_states; i++)
        x[i] = log(m->states[i].value);
    if (m->steady_state)
        ck_assert_int_eq(m->steady_state(p, x, &e), STATUS_OK);
}

/* A point of the model's domain around its own start; every fifth is the start itself, where some closed forms hold
 * only. */
static void draw_point(const struct model *m, int count, struct point *a)
{
    double reach = count % 5 ? 1.5 : 0;
    struct error e;
    a->m = m;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        draw_parameters(m, a->p);
        if (m->derive && m->derive(a->p, &e))
            continue;
        default_start(m, a->p, a->x);
        for (size_t i = 0; i < m->n_states; i++)
            a->x[i] += reach * random_signed();
        if (m->rhs(a->p, a->x, a->f) == 0)
            return;
    }
    ck_abort_msg("%s: no valid point in %d attempts", m->name, ATTEMPTS);
}

/* For `_i` = index of a model: every one of POINTS random points. */
#define FOR_EACH_POINT(a)                                                                                              \
    seed_random(model_registry[_i]);                                                                                   \
    struct point a;                                                                                                    \
    for (int a##_count = 0; a##_count < POINTS && (draw_point(model_registry[_i], a##_count, &(a)), true); a##_count++)

/* --- differences ------------------------------------------------------------------------------------------------- */

/* Richardson's extrapolation of central differences with steps h and h/2: error of order h^4. */
static double combine(const double *value, double h)
{
    double wide = (value[3] - value[0]) / (2 * h), narrow = (value[2] - value[1]) / h;
    return (4 * narrow - wide) / 3;
}
static const double offsets[4] = {-1, -0.5, 0.5, 1};
/* in log states; small beside the sharpest corner of a model (stpk's surplus, 0.05 wide) */
static const double STEP = 2.5e-4;

/* d f_i/d x_j */
static double difference_rate(const struct point *a, size_t i, size_t j)
{
    const double h = STEP;
    double x[MODEL_MAX_STATES], f[MODEL_MAX_STATES], value[4];
    for (int k = 0; k < 4; k++) {
        memcpy(x, a->x, sizeof x);
        x[j] += offsets[k] * h;
        ck_assert_int_eq(a->m->rhs(a->p, x, f), 0);
        value[k] = f[i];
    }
    return combine(value, h);
}

static double difference_scalar(const struct point *a, double (*scalar)(const struct point *, const double *), size_t j)
{
    const double h = STEP;
    double x[MODEL_MAX_STATES], value[4];
    for (int k = 0; k < 4; k++) {
        memcpy(x, a->x, sizeof x);
        x[j] += offsets[k] * h;
        value[k] = scalar(a, x);
    }
    return combine(value, h);
}

static double log_output_at(const struct point *a, const double *x)
{
    return a->m->log_output(a->p, x, NULL);
}

static double invariant_at(const struct point *a, const double *x)
{
    return a->m->invariant(a->p, x);
}

/* --- tables ------------------------------------------------------------------------------------------------------ */

static void check_text(const struct model *m, const char *text, const char *what)
{
    ck_assert_msg(text && *text, "%s: no %s", m->name, what);
}

/* lower case words joined by underscores */
static bool is_key_in_words(const char *key)
{
    return strspn(key, "abcdefghijklmnopqrstuvwxyz_") == strlen(key) && strlen(key) >= 3;
}

START_TEST(texts_are_there)
{
    const struct model *m = model_registry[_i];
    check_text(m, m->title, "title");
    check_text(m, m->equations, "equations");
    check_text(m, m->references, "references");
    ck_assert_ptr_eq(model_find(m->name), m);
    for (size_t i = 0; i < m->n_states; i++) {
        check_text(m, m->states[i].key, "key of a state");
        check_text(m, m->states[i].unit, "unit of a state");
        check_text(m, m->states[i].meaning, "meaning of a state");
        ck_assert_uint_eq(model_state_find(m, m->states[i].key), i);
    }
    for (size_t i = 0; i < m->n_outputs; i++) {
        check_text(m, m->outputs[i].unit, "unit of an output");
        check_text(m, m->outputs[i].meaning, "meaning of an output");
        ck_assert_uint_eq(model_output_find(m, m->outputs[i].key), i);
    }
    ck_assert_str_eq(m->outputs[0].key, "Y");
    for (size_t i = 0; i < m->n_drivers; i++)
        check_text(m, m->drivers[i], "name of a driver");
}
END_TEST

START_TEST(tables_fit)
{
    const struct model *m = model_registry[_i];
    ck_assert_uint_ge(m->n_states, 1);
    ck_assert_uint_le(m->n_states, MODEL_MAX_STATES);
    ck_assert_uint_le(m->n_params + m->n_derived, MODEL_MAX_PARAMS);
    ck_assert_uint_ge(m->n_outputs, 1);
    ck_assert_uint_le(m->n_outputs, MODEL_MAX_OUTPUTS);
    ck_assert_uint_le(m->n_flows, MODEL_MAX_FLOWS);
    ck_assert_uint_le(m->n_drivers, MODEL_MAX_DRIVERS);
    ck_assert(m->n_derived == 0 || m->derive);
    ck_assert((m->n_flows == 0) == !m->shares);
    ck_assert((m->n_drivers == 0) == !m->growth_drivers);
}
END_TEST

START_TEST(parameters_are_sane)
{
    const struct model *m = model_registry[_i];
    for (size_t i = 0; i < m->n_params; i++) {
        const struct param *q = &m->params[i];
        ck_assert_msg(is_key_in_words(q->key), "%s: key '%s' is not in words", m->name, q->key);
        check_text(m, q->symbol, "symbol");
        check_text(m, q->meaning, "meaning");
        ck_assert_msg(q->unit, "%s: %s has no unit", m->name, q->key);
        ck_assert_msg(q->low <= q->value && q->value <= q->high, "%s: default of %s out of bounds", m->name, q->key);
        ck_assert_uint_eq(param_find(m->params, m->n_params, q->key), i);
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(strcmp(q->symbol, m->params[k].symbol) != 0, "%s: two symbols %s", m->name, q->symbol);
    }
}
END_TEST

START_TEST(defaults_give_a_start)
{
    const struct model *m = model_registry[_i];
    double p[MODEL_MAX_PARAMS], x[MODEL_MAX_STATES], f[MODEL_MAX_STATES];
    struct error e;
    model_default_parameters(m, p);
    if (m->derive)
        ck_assert_int_eq(m->derive(p, &e), STATUS_OK);
    default_start(m, p, x);
    ck_assert_int_eq(m->rhs(p, x, f), 0);
    for (size_t i = 0; i < m->n_states; i++)
        ck_assert_msg(isfinite(x[i]) && isfinite(f[i]), "%s: no start for %s", m->name, m->states[i].key);
}
END_TEST

/* --- evaluators -------------------------------------------------------------------------------------------------- */

START_TEST(jacobian_is_the_derivative)
{
    FOR_EACH_POINT(a)
    {
        size_t n = a.m->n_states;
        double jac[MODEL_MAX_STATES * MODEL_MAX_STATES];
        ck_assert_int_eq(a.m->jacobian(a.p, a.x, jac), 0);
        for (size_t i = 0; i < n; i++) {
            double scale = fabs(a.f[i]);
            for (size_t j = 0; j < n; j++)
                scale = fmax(scale, fabs(jac[i * n + j]));
            for (size_t j = 0; j < n; j++)
                assert_close(jac[i * n + j], difference_rate(&a, i, j), 1e-7, scale);
        }
    }
}
END_TEST

START_TEST(output_is_log_linear)
{
    FOR_EACH_POINT(a)
    {
        double c[MODEL_MAX_STATES], out[MODEL_MAX_OUTPUTS];
        double value = a.m->log_output(a.p, a.x, c);
        for (size_t j = 0; j < a.m->n_states; j++)
            assert_close(c[j], difference_scalar(&a, log_output_at, j), 1e-9, 1);
        a.m->observe(a.p, a.x, out);
        assert_close(log(out[0]), value, 1e-12, 1);
    }
}
END_TEST

START_TEST(outputs_are_finite_and_consistent)
{
    FOR_EACH_POINT(a)
    {
        const struct model *m = a.m;
        double out[MODEL_MAX_OUTPUTS];
        m->observe(a.p, a.x, out);
        for (size_t i = 0; i < m->n_outputs; i++)
            ck_assert_msg(isfinite(out[i]), "%s: %s is %g", m->name, m->outputs[i].key, out[i]);
        size_t people = model_state_find(m, "P"), income = model_output_find(m, "y");
        if (people == m->n_states)
            continue;
        ck_assert_msg(income < m->n_outputs, "%s has people but no output per head", m->name);
        bool in_dollars = strcmp(m->outputs[0].unit, "billion 1990 int$") == 0;
        assert_close(out[income], (in_dollars ? 1000 : 1) * out[0] / exp(a.x[people]), 1e-12, 0);
    }
}
END_TEST

START_TEST(drivers_sum_to_the_change_of_growth)
{
    FOR_EACH_POINT(a)
    {
        double rate[MODEL_MAX_DRIVERS], g, slope, sum = 0, size = 0;
        if (!a.m->n_drivers)
            continue;
        ck_assert_int_eq(model_growth(a.m, a.p, a.x, a.f, &g, &slope), 0);
        ck_assert_int_eq(a.m->growth_drivers(a.p, a.x, a.f, rate), 0);
        for (size_t i = 0; i < a.m->n_drivers; i++) {
            sum += rate[i];
            size += fabs(rate[i]);
        }
        assert_close(sum, slope, 1e-11, size);
    }
}
END_TEST

START_TEST(shares_sum_to_one)
{
    FOR_EACH_POINT(a)
    {
        double share[MODEL_MAX_FLOWS * MODEL_MAX_INPUTS];
        if (!a.m->n_flows)
            continue;
        a.m->shares(a.p, a.x, share);
        for (size_t flow = 0; flow < a.m->n_flows; flow++) {
            double sum = 0;
            for (size_t i = 0; i < MODEL_MAX_INPUTS; i++) {
                double part = share[flow * MODEL_MAX_INPUTS + i];
                ck_assert_msg(part >= 0 && (i < a.m->flows[flow].n_inputs || part == 0), "%s: share %g of %s",
                              a.m->name, part, a.m->flows[flow].key);
                sum += part;
            }
            assert_close(sum, 1, 1e-12, 0);
        }
    }
}
END_TEST

START_TEST(invariant_is_constant)
{
    FOR_EACH_POINT(a)
    {
        double change = 0, size = 0, value = a.m->invariant ? fabs(a.m->invariant(a.p, a.x)) : 0;
        for (size_t j = 0; j < a.m->n_states && a.m->invariant; j++) {
            double slope = difference_scalar(&a, invariant_at, j);
            change += slope * a.f[j];
            size += (fabs(slope) + value) * fabs(a.f[j]); /* the value's rounding shows in the slope */
        }
        ck_assert_msg(fabs(change) <= 1e-8 * size, "%s: dI/dt = %g, terms of %g", a.m->name, change, size);
    }
}
END_TEST

/* A time over which a model that starts at `a` does something, and that ends before the blow-up. */
static double draw_time(const struct point *a)
{
    double fastest = 1e-3;
    for (size_t i = 0; i < a->m->n_states; i++)
        fastest = fmax(fastest, fabs(a->f[i]));
    double span = 5 / fastest, blow_up = a->m->exact_blow_up ? a->m->exact_blow_up(a->p, a->x) : INFINITY;
    return fmin(span, 0.9 * blow_up) * (0.55 + 0.45 * random_signed());
}

START_TEST(exact_solution_obeys_the_equations)
{
    FOR_EACH_POINT(a)
    {
        const struct model *m = a.m;
        double x[4][MODEL_MAX_STATES], middle[MODEL_MAX_STATES], f[MODEL_MAX_STATES], value[4];
        if (!m->exact || !m->exact(a.p, a.x, 0, middle))
            continue;
        for (size_t i = 0; i < m->n_states; i++)
            assert_close(middle[i], a.x[i], 1e-14, 1);
        double t = draw_time(&a), h = 1e-3 * t;
        ck_assert(m->exact(a.p, a.x, t, middle));
        ck_assert_int_eq(m->rhs(a.p, middle, f), 0);
        for (int k = 0; k < 4; k++)
            ck_assert(m->exact(a.p, a.x, t + offsets[k] * h, x[k]));
        for (size_t i = 0; i < m->n_states; i++) {
            for (int k = 0; k < 4; k++)
                value[k] = x[k][i];
            assert_close(combine(value, h), f[i], 1e-8, 1 / t);
        }
    }
}
END_TEST

START_TEST(exact_solution_ends_at_the_blow_up)
{
    FOR_EACH_POINT(a)
    {
        double x[MODEL_MAX_STATES];
        if (!a.m->exact || !a.m->exact_blow_up || !a.m->exact(a.p, a.x, 0, x))
            continue;
        double blow_up = a.m->exact_blow_up(a.p, a.x);
        ck_assert_msg(blow_up > 0, "%s: blow-up after %g", a.m->name, blow_up);
        if (isinf(blow_up))
            continue;
        ck_assert(a.m->exact(a.p, a.x, blow_up * (1 - 1e-9), x));
        ck_assert(!a.m->exact(a.p, a.x, blow_up * (1 + 1e-9), x));
    }
}
END_TEST

int main(void)
{
    int n = (int)model_registry_size;
    Suite *suite = suite_create("models");
    TCase *tables = tcase_create("tables");
    tcase_add_loop_test(tables, texts_are_there, 0, n);
    tcase_add_loop_test(tables, tables_fit, 0, n);
    tcase_add_loop_test(tables, parameters_are_sane, 0, n);
    tcase_add_loop_test(tables, defaults_give_a_start, 0, n);
    suite_add_tcase(suite, tables);
    TCase *evaluators = tcase_create("evaluators");
    tcase_add_loop_test(evaluators, jacobian_is_the_derivative, 0, n);
    tcase_add_loop_test(evaluators, output_is_log_linear, 0, n);
    tcase_add_loop_test(evaluators, outputs_are_finite_and_consistent, 0, n);
    tcase_add_loop_test(evaluators, drivers_sum_to_the_change_of_growth, 0, n);
    tcase_add_loop_test(evaluators, shares_sum_to_one, 0, n);
    tcase_add_loop_test(evaluators, invariant_is_constant, 0, n);
    tcase_add_loop_test(evaluators, exact_solution_obeys_the_equations, 0, n);
    tcase_add_loop_test(evaluators, exact_solution_ends_at_the_blow_up, 0, n);
    suite_add_tcase(suite, evaluators);
    return testing_main(suite);
}
