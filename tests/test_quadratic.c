/* basin/quadratic.c against closed forms, one-dimensional quadrature, simulation, and tests/reference/quadratic.py. */
#include "basin/quadratic.h"
#include "tests/testing.h"

#include <gsl/gsl_deriv.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_bessel.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

/* Owns its arrays: changing a spectrum does not change another. */
struct spectrum {
    double eigenvalues[MOST], displacement[MOST];
    struct quadratic q;
};

static struct quadratic *spectrum_init(struct spectrum *s, size_t n, double variance)
{
    ck_assert_uint_le(n, MOST);
    memset(s, 0, sizeof *s);
    s->q = (struct quadratic){n, s->eigenvalues, s->displacement, 0, variance};
    return &s->q;
}

/* k eigenvalues lambda with displacement mu, then `zeros` zeros displaced by 3. */
static struct quadratic *isotropic(struct spectrum *s, size_t k, double lambda, double mu, size_t zeros,
                                   double variance)
{
    struct quadratic *q = spectrum_init(s, k + zeros, variance);
    for (size_t i = 0; i < k + zeros; i++) {
        s->eigenvalues[i] = i < k ? lambda : 0;
        s->displacement[i] = i < k ? mu : 3;
    }
    return q;
}

static struct spectrum s1, s2;

static double log_p(const struct quadratic *q, double threshold, double *log_q)
{
    struct quadratic_probability p;
    struct error e = {0};
    enum status status = quadratic_probability(q, threshold, &p, &e);
    ck_assert_msg(status == STATUS_OK, "%s", e.message);
    ck_assert_double_le(p.error, 1e-10);
    if (log_q)
        *log_q = p.log_complement;
    return p.log_probability;
}

/* 1e-10 of the probability, and of the logarithm where that is near 0. */
static void assert_log_close(double a, double b, const char *what, double at)
{
    double within = 1e-10 * fmin(1, fabs(b));
    ck_assert_msg(fabs(a - b) <= within, "%s at %g: %.17g, expected %.17g (off by %.2g)", what, at, a, b, a - b);
}

/* --- volumes without a prior ---------------------------------------------------------------------------------------*/

static double volume(const struct quadratic *q, double threshold)
{
    double value;
    ck_assert_int_eq(quadratic_volume(q, threshold, &value, NULL), STATUS_OK);
    return value;
}

START_TEST(bowls_of_known_size)
{
    struct quadratic *q = isotropic(&s1, 3, 0, 0, 0, 0);
    double T = .37;
    memcpy(s1.eigenvalues, (double[]){2.5, 1e-6, 7e5}, 3 * sizeof(double));
    q->n = 0;
    assert_close(volume(q, T), 0, 0, 1);
    q->n = 1;
    assert_close(volume(q, T), log(2 * sqrt(2 * T / 2.5)), 1e-15, 1);
    q->n = 2;
    assert_close(volume(q, T), log(M_PI * 2 * T / sqrt(2.5e-6)), 1e-15, 1);
    q->n = 3;
    assert_close(volume(q, T), log(4. / 3 * M_PI * pow(2 * T, 1.5) / sqrt(2.5e-6 * 7e5)), 1e-15, 1);
}
END_TEST

/* V_n = V_{n-2} 2 pi/n gives the unit ball of a million dimensions without the Gamma function. */
START_TEST(bowl_of_a_million_parameters)
{
    size_t n = 1000000;
    double *eigenvalues = malloc(n * sizeof *eigenvalues);
    long double expected = 0;
    for (size_t i = 0; i < n; i++) {
        eigenvalues[i] = pow(10, -12. * (double)i / (double)n);
        expected += logl(2 * .1L) / 2 - logl((long double)eigenvalues[i]) / 2;
    }
    for (size_t k = 2; k <= n; k += 2)
        expected += logl(2 * acosl(-1) / (long double)k);
    struct quadratic q = {.n = n, .eigenvalues = eigenvalues};
    assert_close(volume(&q, .1), (double)expected, 1e-12, 0);
    free(eigenvalues);
}
END_TEST

START_TEST(singular_bowl_is_infinite_and_saddle_is_refused)
{
    struct quadratic *q = isotropic(&s1, 4, 2, 0, 1, 1);
    double value;
    size_t rank;
    struct error e;
    ck_assert(isinf(volume(q, 1)) && volume(q, 1) > 0);
    ck_assert_int_eq(quadratic_volume_thrown_out(q, 1, &value, &rank, NULL), STATUS_OK);
    ck_assert_uint_eq(rank, 4);
    assert_close(value, log(M_PI * M_PI / 2) + 2 * log(2) - 2 * log(2), 1e-15, 1); /* V_4 = pi^2/2 */
    s1.eigenvalues[4] = 1e-9;
    ck_assert(isfinite(volume(q, 1)));
    s1.eigenvalues[2] = -1e-9;
    ck_assert_int_eq(quadratic_volume(q, 1, &value, &e), STATUS_REFUSED);
    ck_assert_str_eq(e.message, "1 negative eigenvalue (lowest -1e-09): a saddle has no basin, and no volume");
    ck_assert_int_eq(quadratic_volume_thrown_out(q, 1, &value, &rank, &e), STATUS_REFUSED);
    q->tolerance = 1e-9; /* both count as 0 */
    ck_assert(isinf(volume(q, 1)));
    ck_assert_uint_eq(quadratic_count(q).zero, 2);
}
END_TEST

