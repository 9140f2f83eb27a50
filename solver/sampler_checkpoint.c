/* A sampler put away in a file and taken up again: the numbers as they stand in memory, under a line that says what
 * they are of. */
#include "base/file.h"
#include "base/text.h"
#include "solver/sampler_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 1024, FILE_MOST_GIB = 8 };

/* Everything that decides what the draws are, and the sizes. */
static char *heading(const struct sampler *s)
{
    const struct sampler_options *o = &s->options;
    char hash[17], variances[17] = "1";
    file_hash(s->betas, s->rungs * sizeof *s->betas, hash);
    if (o->variances)
        file_hash(o->variances, s->n * sizeof *o->variances, variances);
    return text_format("gears sampler 2 %s %zu %zu %s %zu %d %d %zu %zu %zu %a %a %d %a %zu %s %d %llu\n", s->key, s->n,
                       s->rungs, hash, s->quantities, (int)o->kernel, (int)o->metric, o->chains, o->warmup, o->thin,
                       o->acceptance, o->step, o->smallest_step, o->trajectory, o->max_steps, variances,
                       o->keep_positions, (unsigned long long)o->seed);
}

static size_t rows_of(const struct sampler *s, const struct chain *c)
{
    double after = c->iteration - (double)s->options.warmup;
    return after > 0 ? (size_t)after / s->options.thin : 0;
}

/* One function for both ways, so that they cannot differ. */
struct stream {
    FILE *out;      /* writing */
    const char *at; /* reading */
    size_t left;
    bool good;
};

static void pass(struct stream *f, void *data, size_t bytes)
{
    if (f->out)
        f->good &= bytes == 0 || fwrite(data, 1, bytes, f->out) == bytes;
    else if ((f->good &= bytes <= f->left) && bytes) {
        memcpy(data, f->at, bytes);
        f->at += bytes;
        f->left -= bytes;
    }
}

static void pass_metrics(struct stream *f, struct sampler *s)
{
    size_t size = metric_size(s->options.metric, s->n) * sizeof(double);
    double warm = s->warm, pooled = (double)s->pooled;
    pass(f, &warm, sizeof warm);
    pass(f, &pooled, sizeof pooled);
    pass(f, s->steps, s->rungs * sizeof *s->steps);
    for (size_t k = 0; k < s->rungs; k++) {
        pass(f, s->metrics[k].variances, size);
        if (s->metrics[k].factor)
            pass(f, s->metrics[k].factor, size);
    }
    s->warm = warm != 0;
    s->pooled = (size_t)pooled;
}

static void pass_chain(struct stream *f, struct sampler *s, struct chain *c)
{
    size_t vectors = s->rungs * s->n * sizeof(double);
    pass(f, &c->iteration, sizeof c->iteration);
    pass(f, &c->evaluations, sizeof c->evaluations);
    pass(f, c->numbers, s->rungs * sizeof *c->numbers);
    pass(f, c->x, vectors);
    pass(f, c->gradient, vectors);
    pass(f, c->mean, s->rungs * means_size(s->options.metric, s->n) * sizeof(double));
    if (c->moments)
        pass(f, c->moments, s->rungs * moments_size(s->options.metric, s->n) * sizeof(double));
    size_t rows = f->good ? rows_of(s, c) : 0;
    f->good &= f->out || rows <= f->left / (s->rungs * s->quantities * sizeof(double));
    if (f->good && !f->out)
        f->good = sampler_reserve(s, rows, NULL) == STATUS_OK;
    if (!f->good || !rows)
        return;
    pass(f, c->trace, rows * s->rungs * s->quantities * sizeof(double));
    if (c->positions)
        pass(f, c->positions, rows * vectors);
}

enum status sampler_save(const struct sampler *s, struct error *e)
{
    struct file_aside file;
    char *line = heading(s);
    if (!line)
        return error_memory(e);
    enum status status = file_aside_open(&file, s->checkpoint, e);
    if (!status) {
        struct stream f = {.out = file.stream, .good = true};
        pass(&f, line, strlen(line));
        pass_metrics(&f, (struct sampler *)s);
        for (size_t i = 0; i < s->options.chains; i++)
            pass_chain(&f, (struct sampler *)s, &s->chains[i]);
        status = file_aside_commit(&file, e);
    }
    free(line);
    return status;
}

bool sampler_load(struct sampler *s)
{
    char *line = heading(s), *text = NULL;
    size_t length = 0, head = line ? strlen(line) : 0;
    bool good = line && file_read(s->checkpoint, (size_t)FILE_MOST_GIB << 30, &text, &length, NULL) == STATUS_OK &&
                length > head && memcmp(text, line, head) == 0;
    if (good) {
        struct stream f = {.at = text + head, .left = length - head, .good = true};
        pass_metrics(&f, s);
        for (size_t i = 0; i < s->options.chains && f.good; i++)
            pass_chain(&f, s, &s->chains[i]);
        good = f.good && f.left == 0;
    }
    free(text);
    free(line);
    return good;
}
