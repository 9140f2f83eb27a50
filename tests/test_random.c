/* Random streams: Random123's own known answers, moments, and that numbers do not depend on how they are asked for. */
#include "solver/random.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* threefry2x64 with 20 rounds in tests/kat_vectors of Random123 (Salmon et al. 2011): counter, key, answer. */
static const struct {
    uint64_t counter[2], key[2], answer[2];
} known[] = {
    {{0, 0}, {0, 0}, {0xc2b6e3a8c2c69865, 0x6f81ed42f350084d}},
    {{~0ULL, ~0ULL}, {~0ULL, ~0ULL}, {0xe02cb7c4d95d277a, 0xd06633d0893b8b68}},
    {{0x243f6a8885a308d3, 0x13198a2e03707344},
     {0xa4093822299f31d0, 0x082efa98ec4e6c89},
     {0x263c7d30bb0f0af1, 0x56be8361d3311526}},
};

START_TEST(blocks_are_the_published_ones)
{
    uint64_t out[2] = {0};
    random_block(known[_i].counter, known[_i].key, out);
    ck_assert_uint_eq(out[0], known[_i].answer[0]);
    ck_assert_uint_eq(out[1], known[_i].answer[1]);
}
END_TEST

START_TEST(a_stream_is_the_blocks_in_order)
{
    struct random_stream r = random_stream(0, 0);
    ck_assert_uint_eq(random_bits(&r), known[0].answer[0]);
    ck_assert_uint_eq(random_bits(&r), known[0].answer[1]);
    r = random_stream(77, 5);
    uint64_t key[2] = {77, 5}, out[2] = {0};
    for (uint64_t i = 0; i < 10; i++) {
        random_block((uint64_t[2]){i, 0}, key, out);
        ck_assert_uint_eq(random_bits(&r), out[0]);
        ck_assert_uint_eq(random_bits(&r), out[1]);
    }
    ck_assert_uint_eq(r.next, 20);
}
END_TEST

/* Any division of a stream into pieces gives the same numbers. */
START_TEST(normals_do_not_depend_on_the_division)
{
    enum { N = 101 };
    double whole[N] = {0}, pieces[N] = {0};
    struct random_stream r = random_stream(3, 4);
    random_normals(&r, N, whole);
    ck_assert_uint_eq(r.next, N);
    for (size_t step = 1; step < 7; step++)
        for (size_t i = 0; i < N; i += step) {
            struct random_stream here = random_stream(3, 4);
            here.next = i;
            size_t n = i + step < N ? step : N - i;
            if (step == 1)
                pieces[i] = random_normal(&here);
            else
                random_normals(&here, n, pieces + i);
            ck_assert(memcmp(pieces + i, whole + i, n * sizeof *whole) == 0);
            ck_assert_uint_eq(here.next, i + n);
        }
    random_normals(&r, 0, NULL);
    ck_assert_uint_eq(r.next, N);
}
END_TEST

/* Means of powers against their expectations, within five standard errors; seeds are fixed, so there is no luck. */
START_TEST(moments)
{
    enum { N = 400000 };
    struct random_stream r = random_stream(20240607, (uint64_t)_i);
    double uniform[3] = {0}, normal[5] = {0}, product = 0, next = random_normal(&r), least = 1, most = 0;
    for (int i = 0; i < N; i++) {
        double u = random_uniform(&r), z = next;
        least = fmin(least, u);
        most = fmax(most, u);
        next = random_normal(&r);
        product += z * next;
        for (int power = 1; power <= 4; power++) {
            normal[power] += pow(z, power);
            if (power <= 2)
                uniform[power] += pow(u, power);
        }
    }
    double root = sqrt(N);
    ck_assert(least > 0 && most < 1);
    assert_close(uniform[1] / N, 1 / 2.0, 5 * sqrt(1 / 12.0) / root, 1);
    assert_close(uniform[2] / N, 1 / 3.0, 5 * sqrt(1 / 5.0 - 1 / 9.0) / root, 1);
    assert_close(normal[1] / N, 0, 5 / root, 1);
    assert_close(normal[2] / N, 1, 5 * sqrt(2) / root, 1);
    assert_close(normal[3] / N, 0, 5 * sqrt(15) / root, 1);
    assert_close(normal[4] / N, 3, 5 * sqrt(96) / root, 1);
    assert_close(product / N, 0, 5 / root, 1);
}
END_TEST