START_TEST(added_terms_and_where_their_log_det_comes_from)
{
    struct quadratic *q = isotropic(&s1, 5, 0, 0, 0, .25);
    struct quadratic_regularised r, up, down;
    double lambda[] = {3, .5, 1e-4, 0, -.2}, wd = .3, T = .1, h = 1e-5;
    memcpy(s1.eigenvalues, lambda, sizeof lambda);
    ck_assert_int_eq(quadratic_volume_decay(q, T, wd, &r, NULL), STATUS_OK);
    assert_close(r.log_det, log(3.3 * .8 * .3001 * .3 * .1), 1e-14, 1);
    assert_close(r.own, log(3 * .5 * 1e-4 * .2), 1e-14, 1);
    assert_close(r.null, log(.3), 1e-15, 1);
    assert_close(r.lift, log(1.1 * 1.6 * 3001 * .5), 1e-13, 1);
    assert_close(r.log_volume, log(8 * M_PI * M_PI / 15) + 2.5 * log(2 * T) - r.log_det / 2, 1e-14, 1);
    ck_assert_uint_eq(r.dominated, 3);
    quadratic_volume_decay(q, T, wd * exp(h), &up, NULL);
    quadratic_volume_decay(q, T, wd * exp(-h), &down, NULL);
    assert_close(r.sensitivity, (up.log_det - down.log_det) / (2 * h), 1e-9, 1);

    struct error e;
    ck_assert_int_eq(quadratic_volume_decay(q, T, .1, &r, &e), STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.message, "lowest eigenvalue, -0.2, stays negative with the added 0.1"));
    ck_assert_int_eq(quadratic_volume_decay(q, T, 0, &r, NULL), STATUS_BAD_INPUT);
    /* 1/sigma^2 = 4: with beta = 30 the eigenvalue becomes -6 */
    ck_assert_int_eq(quadratic_volume_prior(q, T, 30, &r, &e), STATUS_REFUSED);
    ck_assert_int_eq(quadratic_volume_prior(q, T, 10, &r, NULL), STATUS_OK);
    assert_close(r.log_det, log(34. * 9 * 4.001 * 4 * 2), 1e-14, 1);
    assert_close(r.log_volume, log(8 * M_PI * M_PI / 15) + 2.5 * log(2 * 10 * T) - r.log_det / 2, 1e-14, 1);
}
END_TEST

/* With mu = 0 the transform is a Gaussian integral: exp K(beta) = sigma^-N det(beta H + 1/sigma^2)^-1/2. */
START_TEST(prior_row_is_the_gaussian_integral)
{
    struct quadratic *q = isotropic(&s1, 6, 1, 0, 3, .7);
    struct quadratic_regularised r;
    double k[QUADRATIC_DERIVATIVES];
    for (size_t i = 0; i < 6; i++)
        s1.eigenvalues[i] = pow(10, (double)i - 4);
    memset(s1.displacement, 0, sizeof s1.displacement);
    ck_assert_int_eq(quadratic_volume_prior(q, .2, 40, &r, NULL), STATUS_OK);
    ck_assert_int_eq(quadratic_cumulant(q, 40, k, NULL), STATUS_OK);
    assert_close(k[0], -(r.log_det + 9 * log(.7)) / 2, 1e-14, 1);
}
END_TEST

START_TEST(segment_is_cross_section_times_extent)
{
    struct quadratic *q = isotropic(&s1, 2, 8, 0, 3, 4);
    struct quadratic_segment s;
    double singular[] = {10, 0, .01};
    ck_assert_int_eq(quadratic_segment(q, .09, 3, singular, .1, &s, NULL), STATUS_OK);
    ck_assert_uint_eq(s.rank, 2);
    ck_assert_uint_eq(s.capped, 2); /* tol/s = .01, infinity, 10, against sigma = 2 */
    assert_close(s.log_cross_section, log(M_PI * 2 * .09 / 8), 1e-15, 1);
    assert_close(s.log_extent, log(4 * M_PI / 3 * .01 * 2 * 2), 1e-15, 1);
    assert_close(s.log_volume, s.log_cross_section + s.log_extent, 1e-15, 1);
    struct error e;
    ck_assert_int_eq(quadratic_segment(q, .09, 2, singular, .1, &s, &e), STATUS_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.message, "2 widths along the manifold for 3 null directions"));
    ck_assert_int_eq(quadratic_segment(q, .09, 3, (double[]){1, NAN, 1}, .1, &s, &e), STATUS_BAD_INPUT);
    ck_assert_int_eq(quadratic_segment(q, .09, 3, singular, 0, &s, &e), STATUS_BAD_INPUT);
    s1.eigenvalues[0] = -1;
    ck_assert_int_eq(quadratic_segment(q, .09, 3, singular, .1, &s, &e), STATUS_REFUSED);
}
END_TEST

