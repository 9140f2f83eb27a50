/* A session that is stopped keeps what it has finished. */
#include "basin/session.h"
#include "tests/testing.h"

#include <string.h>

struct patience {
    int left, asked;
};

static bool stop_after(void *context)
{
    struct patience *p = context;
    p->asked++;
    return p->left-- <= 0;
}

static enum status run(const struct experiment *x, struct patience *p, struct basin_result *r)
{
    struct reporter reporter = {.stop_requested = stop_after, .context = p};
    struct session_options options = {.threads = 1};
    struct error e;
    return session_run(&x->runs[0], true, NULL, 0, &options, &reporter, r, &e);
}

/* Stopped in the training, in the first analysis, in the second: at every question there is. */
START_TEST(what_is_finished_is_kept)
{
    static const char *const settings[] = {"train.method=lm", "analyses=[audit, contour]", "contour={resolution: 9}"};
    struct experiment x;
    struct error e = {0};
    struct basin_result r;
    struct patience whole = {.left = 1 << 30};
    int kept[3] = {0};
    ck_assert_msg(experiment_read("scenarios/basin-xor.yaml", settings, 3, &x, &e) == STATUS_OK, "%s", e.message);
    ck_assert_int_eq(run(&x, &whole, &r), STATUS_OK);
    ck_assert(r.ready && !r.partial);
    ck_assert_uint_eq(r.n_findings, 2);
    basin_result_clear(&r);
    for (int k = 0; k < whole.asked; k++) {
        struct patience p = {.left = k};
        ck_assert_int_eq(run(&x, &p, &r), STATUS_INTERRUPTED);
        ck_assert_int_eq(r.partial, r.ready);
        ck_assert_uint_le(r.n_findings, r.ready ? 1 : 0);
        ck_assert(r.n_findings == 0 || r.findings[0].json);
        kept[r.ready + r.n_findings]++;
        basin_result_clear(&r);
    }
    for (int i = 0; i < 3; i++)
        ck_assert_int_gt(kept[i], 0);
    experiment_clear(&x);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *all = tcase_create("session");
    tcase_add_test(all, what_is_finished_is_kept);
    suite_add_tcase(suite, all);
    return testing_main(suite);
}
