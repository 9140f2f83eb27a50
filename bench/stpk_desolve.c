/* The right-hand side of stpk (docs/model-stpk.md) for R's deSolve, written a second time. x = ln (S, T, P, K); p: the
 * model's parameters in the order of its table, then ln A0 and the birth rate at the start. */
#include <math.h>

static double p[32];

void stpk_init(void (*read)(int *, double *))
{
    int n = 32;
    read(&n, p);
}

static double ces(double rho, double a, double b)
{
    return log((exp(rho * a) + exp(rho * b)) / 2) / rho;
}

void stpk_rhs(int *n, double *t, double *x, double *f, double *out, int *ip)
{
    double alpha = p[0], xi = p[1], c_s = p[2], y_star = p[3], nu = p[4], share = p[5], S_m = p[6], k = p[7];
    double b_min = p[8], b_max = p[9], y_b = p[10], gam = p[11], d_min = p[12], sig = p[13], kap = p[14], delta = p[15];
    double rho = p[28], log_Y = p[30] + x[1] + alpha * x[3] + (1 - alpha - xi) * x[2], y = 1000 * exp(log_Y - x[2]);
    double z = 1 - c_s / y, u = (z + sqrt(z * z + p[23] * p[23])) / 2;
    double minds = exp(x[2]) * pow(u, p[22]) + p[27] * exp(p[26] * x[1] + x[3]);
    double science = ces(rho, log(minds), log(p[24]) + x[3]), technology = ces(rho, log(minds), log(p[25]) + x[0]);
    double b = b_min + (b_max - b_min) / (1 + pow(y / y_b, gam));
    double disease = (1 - share) * (1 + pow(S_m, -k)) / (1 + pow(exp(x[0]) / S_m, k));
    double d = d_min + (p[31] - d_min) * (share * pow(y_star / y, nu) + disease);
    (void)n, (void)t, (void)out, (void)ip;
    f[0] = p[16] * exp(p[18] * science + (p[17] - 1) * x[0]);
    f[1] = p[19] * exp(p[21] * technology + (p[20] - 1) * x[1]);
    f[2] = b - d;
    f[3] = sig * (1 - kap * b) * exp(log_Y - x[3]) - delta;
}