/* theta -> c theta: lambda/c^2, wd/c^2, c sigma, c mu, s/c. A volume is multiplied by c^N, a probability by 1. */
START_TEST(rescaling_shows_the_wrong_power)
{
    struct quadratic *a = isotropic(&s1, 7, 1, .4, 5, .36), *b = isotropic(&s2, 7, 1, .4, 5, .36);
    double c = 10, T = .02, values[2], singular[2][5] = {{3, .1, 0, 1e-3, 40}};
    size_t rank;
    for (size_t i = 0; i < 12; i++) {
        s1.eigenvalues[i] *= exp(2 - (double)i);
        s2.eigenvalues[i] = s1.eigenvalues[i] / (c * c);
        s2.displacement[i] *= c;
    }
    for (size_t j = 0; j < 5; j++)
        singular[1][j] = singular[0][j] / c;
    b->variance *= c * c;
    quadratic_volume_thrown_out(a, T, &values[0], &rank, NULL);
    quadratic_volume_thrown_out(b, T, &values[1], &rank, NULL);
    assert_close(values[1] - values[0], 7 * log(c), 1e-13, 1);
    struct quadratic_regularised r[2];
    quadratic_volume_decay(a, T, .01, &r[0], NULL);
    quadratic_volume_decay(b, T, .01 / (c * c), &r[1], NULL);
    assert_close(r[1].log_volume - r[0].log_volume, 12 * log(c), 1e-13, 1);
    assert_close(r[1].sensitivity, r[0].sensitivity, 1e-14, 0);
    quadratic_volume_prior(a, T, 50, &r[0], NULL);
    quadratic_volume_prior(b, T, 50, &r[1], NULL);
    assert_close(r[1].log_volume - r[0].log_volume, 12 * log(c), 1e-13, 1);
    struct quadratic_segment s[2];
    quadratic_segment(a, T, 5, singular[0], .1, &s[0], NULL);
    quadratic_segment(b, T, 5, singular[1], .1, &s[1], NULL);
    assert_close(s[1].log_volume - s[0].log_volume, 12 * log(c), 1e-13, 1);
    assert_close(log_p(b, T, NULL), log_p(a, T, NULL), 1e-13, 0);
    a->n = b->n = 7;
    assert_close(volume(b, T) - volume(a, T), 7 * log(c), 1e-13, 1);
}
END_TEST

/* --- the transform -------------------------------------------------------------------------------------------------*/

struct derivative {
    const struct quadratic *q;
    int order;
};

static double cumulant_derivative(double beta, void *context)
{
    const struct derivative *d = context;
    double k[QUADRATIC_DERIVATIVES];
    ck_assert_int_eq(quadratic_cumulant(d->q, beta, k, NULL), STATUS_OK);
    return k[d->order];
}

START_TEST(cumulant_and_its_derivatives)
{
    struct quadratic *q = isotropic(&s1, 3, 0, 0, 2, .8);
    double lambda[] = {2, .1, -.05, 0, 0}, mu[] = {.7, -3, 1, 5, 0}, k[QUADRATIC_DERIVATIVES], value, error;
    memcpy(s1.eigenvalues, lambda, sizeof lambda);
    memcpy(s1.displacement, mu, sizeof mu);
    for (int order = 0; order + 1 < QUADRATIC_DERIVATIVES; order++) {
        struct derivative d = {q, order};
        gsl_function f = {cumulant_derivative, &d};
        gsl_deriv_central(&f, 1.5, 1e-2, &value, &error);
        quadratic_cumulant(q, 1.5, k, NULL);
        assert_close(k[order + 1], value, 1e-8, 0);
    }
    /* at 0: minus the mean and the variance of a sum of scaled non-central chi-squares */
    double mean = 0, variance = 0;
    for (size_t i = 0; i < 3; i++) {
        mean += lambda[i] * (.8 + mu[i] * mu[i]) / 2;
        variance += lambda[i] * lambda[i] * (.8 * .8 / 2 + .8 * mu[i] * mu[i]);
    }
    quadratic_cumulant(q, 0, k, NULL);
    assert_close(k[0], 0, 0, 1);
    assert_close(-k[1], mean, 1e-15, 0);
    assert_close(k[2], variance, 1e-15, 0);
    assert_close(quadratic_mean_loss(q), mean, 1e-15, 0);
    ck_assert_int_eq(quadratic_cumulant(q, 26, k, NULL), STATUS_REFUSED); /* 1 - 26 x .8 x .05 < 0 */
    ck_assert_int_eq(quadratic_cumulant(q, -1, k, NULL), STATUS_BAD_INPUT);
}
END_TEST

