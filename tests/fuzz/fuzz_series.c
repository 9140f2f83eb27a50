/* CSV files of dated values, and their units. */
#include "data/series.h"
#include "data/units.h"
#include "tests/fuzz/fuzzing.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

static void check_series(const struct series *s)
{
    struct unit unit;
    MUST(s->n > 0 && s->title && s->unit && s->source && s->licence && s->notes && s->reference);
    MUST(!s->low == !s->high);
    for (size_t i = 0; i < s->n; i++) {
        MUST(isfinite(s->year[i]) && isfinite(s->value[i]));
        MUST(i == 0 || s->year[i] >= s->year[i - 1]);
        MUST(!s->low || (s->low[i] <= s->value[i] && s->value[i] <= s->high[i]));
    }
    unit_parse(s->unit, &unit);
    MUST(unit.scale > 0 && isfinite(unit.scale));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    char path[64];
    struct series s;
    struct error e = {0};
    if (file < 0)
        file = memfd_create("series", 0);
    MUST(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    enum status status = series_read(path, &s, &e);
    must_be_said(status, &e);
    if (!status)
        check_series(&s);
    series_clear(&s);
    return 0;
}
