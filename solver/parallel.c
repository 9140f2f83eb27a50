#include "solver/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct work {
    size_t n;
    atomic_size_t next;
    void (*task)(size_t i, void *context);
    void *context;
};

static void *take_tasks(void *argument)
{
    struct work *w = argument;
    for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->n;)
        w->task(i, w->context);
    return NULL;
}

void parallel_map(size_t n, int threads, void (*task)(size_t i, void *context), void *context)
{
    struct work w = {.n = n, .task = task, .context = context};
    size_t most = threads > 0 ? (size_t)threads : (size_t)sysconf(_SC_NPROCESSORS_ONLN), helpers = 0;
    pthread_t *thread = NULL;
    atomic_init(&w.next, 0);
    if (most > n)
        most = n;
    if (most > 1)
        thread = malloc((most - 1) * sizeof *thread);
    while (thread && helpers + 1 < most && pthread_create(&thread[helpers], NULL, take_tasks, &w) == 0)
        helpers++;
    take_tasks(&w);
    for (size_t k = 0; k < helpers; k++)
        pthread_join(thread[k], NULL);
    free(thread);
}
