# Least squares of ln value on the year, with the standard error of the slope:
#   awk -F, -v from=2009 -v to=2023 -f tests/reference/trend.awk data/series/gpu_flops_per_dollar_best_epoch.csv
$1 + 0 >= from && $1 + 0 <= to && $2 > 0 { x[++n] = $1; y[n] = log($2); mx += $1; my += log($2) }
END {
    mx /= n; my /= n
    for (i = 1; i <= n; i++) { sxx += (x[i] - mx) ^ 2; sxy += (x[i] - mx) * (y[i] - my) }
    for (i = 1; i <= n; i++) rest += (y[i] - my - sxy / sxx * (x[i] - mx)) ^ 2
    printf "%d points, slope %.16g, error %.16g\n", n, sxy / sxx, sqrt(rest / (n - 2) / sxx)
}
