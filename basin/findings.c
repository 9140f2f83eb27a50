#include "basin/minimum.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void findings_clear(struct findings *f)
{
    json_decref(f->json);
    for (size_t i = 0; i < f->n_tables; i++)
        table_free(f->tables[i]);
    for (size_t i = 0; i < f->n_figures; i++)
        figure_free(f->figures[i]);
    for (size_t i = 0; i < f->n_sentences; i++)
        free(f->sentences[i]);
    memset(f, 0, sizeof *f);
}

void findings_add_table(struct findings *f, struct table *t)
{
    if (t && f->n_tables < FINDINGS_MAX)
        f->tables[f->n_tables++] = t;
    else
        table_free(t);
}

void findings_add_figure(struct findings *f, struct figure *figure)
{
    if (figure && f->n_figures < FINDINGS_MAX)
        f->figures[f->n_figures++] = figure;
    else
        figure_free(figure);
}

void findings_add_sentence(struct findings *f, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (text && f->n_sentences < FINDINGS_MAX)
        f->sentences[f->n_sentences++] = text;
    else
        free(text);
}

void findings_refuse(struct findings *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!f->refusal[0])
        vsnprintf(f->refusal, sizeof f->refusal, format, arguments);
    va_end(arguments);
}
