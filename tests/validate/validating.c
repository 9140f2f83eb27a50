#include "tests/validate/validating.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(FILE *f)
{
    size_t length = 0, room = 4096;
    char *text = malloc(room);
    while (text) {
        length += fread(text + length, 1, room - length - 1, f);
        if (length < room - 1)
            break;
        char *more = realloc(text, room *= 2);
        if (!more)
            free(text);
        text = more;
    }
    if (text)
        text[length] = '\0';
    return text;
}

static void print_head(const char *columns)
{
    printf("%s as it should be |\n|", columns);
    for (const char *c = strchr(columns, '|') + 1; *c; c++)
        if (*c == '|')
            printf("---|");
    printf("---|\n");
    fflush(stdout);
}

void validation_begin(struct validation *v, int argc, char **argv, const char *columns)
{
    *v = (struct validation){0};
    if (argc > 1) {
        v->state = fopen(argv[1], "a+");
        if (v->state)
            v->kept = read_all(v->state);
        if (!v->kept) {
            perror(argv[1]);
            exit(2);
        }
    }
    print_head(columns);
}

bool validation_recall(const struct validation *v, const char *key, double *value, size_t n)
{
    size_t length = strlen(key);
    for (const char *line = v->kept; line && *line; line = strchr(line, '\n') + 1) {
        if (!strchr(line, '\n')) /* cut short when the run was stopped */
            return false;
        if (strncmp(line, key, length) != 0 || line[length] != '\t')
            continue;
        const char *c = line + length;
        for (size_t i = 0; i < n; i++) {
            char *end;
            value[i] = strtod(c, &end);
            if (end == c)
                return false;
            c = end;
        }
        return true;
    }
    return false;
}

void validation_keep(struct validation *v, const char *key, const double *value, size_t n)
{
    if (!v->state)
        return;
    fprintf(v->state, "%s\t", key);
    for (size_t i = 0; i < n; i++)
        fprintf(v->state, " %a", value[i]);
    fputc('\n', v->state);
    fflush(v->state);
}

void validation_row(struct validation *v, bool good, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf(" %s |\n", good ? "yes" : "**no**");
    fflush(stdout);
    good ? v->passed++ : v->failed++;
}

int validation_end(struct validation *v)
{
    if (v->state)
        fclose(v->state);
    free(v->kept);
    printf("\n%d passed, %d failed, 0 skipped\n", v->passed, v->failed);
    return v->failed || !v->passed;
}