/* --- the exact inversion -------------------------------------------------------------------------------------------*/

/* ln of the regularised incomplete gamma functions, where neither underflows. */
static void gamma_logs(double a, double x, double *log_lower, double *log_upper)
{
    double p = gsl_sf_gamma_inc_P(a, x), q = gsl_sf_gamma_inc_Q(a, x);
    *log_lower = p < q ? log(p) : log1p(-q);
    *log_upper = p < q ? log1p(-p) : log(q);
}

/* ln P(a, x) = a ln x - x - ln Gamma(a + 1) + ln sum x^j/((a + 1) ... (a + j)), far below a. */
static double gamma_log_series(double a, double x)
{
    double term = 1, sum = 1;
    for (int j = 1; term > 1e-18 * sum; j++) {
        term *= x / (a + j);
        sum += term;
    }
    return a * log(x) - x - lgamma(a + 1) + log(sum);
}

START_TEST(equal_eigenvalues_give_the_incomplete_gamma)
{
    static const size_t dimensions[] = {1, 2, 3, 10, 1000};
    static const double shares[] = {1e-3, .03, .3, .7, .97, 1, 1.03, 1.4, 3, 10};
    double k = (double)dimensions[_i], lower, upper, log_q;
    struct quadratic *q = isotropic(&s1, dimensions[_i], 2.5, 0, 4, 1.7);
    for (size_t j = 0; j < sizeof shares / sizeof shares[0]; j++) {
        double x = shares[j] * k / 2, threshold = x * 2.5 * 1.7;
        if (k >= 100 && shares[j] >= 3) /* below the smallest number */
            continue;
        double p = log_p(q, threshold, &log_q);
        if (k * shares[j] < .5 * k) {
            assert_log_close(p, gamma_log_series(k / 2, x), "ln P", shares[j]);
            continue;
        }
        gamma_logs(k / 2, x, &lower, &upper);
        assert_log_close(p, lower, "ln P", shares[j]);
        assert_log_close(log_q, upper, "ln (1 - P)", shares[j]);
    }
}
END_TEST

START_TEST(tails_down_to_minus_5000)
{
    struct quadratic *q = isotropic(&s1, 1000, .01, 0, 24, 3);
    double depth = 0;
    double x = 400;
    while (depth > -6000) {
        depth = gamma_log_series(500, x);
        assert_close(log_p(q, x * .03, NULL), depth, 1e-13, 0);
        x /= 4;
    }
    q = isotropic(&s1, 1, 5, 0, 0, 1); /* one dimension: P = erf, ~ x^(1/2) */
    assert_close(log_p(q, 5e-300, NULL), gamma_log_series(.5, 1e-300), 1e-13, 0);
    for (int r = 2; r < 26; r += 4) { /* and upwards: 1 - P = erfc */
        double log_q;
        assert_close(log_p(q, 5 * r * r, &log_q), -erfc(r), r < 3 ? 1 : 1e-13, 0);
        assert_close(log_q, log(erfc(r)), 1e-13, 0);
    }
}
END_TEST

/* Non-central chi-square: Poisson weights (mean |mu|^2/2 sigma^2) on central ones with 2j more dimensions. */
static double noncentral_log(size_t k, double noncentrality, double x)
{
    double logs[3000], top = -INFINITY, sum = 0;
    for (int j = 0; j < 3000; j++) {
        double a = (double)k / 2 + j, mean = noncentrality / 2;
        double log_gamma = x < a ? gamma_log_series(a, x) : log(gsl_sf_gamma_inc_P(a, x));
        logs[j] = j * log(mean) - mean - lgamma(j + 1.) + log_gamma;
        top = fmax(top, logs[j]);
    }
    for (int j = 0; j < 3000; j++)
        sum += exp(logs[j] - top);
    return top + log(sum);
}

START_TEST(displaced_equal_eigenvalues_give_the_noncentral_chi_square)
{
    static const size_t dimensions[] = {1, 2, 3, 10, 1000};
    static const double distances[] = {.1, 2, 15}, shares[] = {1e-4, .05, .5, .98};
    size_t k = dimensions[_i];
    for (size_t d = 0; d < 3; d++) {
        double distance = distances[d], variance = .6, lambda = 3;
        struct quadratic *q = isotropic(&s1, k, lambda, distance * sqrt(variance / (double)k), 2, variance);
        for (size_t j = 0; j < 4; j++) {
            double x = shares[j] * ((double)k + distance * distance) / 2;
            double expected = noncentral_log(k, distance * distance, x);
            ck_assert_msg(fabs(log_p(q, x * lambda * variance, NULL) - expected) <
                              1e-10 * fmax(1, fabs(expected) / 100),
                          "k %zu, distance %g, share %g: %.15g, expected %.15g", k, distance, shares[j],
                          log_p(q, x * lambda * variance, NULL), expected);
        }
    }
}
END_TEST

