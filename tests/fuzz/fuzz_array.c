/* Every format of arrays on every input; what is read must be whole. */
#include "data/array.h"
#include "tests/fuzz/fuzzing.h"

static void check_array(const struct array *a)
{
    size_t n = 1;
    double sum = 0;
    MUST(a->name && a->values && a->n_dimensions <= ARRAY_MAX_DIMENSIONS);
    for (size_t i = 0; i < a->n_dimensions; i++)
        n *= a->shape[i];
    MUST(n == a->n);
    for (size_t i = 0; i < n; i++)
        sum += a->values[i]; /* for the sanitizers: all of it is there */
    MUST(sum == 0 || sum != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"x.npy", "x.npz", "x.safetensors", "x.idx", "x.idx.gz", "x.csv"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        struct array_set s;
        struct error e = {0};
        enum status status = array_read_bytes(data, size, names[k], &s, &e);
        must_be_said(status, &e);
        MUST(!status || (s.n == 0 && !s.arrays && !s.metadata));
        for (size_t i = 0; i < s.n; i++) {
            check_array(&s.arrays[i]);
            MUST(array_find(&s, s.arrays[i].name) == &s.arrays[i]);
        }
        array_set_clear(&s);
    }
    return 0;
}
