/* Text: numbers in the C locale whatever LANG is, nearest names, years. */
#ifndef GEARS_BASE_TEXT_H
#define GEARS_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A whole text as a finite number in the C locale ("1e3", "-.5"; no hex, no inf/nan, nothing after it). */
bool text_to_number(const char *text, double *out);
/* "1950", "-10000", "10000 BCE" (= -10000), "1500 CE", "44 BC", "800 AD". */
bool text_to_year(const char *text, double *out);
/* The value correctly rounded (C locale) to as few digits as read back as the same double, 17 at most; "null" for
 * infinite and NaN. Into buffer[size >= 32]. */
char *text_from_number(double value, char *buffer, size_t size);
/* A year for people: "10000 BCE", "1822", "2044.3" with `decimals` after the point; "never" for infinite and NaN. */
char *text_from_year(double year, int decimals, char *buffer, size_t size);

/* Of names[0..n): the nearest to `word` by edit distance with transpositions, if near enough to be a slip (distance at
 * most 1 + length/3); else the shortest that begins with it, if it has three letters; else NULL. */
const char *text_nearest(const char *word, const char *const *names, size_t n);
/* The end of a message: "; did you mean 'NEAR'?", or "" where near is NULL. Into buffer[size]. */
char *text_did_you_mean(const char *near, char *buffer, size_t size);

/* Bytes of text[0..length) before the first that is not UTF-8 or is a control character other than tab and line ends;
 * `length` when all is good. */
size_t text_valid_length(const char *text, size_t length);

/* malloc'd printf in the C locale; NULL on lack of memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_format_list(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
char *text_copy(const char *text); /* NULL gives NULL */

#endif
