#include "basin/minimum.h"

#include "solver/linalg.h"

#include <math.h>

double minimum_descent(size_t n, const double *values, const double *vectors, const double *slopes, double loss)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double slope = fabs(linalg_dot(n, vectors + i * n, slopes)), size = fmax(fabs(values[i]), slope);
        if (size > 0)
            sum += slope * slope / (2 * size);
        if (values[i] < 0)
            sum -= values[i] / 2;
    }
    return fmin(sum, loss);
}
