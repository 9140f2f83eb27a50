#include "basin/region.h"

enum status region_worker_new(const struct region *r, void **worker, struct error *e)
{
    *worker = (void *)r->context;
    return r->worker_new ? r->worker_new(r, worker, e) : STATUS_OK;
}

void region_worker_free(const struct region *r, void *worker)
{
    if (r->worker_free && worker)
        r->worker_free(worker);
}

bool region_contains(const struct region *r, void *worker, const double *theta)
{
    return r->value(worker, theta) <= r->cutoff;
}
