# The run of bench_growth by R's deSolve (lsoda, right-hand side compiled in C): error of the log states and time, by tolerance.
# Usage: Rscript stpk_desolve.R FOLDER LIBRARY   (FOLDER: what bench_growth left; LIBRARY: stpk_desolve.c compiled)
suppressMessages(library(deSolve))
args <- commandArgs(TRUE)
invisible(dyn.load(args[2]))
p <- read.csv(file.path(args[1], "parameters.csv"))$value
states <- as.matrix(read.csv(file.path(args[1], "states.csv")))
start <- states[1, ]
y0 <- start[2:5]
b <- p[9] + (p[10] - p[9]) / (1 + (p[4] / p[11])^p[12])
log_A0 <- log(p[4] / 1000) + y0[3] - p[1] * y0[4] - (1 - p[1] - p[2]) * y0[3]
parms <- c(p, log_A0, b)
run <- function(rtol) ode(y = y0, times = states[, 1], func = "stpk_rhs", initfunc = "stpk_init", parms = parms,
                          dllname = "stpk_desolve", method = "lsoda", rtol = 0, atol = rtol)
for (rtol in c(1e-6, 1e-8, 1e-9, 1e-10, 1e-11)) {
  result <- run(rtol)
  miss <- max(abs(result[, 2:5] - states[, 2:5]))
  times <- replicate(21, system.time(for (i in 1:20) run(rtol))[["elapsed"]] / 20)
  cat(sprintf("| R deSolve, lsoda, compiled | %g | %.1e | %d | %.2f |\n", rtol, miss, attr(result, "istate")[3], 1000 * median(times)))
}
