#include "basin/rejection.h"

#include "solver/linalg.h"
#include "solver/parallel.h"
#include "solver/random.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BATCH = 256 };

struct work {
    const struct region *region;
    const struct prior *prior;
    size_t draws;
    uint64_t seed, stream;
    const struct reporter *reporter;
    atomic_size_t hits, done;
    atomic_bool failed, stopped;
    atomic_flag reporting;
};

static size_t count_hits(const struct work *w, size_t batch, size_t draws, void *worker, double *theta)
{
    struct random_stream r = random_stream(w->seed, w->stream + batch);
    size_t hits = 0, n = w->region->n;
    for (size_t k = 0; k < draws; k++) {
        random_normals(&r, n, theta);
        for (size_t i = 0; i < n; i++)
            theta[i] = (w->prior->mean ? w->prior->mean[i] : 0) + w->prior->sigma[i] * theta[i];
        hits += region_contains(w->region, worker, theta);
    }
    return hits;
}

static void task(size_t batch, void *context)
{
    struct work *w = context;
    size_t first = batch * BATCH, draws = w->draws - first < BATCH ? w->draws - first : BATCH;
    void *worker = NULL;
    if (atomic_load(&w->stopped) || atomic_load(&w->failed))
        return;
    if (reporter_stop_requested(w->reporter))
        atomic_store(&w->stopped, true);
    double *theta = malloc(w->region->n * sizeof *theta);
    if (!theta || region_worker_new(w->region, &worker, NULL))
        atomic_store(&w->failed, true);
    else
        atomic_fetch_add(&w->hits, count_hits(w, batch, draws, worker, theta));
    region_worker_free(w->region, worker);
    free(theta);
    size_t done = atomic_fetch_add(&w->done, draws) + draws;
    if (atomic_flag_test_and_set(&w->reporting))
        return;
    reporter_progress(w->reporter, (double)done / (double)w->draws, "draws from the prior");
    atomic_flag_clear(&w->reporting);
}

enum status rejection_mass(const struct region *r, const struct prior *prior, size_t draws, uint64_t seed,
                           uint64_t stream, int threads, const struct reporter *reporter, struct estimate *out,
                           struct error *e)
{
    struct work w = {.region = r,
                     .prior = prior,
                     .draws = draws,
                     .seed = seed,
                     .stream = stream,
                     .reporter = reporter,
                     .reporting = ATOMIC_FLAG_INIT};
    int blas = linalg_set_threads(1);
    parallel_map((draws + BATCH - 1) / BATCH, threads, task, &w);
    linalg_set_threads(blas);
    if (atomic_load(&w.stopped))
        return error_set(e, STATUS_INTERRUPTED, "interrupted while drawing from the prior");
    if (atomic_load(&w.failed))
        return error_memory(e);
    *out = estimate_fraction(atomic_load(&w.hits), draws);
    return STATUS_OK;
}