/* Two distinct eigenvalues a (k of them), b (l): condition on the radius r of the second group. */
struct pair {
    double a, b, t, k, l;
};

static double pair_integrand(double r, void *context)
{
    const struct pair *p = context;
    double rest = p->t - p->b * r * r / 2;
    if (rest <= 0)
        return 0;
    double density = exp((p->l - 1) * log(r) - r * r / 2 - (p->l / 2 - 1) * M_LN2 - lgamma(p->l / 2));
    return density * gsl_sf_gamma_inc_P(p->k / 2, rest / p->a);
}

START_TEST(two_eigenvalues_agree_with_quadrature)
{
    static const struct pair pairs[] = {{1, 100, 1, 1, 1},    {1, 100, 30, 1, 1},    {3, 1e-4, .5, 1, 3},
                                        {2, 1, .3, 2, 2},     {1, 1e4, 90, 5, 1},    {1, 20, 40, 40, 5},
                                        {1, 2, 20, 12, 3},    {5, 1e-3, .02, 1, 40}, {1, 50, 300, 60, 4},
                                        {1, 1e6, 3e5, 30, 1}, {7, 1, 9, 3, 1}};
    gsl_integration_workspace *work = gsl_integration_workspace_alloc(2000);
    for (size_t j = 0; j < sizeof pairs / sizeof pairs[0]; j++) {
        struct pair p = pairs[j];
        size_t k = (size_t)p.k, n = k + (size_t)p.l;
        /* the second group's radius runs to where it has used up all of t; near there the first fills up */
        double value, error, edge = sqrt(2 * p.t / p.b), full = sqrt(2 * fmax(p.t - p.a * (p.k + 60), 0) / p.b);
        double points[] = {0, fmin(full, 30), fmin(edge, 40)};
        gsl_function f = {pair_integrand, &p};
        if (full > 0)
            gsl_integration_qagp(&f, points, 3, 0, 1e-12, 2000, work, &value, &error);
        else
            gsl_integration_qags(&f, 0, points[2], 0, 1e-12, 2000, work, &value, &error);
        struct quadratic *q = spectrum_init(&s1, n, 1);
        for (size_t i = 0; i < n; i++)
            s1.eigenvalues[i] = i < k ? p.a : p.b;
        double got = log_p(q, p.t, NULL);
        ck_assert_msg(fabs(exp(got) / value - 1) < 1e-10, "pair %zu: %.15g, quadrature %.15g (%.1g)", j, exp(got),
                      value, error);
    }
    gsl_integration_workspace_free(work);
}
END_TEST

struct row {
    double variance, threshold, log_p, log_q;
};

/* The next row of the table into s1; false at its end. */
static bool read_row(FILE *file, struct row *row)
{
    static char line[65536];
    char *at = line;
    if (!fgets(line, sizeof line, file))
        return false;
    at = strchr(line, ',');
    ck_assert_ptr_nonnull(at);
    double *fields[] = {&row->variance, &row->threshold, &row->log_p, &row->log_q};
    for (size_t j = 0; j < 4; j++)
        *fields[j] = strtod(at + 1, &at);
    size_t n = strtoul(at + 1, &at, 10);
    spectrum_init(&s1, n, row->variance);
    at++;
    for (size_t i = 0; i < 2 * n; i++)
        (i < n ? s1.eigenvalues : s1.displacement - n)[i] = strtod(at, &at);
    ck_assert_int_eq(*at, '\n');
    return true;
}

static FILE *open_table(void)
{
    char header[256];
    FILE *file = fopen("tests/reference/quadratic.csv", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(header, sizeof header, file));
    return file;
}

START_TEST(random_spectra_agree_with_the_reference)
{
    struct row row = {0};
    FILE *file = open_table();
    int rows = 0;
    for (; read_row(file, &row); rows++) {
        double log_q, p = log_p(&s1.q, row.threshold, &log_q);
        assert_log_close(p, row.log_p, "ln P of row", rows + 1);
        if (row.log_q > -600 && row.log_q < -1e-300)
            assert_log_close(log_q, row.log_q, "ln (1 - P) of row", rows + 1);
    }
    ck_assert_int_ge(rows, 60);
    fclose(file);
}
END_TEST

START_TEST(zero_eigenvalues_change_nothing)
{
    struct row row = {0};
    FILE *file = open_table();
    while (read_row(file, &row)) {
        struct quadratic_saddle one, other;
        size_t n = s1.q.n;
        spectrum_init(&s2, 2 * n, row.variance);
        for (size_t i = 0; i < n; i++) {
            s2.eigenvalues[2 * i + 1] = s1.eigenvalues[i];
            s2.displacement[2 * i + 1] = s1.displacement[i];
            s2.eigenvalues[2 * i] = 1e-30;
            s2.displacement[2 * i] = 1e3;
        }
        s2.q.tolerance = 1e-30;
        ck_assert_double_eq(log_p(&s1.q, row.threshold, NULL), log_p(&s2.q, row.threshold, NULL));
        quadratic_saddle(&s1.q, row.threshold, &one, NULL);
        quadratic_saddle(&s2.q, row.threshold, &other, NULL);
        ck_assert_double_eq(one.log_probability, other.log_probability);
    }
    fclose(file);
}
END_TEST

