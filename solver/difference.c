#include "solver/difference.h"

int difference_central(difference_function *f, void *context, double x, double h, size_t m, double *out,
                       double *scratch)
{
    /* Fornberg, Math. Comp. 51 (1988) 699, table 1 */
    static const double weight[] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
    for (size_t i = 0; i < m; i++)
        out[i] = 0;
    for (int k = 1; k <= 4; k++)
        for (int sign = -1; sign <= 1; sign += 2) {
            int code = f(x + sign * k * h, scratch, context);
            if (code)
                return code;
            for (size_t i = 0; i < m; i++)
                out[i] += sign * weight[k - 1] * scratch[i] / h;
        }
    return 0;
}
