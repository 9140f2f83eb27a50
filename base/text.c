#include "base/text.h"

#include <ctype.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* strtod and printf follow LC_NUMERIC; a thread-local C locale makes them independent of LANG without touching the
 * process. */
static locale_t enter_c_locale(locale_t *c)
{
    *c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *c ? uselocale(*c) : (locale_t)0;
}

static void leave_c_locale(locale_t c, locale_t previous)
{
    if (!c)
        return;
    uselocale(previous);
    freelocale(c);
}

/* [+-] digits [. digits] [e [+-] digits], with a digit before the exponent: what strtod takes less hex, inf and nan */
static size_t number_length(const char *text)
{
    const char *c = text;
    size_t digits = 0;
    c += *c == '+' || *c == '-';
    for (; isdigit((unsigned char)*c); c++)
        digits++;
    if (*c == '.')
        for (c++; isdigit((unsigned char)*c); c++)
            digits++;
    if (!digits)
        return 0;
    if (*c == 'e' || *c == 'E') {
        const char *exponent = c + 1;
        exponent += *exponent == '+' || *exponent == '-';
        if (isdigit((unsigned char)*exponent)) {
            while (isdigit((unsigned char)*exponent))
                exponent++;
            c = exponent;
        }
    }
    return (size_t)(c - text);
}

bool text_to_number(const char *text, double *out)
{
    size_t length = number_length(text);
    if (!length || text[length])
        return false;
    locale_t c, previous = enter_c_locale(&c);
    double value = strtod(text, NULL);
    leave_c_locale(c, previous);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

bool text_to_year(const char *text, double *out)
{
    static const struct {
        const char *era;
        double sign;
    } eras[] = {{"", 1}, {"CE", 1}, {"AD", 1}, {"BCE", -1}, {"BC", -1}};
    char digits[64];
    size_t length = number_length(text);
    if (!length || length >= sizeof digits)
        return false;
    memcpy(digits, text, length);
    digits[length] = 0;
    const char *era = text + length;
    while (*era == ' ')
        era++;
    double value;
    if (!text_to_number(digits, &value))
        return false;
    for (size_t i = 0; i < sizeof eras / sizeof eras[0]; i++)
        if (strcasecmp(era, eras[i].era) == 0 && (i == 0 || value >= 0)) {
            *out = eras[i].sign * value;
            return true;
        }
    return false;
}

char *text_from_number(double value, char *buffer, size_t size)
{
    if (!isfinite(value)) {
        snprintf(buffer, size, "null");
        return buffer;
    }
    locale_t c, previous = enter_c_locale(&c);
    /* every decimal of 15 digits survives in a normal number, fewer do in a subnormal one */
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(buffer, size, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value)
            break;
    }
    leave_c_locale(c, previous);
    return buffer;
}

char *text_from_year(double year, int decimals, char *buffer, size_t size)
{
    if (!isfinite(year)) {
        snprintf(buffer, size, "never");
        return buffer;
    }
    locale_t c, previous = enter_c_locale(&c);
    int length = snprintf(buffer, size, "%.*f", decimals, fabs(year));
    bool before = year < 0 && strpbrk(buffer, "123456789"); /* there is no "0 BCE" */
    leave_c_locale(c, previous);
    if (before && length > 0 && (size_t)length < size)
        snprintf(buffer + length, size - (size_t)length, " BCE");
    return buffer;
}

/* Optimal string alignment distance (insert, delete, replace, swap neighbours), case-insensitive; texts over 63 are far
 * from all. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    size_t rows[3][MOST + 1], n = strlen(a), m = strlen(b);
    if (n >= MOST || m >= MOST)
        return SIZE_MAX;
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            size_t best = last[j - 1] + (ca != cb);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            bool swapped =
                i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) && tolower((unsigned char)a[i - 2]) == cb;
            if (swapped && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *free_row = before;
        before = last, last = now, now = free_row;
    }
    return last[m];
}

/* Of the names that begin with `word`, three letters at least, the shortest. */
static const char *shortest_beginning_with(const char *word, const char *const *names, size_t n)
{
    const char *shortest = NULL;
    size_t length = strlen(word);
    for (size_t i = 0; i < n && length >= 3; i++)
        if (strncasecmp(names[i], word, length) == 0 && (!shortest || strlen(names[i]) < strlen(shortest)))
            shortest = names[i];
    return shortest;
}

const char *text_nearest(const char *word, const char *const *names, size_t n)
{
    size_t nearest = n;
    size_t best = 2 + strlen(word) / 3; /* must be below */
    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(word, names[i]);
        if (distance < best) {
            best = distance;
            nearest = i;
        }
    }
    return nearest < n ? names[nearest] : shortest_beginning_with(word, names, n);
}

char *text_did_you_mean(const char *near, char *buffer, size_t size)
{
    if (near)
        snprintf(buffer, size, "; did you mean '%s'?", near);
    else if (size)
        buffer[0] = 0;
    return buffer;
}

/* Bytes of the UTF-8 character at c, 0 where there is none (Unicode, table 3-7). */
static size_t character_length(const unsigned char *c, const unsigned char *end)
{
    size_t length = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    if ((size_t)(end - c) < length)
        return 0;
    for (size_t k = 1; k < length; k++)
        if ((c[k] & 0xc0) != 0x80)
            return 0;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool no_character = (c[0] == 0xed && c[1] >= 0xa0) || (c[0] == 0xf4 && c[1] >= 0x90);
    return overlong || no_character ? 0 : length;
}

size_t text_valid_length(const char *text, size_t length)
{
    const unsigned char *start = (const unsigned char *)text, *c = start, *end = start + length;
    while (c < end) {
        size_t bytes = character_length(c, end);
        bool control = (*c < 0x20 && *c != '\n' && *c != '\r' && *c != '\t') || *c == 0x7f;
        if (!bytes || control)
            break;
        c += bytes;
    }
    return (size_t)(c - start);
}

char *text_format_list(const char *format, va_list args)
{
    char *text = NULL;
    locale_t c, previous = enter_c_locale(&c);
    int length = vasprintf(&text, format, args);
    leave_c_locale(c, previous);
    return length < 0 ? NULL : text;
}

char *text_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = text_format_list(format, args);
    va_end(args);
    return text;
}

char *text_copy(const char *text)
{
    return text ? strdup(text) : NULL;
}