START_TEST(flat_loss_contains_everything)
{
    struct quadratic *q = isotropic(&s1, 0, 0, 0, 3, 1);
    double log_q;
    struct quadratic_saddle saddle;
    ck_assert_double_eq(log_p(q, 1e-9, &log_q), 0);
    ck_assert(isinf(log_q) && log_q < 0);
    ck_assert_int_eq(quadratic_saddle(q, 1, &saddle, NULL), STATUS_OK);
    assert_close(saddle.log_probability, 1 - log(2 * M_PI) / 2, 1e-15, 1); /* Stirling's 0! */
    ck_assert_int_eq(quadratic_saddle_plain(q, 1, &saddle, NULL), STATUS_REFUSED);
    q->n = 0;
    ck_assert_double_eq(log_p(q, 1, NULL), 0);
}
END_TEST

static double bessel_k0(double u, void *context)
{
    (void)context;
    return gsl_sf_bessel_K0(u / 2) / (2 * M_PI);
}

/* The product of two normals has density K0/pi, and so has x^2 - y^2 with halved argument. */
START_TEST(negative_eigenvalues_are_inverted_too)
{
    struct quadratic *q = isotropic(&s1, 2, 1, 0, 0, 1);
    gsl_integration_workspace *work = gsl_integration_workspace_alloc(1000);
    gsl_function f = {bessel_k0, NULL};
    s1.eigenvalues[1] = -1;
    for (int j = 0; j < 10; j++) {
        double value, error, t = 1e-3 * pow(3, j);
        gsl_integration_qags(&f, 0, 2 * t, 0, 1e-12, 1000, work, &value, &error);
        assert_close(exp(log_p(q, t, NULL)), .5 + value, 1e-10, 0);
    }
    gsl_integration_workspace_free(work);
    s1.eigenvalues[0] = -2;
    ck_assert_double_eq(log_p(q, 1, NULL), 0);
}
END_TEST

START_TEST(a_million_directions)
{
    size_t n = 1000000;
    double *eigenvalues = malloc(n * sizeof *eigenvalues), lower, upper;
    for (size_t i = 0; i < n; i++)
        eigenvalues[i] = 2;
    struct quadratic q = {n, eigenvalues, NULL, 0, .5};
    for (int percent = 99; percent <= 101; percent++) {
        double x = percent * (double)n / 200;
        gamma_logs((double)n / 2, x, &lower, &upper);
        assert_close(log_p(&q, x, NULL), lower, 1e-10, 0);
    }
    double x = 1000;
    assert_close(log_p(&q, x, NULL), gamma_log_series((double)n / 2, x), 1e-14, 0);
    free(eigenvalues);
}
END_TEST

/* A small ball has the prior's density at the minimum times its volume. */
START_TEST(small_bowls_are_volume_times_density)
{
    struct quadratic *q = isotropic(&s1, 6, 1, .9, 0, 2);
    double squares = 0;
    for (size_t i = 0; i < 6; i++) {
        s1.eigenvalues[i] = pow(10, (double)i - 3);
        squares += s1.displacement[i] * s1.displacement[i];
    }
    double density = -3 * log(2 * M_PI * 2) - squares / 4;
    assert_close(log_p(q, 1e-14, NULL), volume(q, 1e-14) + density, 1e-12, 1);
}
END_TEST

/* Frequencies of 200,000 draws, within 4 standard errors. */
START_TEST(simulation_agrees)
{
    enum { DRAWS = 200000, N = 12 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 4 + (unsigned long)_i);
    struct quadratic *q = spectrum_init(&s1, N, .5);
    double thresholds[3], hits[3] = {0};
    for (size_t i = 0; i < N; i++) {
        s1.eigenvalues[i] = i < 3 ? 0 : pow(10, gsl_ran_flat(rng, -2, 2));
        s1.displacement[i] = _i * gsl_ran_gaussian(rng, .5);
    }
    for (size_t j = 0; j < 3; j++)
        thresholds[j] = quadratic_mean_loss(q) * (double[]){.1, .5, 1.5}[j];
    for (int draw = 0; draw < DRAWS; draw++) {
        double loss = 0;
        for (size_t i = 0; i < N; i++) {
            double x = gsl_ran_gaussian(rng, sqrt(.5)) - s1.displacement[i];
            loss += s1.eigenvalues[i] * x * x / 2;
        }
        for (size_t j = 0; j < 3; j++)
            hits[j] += loss <= thresholds[j];
    }
    for (size_t j = 0; j < 3; j++) {
        double p = exp(log_p(q, thresholds[j], NULL)), deviation = hits[j] / DRAWS - p;
        ck_assert_double_gt(hits[j], 100);
        ck_assert_msg(fabs(deviation) < 4 * sqrt(p * (1 - p) / DRAWS), "%g of draws, P %g", hits[j] / DRAWS, p);
    }
    gsl_rng_free(rng);
}
END_TEST