/* Neighbouring streams and seeds, and the two kinds of number of one stream, know nothing of each other. */
START_TEST(streams_are_independent)
{
    enum { N = 200000 };
    double correlation[4] = {0};
    struct random_stream a = random_stream(1, 1), b = random_stream(1, 2), c = random_stream(2, 1), d = a;
    for (int i = 0; i < N; i++) {
        double z = random_normal(&a), u = 2 * random_uniform(&d) - 1;
        correlation[0] += z * random_normal(&b);
        correlation[1] += z * random_normal(&c);
        correlation[2] += z * u * sqrt(3);
        correlation[3] += z * z * u;
    }
    for (int k = 0; k < 4; k++)
        assert_close(correlation[k] / N, 0, 5 / sqrt(N), 1);
}
END_TEST

START_TEST(below_is_fair)
{
    enum { DRAWS = 60000 };
    static const uint64_t sizes[] = {1, 2, 3, 6, 10};
    struct random_stream r = random_stream(9, 9);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        int seen[10] = {0}, inside = 0;
        double p = 1 / (double)sizes[k];
        for (int i = 0; i < DRAWS; i++) {
            seen[random_below(&r, sizes[k]) % 10]++;
        }
        for (uint64_t v = 0; v < sizes[k]; v++) {
            ck_assert(fabs(seen[v] - DRAWS * p) <= 5 * sqrt(DRAWS * p * (1 - p)));
            inside += seen[v];
        }
        ck_assert_int_eq(inside, DRAWS);
    }
}
END_TEST

/* 3 x 2^62 values leave a quarter of the words over: without rejection every third one would come twice as often.
 */
/* From even and odd places in the stream; a bound of 3 x 2^62 turns a quarter of the numbers away. */
START_TEST(many_below_are_the_same_as_one_by_one)
{
    static const uint64_t bounds[] = {1, 10, 1024, 3ULL << 62};
    static const size_t counts[] = {0, 1, 2, 63, 64, 65, 200};
    uint64_t seed = testing_seed();
    for (size_t k = 0; k < 4 * 7 * 2; k++) {
        struct random_stream many = random_stream(seed, k), one = many;
        size_t out[200], count = counts[k / 8];
        many.next = one.next = k % 2;
        random_many_below(&many, bounds[k / 2 % 4], count, out);
        for (size_t i = 0; i < count; i++)
            ck_assert_uint_eq(out[i], random_below(&one, bounds[k / 2 % 4]));
        ck_assert_uint_eq(many.next, one.next);
    }
}
END_TEST

START_TEST(below_is_fair_for_huge_ranges)
{
    enum { DRAWS = 60000 };
    struct random_stream r = random_stream(9, 10);
    uint64_t n = 3ULL << 62;
    int seen[3] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint64_t v = random_below(&r, n);
        seen[v % 3] += v < n ? 1 : DRAWS;
    }
    for (int k = 0; k < 3; k++)
        ck_assert(abs(seen[k] - DRAWS / 3) < 5 * (int)sqrt(DRAWS * 2 / 9.0));
    /* of the words themselves one in four is drawn again */
    ck_assert(fabs((double)r.next - DRAWS * 4 / 3.0) < 5 * sqrt(DRAWS * 4 / 9.0));
}
END_TEST

START_TEST(shuffles_are_permutations_and_fair)
{
    enum { N = 4, DRAWS = 48000, ORDERS = 256 };
    int seen[ORDERS] = {0}, kinds = 0;
    struct random_stream r = random_stream(11, 0);
    for (int i = 0; i < DRAWS; i++) {
        size_t items[N] = {0, 1, 2, 3}, code = 0;
        random_shuffle(&r, N, items);
        for (size_t k = 0; k < N; k++)
            code = code * N + items[k];
        seen[code]++;
    }
    for (int code = 0; code < ORDERS; code++) {
        if (!seen[code])
            continue;
        kinds++;
        ck_assert(fabs(seen[code] - DRAWS / 24.0) < 5 * sqrt(DRAWS / 24.0));
    }
    ck_assert_int_eq(kinds, 24);
    random_shuffle(&r, 0, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *random = tcase_create("random");
    tcase_add_test(random, many_below_are_the_same_as_one_by_one);
    tcase_add_loop_test(random, blocks_are_the_published_ones, 0, sizeof known / sizeof known[0]);
    tcase_add_test(random, a_stream_is_the_blocks_in_order);
    tcase_add_test(random, normals_do_not_depend_on_the_division);
    tcase_add_loop_test(random, moments, 0, 3);
    tcase_add_test(random, streams_are_independent);
    tcase_add_test(random, below_is_fair);
    tcase_add_test(random, below_is_fair_for_huge_ranges);
    tcase_add_test(random, shuffles_are_permutations_and_fair);
    suite_add_tcase(suite, random);
    return testing_main(suite);
}
