#!/usr/bin/python3
"""Star-domain directions per second beside PyTorch, in one run, one thread each: a table of docs/bench.md.

    make bench        or        bench/torch_star.py [BUILD]           (Debian: python3-torch)

tanh network 10-26-26-10 with biases (N = 1258), 1024 examples, the radius at which the KL divergence of the softmax outputs
from those at theta* is 0.01, to a hundredth of it, along random directions; double precision. Network and inputs are the
same: bench_star writes them. PyTorch looks at 64 rays at once (batched matrix products, the fastest of 1, 8, 16, 64 and 256 on
this machine), by the same halving, and by the same secants; each ray stops when it is done, the batch is gathered anew.
"""
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
WIDTHS = [10, 26, 26, 10]
N = sum((i + 1) * o for i, o in zip(WIDTHS, WIDTHS[1:]))
EXAMPLES, RAYS, CUTOFF, RUNS = 1024, 64, 0.01, 5


def run_ours(build, path):
    text = subprocess.run([f"{build}/bench/bench_star", path], check=True, capture_output=True, text=True).stdout
    rates, evaluations = {}, {}
    for line in text.splitlines():
        what, rate, count = line.rsplit(",", 2)
        rates.setdefault(what, []).append(float(rate))
        evaluations[what] = float(count)
    return rates, evaluations


class Peer:
    def __init__(self, path):
        numbers = torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.float64)
        self.theta, self.x = numbers[:N], numbers[N:].view(EXAMPLES, WIDTHS[0])
        with torch.no_grad():
            logits = self.outputs(self.theta.unsqueeze(0))[0]
            self.p = torch.softmax(logits, 1)
            self.entropy = (self.p * torch.log(self.p)).sum(1).mean()

    def outputs(self, thetas):
        rays, at = len(thetas), 0
        a = self.x.expand(rays, EXAMPLES, WIDTHS[0])
        for layer, (n_in, n_out) in enumerate(zip(WIDTHS, WIDTHS[1:])):
            w = thetas[:, at : at + n_in * n_out].view(rays, n_out, n_in)
            b = thetas[:, at + n_in * n_out : at + (n_in + 1) * n_out].view(rays, 1, n_out)
            a = torch.baddbmm(b, torch.tanh(a) if layer else a, w.transpose(1, 2))
            at += (n_in + 1) * n_out
        return a

    def divergence(self, thetas):
        return self.entropy - (self.p * torch.log_softmax(self.outputs(thetas), 2)).sum(2).mean(1)

    def radii(self, directions, start, secants):
        n = len(directions)
        low, high = torch.zeros(n), torch.full((n,), math.inf)
        r, at, d, before = torch.full((n,), start), torch.zeros(n), torch.zeros(n), torch.zeros(n)
        d_before, steps, evaluations = torch.zeros(n), torch.zeros(n), 0
        open_rays = torch.arange(n)
        while len(open_rays):
            k = open_rays
            value = self.divergence(self.theta + r[k].unsqueeze(1) * directions[k])
            evaluations += len(k)
            before[k], d_before[k], at[k], d[k] = at[k], d[k], r[k], value
            steps[k] += 1
            inside = value <= CUTOFF
            low[k] = torch.where(inside, r[k], low[k])
            high[k] = torch.where(inside, high[k], r[k])
            slope = torch.log(d[k] / d_before[k]) / torch.log(at[k] / before[k])
            slope = torch.where((slope > 0.1) & (slope < 100), slope, torch.full_like(slope, 2))
            line = at[k] * torch.exp(torch.log(CUTOFF / d[k]) / slope)
            done = (steps[k] > 1) & (torch.log(d[k] / CUTOFF).abs() <= 0.005 * slope)
            halved = torch.where(low[k] > high[k] / 4, torch.sqrt(low[k] * high[k]), (low[k] + high[k]) / 2)
            halved = torch.where(torch.isinf(high[k]), 2 * low[k], halved)
            useful = (line > low[k]) & (line < torch.minimum(high[k], 2 * low[k] + torch.where(torch.isinf(high[k]), 0.0, math.inf)))
            next_r = torch.where(useful, line, halved) if secants else halved
            r[k] = torch.where(done, line, next_r)
            open_rays = k[~done]
        return r, evaluations

    def rate(self, directions_wanted, start, secants):
        torch.manual_seed(1)
        begin, evaluations = time.process_time(), 0
        logs = []
        for _ in range(0, directions_wanted, RAYS):
            v = torch.randn(RAYS, N)
            v /= v.norm(dim=1, keepdim=True)
            r, count = self.radii(v, start, secants)
            logs.append(N * torch.log(r))
            evaluations += count
        seconds = time.process_time() - begin
        return directions_wanted / seconds, evaluations / directions_wanted, torch.cat(logs)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = os.path.join(folder, "theta")
        first, _ = run_ours(build, path)
        peer = Peer(path)
        start = float(peer.radii(torch.nn.functional.normalize(torch.randn(1, N)), 1.0, True)[0])
        theirs = {}
        for secants in (False, True):
            runs = [peer.rate(256, start, secants) for _ in range(RUNS)]
            theirs[secants] = statistics.median(run[0] for run in runs), runs[0][1]
        second, evaluations = run_ours(build, path)
    ours = {what: statistics.median(first[what] + second[what]) for what in first}
    print("| radius by | gears | evaluations | PyTorch | evaluations | ratio |\n|---|---|---|---|---|---|")
    for what, secants in (("halving", False), ("line", True)):
        rate, count = theirs[secants]
        print(
            f"| {'secants' if secants else what} | {ours[what]:.0f}/s | {evaluations[what]:.1f} | {rate:.0f}/s | {count:.1f} |"
            f" {ours[what] / rate:.1f} |"
        )
    print(f"| secants, ours, against halving, PyTorch | {ours['line']:.0f}/s | | {theirs[False][0]:.0f}/s | | {ours['line'] / theirs[False][0]:.1f} |")
    flops = 2 * EXAMPLES * (WIDTHS[0] * WIDTHS[1] + evaluations["line"] * (26 * 26 + 26 * 10))
    print(
        f"\ndgemm {ours['dgemm'] / 1e9:.1f} GFLOP/s: multiplying alone would allow {ours['dgemm'] / flops:.0f} directions a second;"
        f" {100 * ours['line'] * flops / ours['dgemm']:.0f} % of that."
        f" With 4 checks on the way to each radius: {ours['line, 4 checks']:.0f}/s."
    )


main()