/* --- saddle points -------------------------------------------------------------------------------------------------*/

/* Small T: Stirling's formula, whose error is 1/12m - 1/360m^3 + ... with m = k/2 and k/2 + 1. */
START_TEST(bias_of_saddles_with_equal_eigenvalues_is_stirlings)
{
    static const size_t dimensions[] = {1, 2, 3, 10, 100, 1000};
    for (size_t j = 0; j < 6; j++) {
        double k = (double)dimensions[j];
        struct quadratic *q = isotropic(&s1, dimensions[j], 4, 0, 5, 2);
        struct quadratic_saddle plain, better;
        double T = 1e-9, p = log_p(q, T, NULL);
        quadratic_saddle_plain(q, T, &plain, NULL);
        quadratic_saddle(q, T, &better, NULL);
        assert_close(plain.dimension, k, 1e-6, 0);
        assert_close(plain.stated_bias, 1 / (6 * k), 1e-6, 0);
        assert_close(plain.next_term, -1 / (6 * k), 1e-6, 0);
        assert_close(better.stated_bias, 1 / (6 * k + 12), 1e-6, 0);
        assert_close(better.next_term, -1 / (6 * k + 12), 1e-6, 0);
        double m = k / 2, next = 1 / (360 * m * m * m), after = 1 / (1260 * pow(m, 5)), round = 1e-15 * fabs(p);
        double bias = plain.log_probability - p;
        ck_assert_double_le(bias, 1 / (6 * k) - next + after + round + 1e-9 / k);
        ck_assert_double_ge(bias, 1 / (6 * k) - next - round - 1e-9 / k);
        m = k / 2 + 1, next = 1 / (360 * m * m * m), after = 1 / (1260 * pow(m, 5));
        bias = better.log_probability - p;
        ck_assert_double_le(bias, 1 / (6 * k + 12) - next + after + round + 1e-9 / k);
        ck_assert_double_ge(bias, 1 / (6 * k + 12) - next - round - 1e-9 / k);
    }
}
END_TEST

/* Random spectra of all kinds. The bounds are of the leading term: what follows it is given A_2^-2/20. */
START_TEST(saddles_keep_within_their_bounds)
{
    uint64_t seed = testing_seed();
    for (int trial = 0; trial < 400; trial++) {
        size_t n = 1 + testing_random(&seed) % 60;
        double decades = (double)(testing_random(&seed) % 13), reach = trial % 2 ? 0 : (double)(trial % 8);
        struct quadratic *q = spectrum_init(&s1, n, 1);
        for (size_t i = 0; i < n; i++) {
            s1.eigenvalues[i] = pow(10, -decades * (double)(testing_random(&seed) >> 11) * 0x1p-53);
            s1.displacement[i] = reach * ((double)(testing_random(&seed) >> 11) * 0x1p-53 - .5);
        }
        double share = pow(10, 1 - 8 * (double)(testing_random(&seed) >> 11) * 0x1p-53);
        double T = share * quadratic_mean_loss(q), p = log_p(q, T, NULL), excess, a2;
        struct quadratic_saddle saddle;
        ck_assert_int_eq(quadratic_saddle(q, T, &saddle, NULL), STATUS_OK);
        excess = saddle.log_probability - p;
        a2 = 1 + saddle.dimension / 2;
        ck_assert_msg(excess < saddle.too_high + .05 / (a2 * a2) && -excess < saddle.too_low + .05 / (a2 * a2),
                      "n %zu, share %g: (ii) off by %g, bounds %g %g", n, share, excess, saddle.too_high,
                      saddle.too_low);
        ck_assert_msg(fabs(excess + saddle.next_term) < .15 / (a2 * a2), "n %zu, share %g: off by %g, computed %g", n,
                      share, excess, -saddle.next_term);
        enum status status = quadratic_saddle_plain(q, T, &saddle, NULL);
        ck_assert_int_eq(status, share < 1 ? STATUS_OK : STATUS_REFUSED);
        if (status != STATUS_OK || saddle.dimension < 5)
            continue;
        double b2 = saddle.dimension / 2;
        excess = saddle.log_probability - p;
        ck_assert_msg(fabs(excess + saddle.next_term) < 1.5 / (b2 * b2), "n %zu, share %g: (i) off by %g, computed %g",
                      n, share, excess, -saddle.next_term);
        ck_assert_msg(excess < saddle.too_high + 3 / (b2 * b2) && -excess < saddle.too_low + 3 / (b2 * b2),
                      "n %zu, share %g: (i) off by %g, bounds %g %g", n, share, excess, saddle.too_high,
                      saddle.too_low);
    }
}
END_TEST

