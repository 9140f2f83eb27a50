#!/usr/bin/env Rscript
# Convergence diagnostics by the R package posterior (Debian: r-cran-posterior): tests/reference/diagnostics.inc.
#   tests/reference/diagnostics.R > tests/reference/diagnostics.inc
# The chains are logistic maps and sums of them, so that the test makes the same numbers without a file of draws.
library(posterior)

logistic <- function(n, start) {
  x <- numeric(n)
  for (i in seq_len(n)) {
    x[i] <- start
    start <- 3.99 * start * (1 - start)
  }
  x
}

# x' = memory x + (logistic map - 1/2), plus `offset` times the number of the chain
chains <- function(chains, draws, memory, offset, power) {
  sapply(seq_len(chains), function(k) {
    u <- logistic(draws, 0.1 + 0.07 * k)
    x <- numeric(draws)
    at <- 0
    for (i in seq_len(draws)) {
      at <- memory * at + (u[i] - 0.5)
      x[i] <- at
    }
    sign(x) * abs(x)^power + offset * k
  })
}

cat("/* posterior", as.character(packageVersion("posterior")), "*/\n")
cases <- list(
  c(4, 500, 0, 0, 1), c(4, 500, 0.9, 0, 1), c(4, 501, 0.95, 0.2, 1), c(2, 1000, -0.7, 0, 1), c(1, 300, 0.5, 0, 1),
  c(8, 60, 0.99, 0, 1), c(4, 200, 0.3, 0, 7), c(3, 128, 0.98, 0.5, 3), c(4, 21, 0.6, 0, 1)
)
for (case in cases) {
  x <- chains(case[1], case[2], case[3], case[4], case[5])
  numbers <- c(case, mean(x), sd(x), rhat(x), ess_bulk(x), ess_tail(x), ess_mean(x), mcse_mean(x))
  cat("{", paste(sprintf("%.15g", numbers), collapse = ", "), "},\n", sep = "")
}