/* Equal eigenvalues at half the mean loss: p = 1/2 at the saddle, B_2 = k/8, and the bias is (1 - p + p^2/12)/B_2. */
START_TEST(bias_of_the_plain_saddle_below_the_mean)
{
    struct quadratic *q = isotropic(&s1, 1000, 4, 0, 5, 2);
    struct quadratic_saddle plain;
    ck_assert_int_eq(quadratic_saddle_plain(q, 2000, &plain, NULL), STATUS_OK);
    assert_close(plain.dimension, 250, 1e-12, 0);
    assert_close(plain.next_term, -1. / 240, 1e-12, 0);
    assert_close(plain.log_probability - log_p(q, 2000, NULL), 1. / 240, .02, 0);
}
END_TEST

START_TEST(plain_saddle_is_refused_above_the_mean)
{
    struct quadratic *q = isotropic(&s1, 4, 1, 1, 1, 1);
    struct quadratic_saddle saddle;
    struct error e;
    ck_assert_int_eq(quadratic_saddle_plain(q, 3.999, &saddle, &e), STATUS_OK);
    ck_assert_int_eq(quadratic_saddle_plain(q, 4, &saddle, &e), STATUS_REFUSED);
    ck_assert_str_eq(e.message,
                     "the threshold 4 is not below the mean loss under the prior, 4: the plain saddle does not exist");
}
END_TEST

START_TEST(bad_numbers_are_refused)
{
    struct quadratic *q = isotropic(&s1, 3, 1, 1, 0, 1);
    struct quadratic_probability p;
    struct error e;
    double value;
    ck_assert_int_eq(quadratic_probability(q, 0, &p, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.message, "the loss threshold is 0, and must be positive and finite");
    ck_assert_int_eq(quadratic_probability(q, NAN, &p, &e), STATUS_BAD_INPUT);
    ck_assert_int_eq(quadratic_volume(q, INFINITY, &value, &e), STATUS_BAD_INPUT);
    q->variance = 0;
    ck_assert_int_eq(quadratic_probability(q, 1, &p, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.message, "the variance of the prior is 0, and must be positive and finite");
    ck_assert_int_eq(quadratic_volume(q, 1, &value, &e), STATUS_OK);
    q->variance = 1;
    s1.displacement[1] = INFINITY;
    ck_assert_int_eq(quadratic_probability(q, 1, &p, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.message, "displacement 2 is not finite");
    s1.eigenvalues[2] = NAN;
    ck_assert_int_eq(quadratic_volume(q, 1, &value, &e), STATUS_BAD_INPUT);
    ck_assert_str_eq(e.message, "eigenvalue 3 is not finite");
    s1.eigenvalues[2] = 1;
    q->tolerance = -1;
    ck_assert_int_eq(quadratic_volume(q, 1, &value, &e), STATUS_BAD_INPUT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quadratic");
    TCase *volumes = tcase_create("volumes");
    tcase_add_test(volumes, bowls_of_known_size);
    tcase_add_test(volumes, bowl_of_a_million_parameters);
    tcase_add_test(volumes, singular_bowl_is_infinite_and_saddle_is_refused);
    tcase_add_test(volumes, added_terms_and_where_their_log_det_comes_from);
    tcase_add_test(volumes, prior_row_is_the_gaussian_integral);
    tcase_add_test(volumes, segment_is_cross_section_times_extent);
    tcase_add_test(volumes, rescaling_shows_the_wrong_power);
    tcase_add_test(volumes, cumulant_and_its_derivatives);
    tcase_add_test(volumes, bad_numbers_are_refused);
    suite_add_tcase(suite, volumes);
    TCase *exact = tcase_create("exact");
    tcase_add_loop_test(exact, equal_eigenvalues_give_the_incomplete_gamma, 0, 5);
    tcase_add_test(exact, tails_down_to_minus_5000);
    tcase_add_loop_test(exact, displaced_equal_eigenvalues_give_the_noncentral_chi_square, 0, 5);
    tcase_add_test(exact, two_eigenvalues_agree_with_quadrature);
    tcase_add_test(exact, random_spectra_agree_with_the_reference);
    tcase_add_test(exact, zero_eigenvalues_change_nothing);
    tcase_add_test(exact, flat_loss_contains_everything);
    tcase_add_test(exact, negative_eigenvalues_are_inverted_too);
    tcase_add_test(exact, a_million_directions);
    tcase_add_test(exact, small_bowls_are_volume_times_density);
    tcase_add_loop_test(exact, simulation_agrees, 0, 3);
    suite_add_tcase(suite, exact);
    TCase *saddles = tcase_create("saddles");
    tcase_add_test(saddles, bias_of_saddles_with_equal_eigenvalues_is_stirlings);
    tcase_add_test(saddles, saddles_keep_within_their_bounds);
    tcase_add_test(saddles, bias_of_the_plain_saddle_below_the_mean);
    tcase_add_test(saddles, plain_saddle_is_refused_above_the_mean);
    suite_add_tcase(suite, saddles);
    return testing_main(suite);
}
