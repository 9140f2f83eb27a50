#!/usr/bin/python3
"""Langevin steps of gears beside PyTorch's, in one run, one thread each: a table of docs/bench.md.

    make bench        or        bench/torch_langevin.py [BUILD]           (Debian: python3-torch)

tanh networks with biases, 1024 examples, mse, double precision. A step: 128 examples drawn at random, the gradient of their
loss, and x += step/2 (n beta (-gradient) - gamma (x - x0)) + sqrt(step) N(0, 1); a full step the same on all examples.
The two programs take turns, ROUNDS times; of all runs of a
program the fastest counts, the one that other work on the machine disturbed least. PyTorch does in-place updates on leaf tensors under no_grad, the parameters in one
flat tensor whose views are the layers, so that noise and update are one call each.
"""
import subprocess
import sys
import time

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
WIDTHS = [[10, 26, 26, 10], [64, 14, 14, 10]]
EXAMPLES, BATCH, ROUNDS, RUNS = 1024, 128, 8, 5
N_BETA, GAMMA, STEP = 1024 / 6.93, 1.0, 1e-5


class Peer:
    def __init__(self, widths):
        torch.manual_seed(1)
        self.x, self.t = torch.randn(EXAMPLES, widths[0]), torch.randn(EXAMPLES, widths[-1])
        start = []
        for n_in, n_out in zip(widths, widths[1:]):
            start += [torch.randn(n_out * n_in) / n_in**0.5, torch.zeros(n_out)]
        self.flat = torch.cat(start).requires_grad_()
        self.start = self.flat.detach().clone()
        self.shapes = [s for n_in, n_out in zip(widths, widths[1:]) for s in ((n_out, n_in), (n_out,))]

    def loss(self, x, t):
        at, a = 0, x
        pieces = self.flat.split([torch.Size(s).numel() for s in self.shapes])
        for layer in range(0, len(self.shapes), 2):
            a = torch.nn.functional.linear(
                a if layer == 0 else torch.tanh(a), pieces[layer].view(self.shapes[layer]), pieces[layer + 1]
            )
        return 0.5 * (a - t).square().sum() / x.shape[0]

    def step(self, whole):
        x, t = self.x, self.t
        if not whole:
            rows = torch.randint(EXAMPLES, (BATCH,))
            x, t = x[rows], t[rows]
        (g,) = torch.autograd.grad(self.loss(x, t), self.flat)
        with torch.no_grad():
            drift = torch.add(g * -N_BETA, self.flat - self.start, alpha=-GAMMA)
            self.flat.add_(drift, alpha=STEP / 2).add_(torch.randn_like(self.flat), alpha=STEP**0.5)


def add(rates, what, value):
    rates[what] = max(rates.get(what, 0), value)


def time_theirs(peer, rates):
    for what, steps in (("batch", 200), ("whole", 25)):
        for _ in range(RUNS):
            start = time.process_time()
            for _ in range(steps):
                peer.step(what == "whole")
            add(rates, what, steps / (time.process_time() - start))


def time_ours(build, network, rates):
    text = subprocess.run([f"{build}/bench/bench_langevin", str(network)], check=True, capture_output=True, text=True)
    for line in text.stdout.splitlines():
        what, parameters, value = line.split(",")
        add(rates, what, float(value))
    return int(parameters)


build = sys.argv[1] if len(sys.argv) > 1 else "build"
print("| network | N | steps | gears, 1/s | PyTorch, 1/s | ratio |\n|---|--:|---|--:|--:|--:|")
for network, widths in enumerate(WIDTHS):
    own, theirs, peer = {}, {}, Peer(widths)
    time_theirs(peer, {})  # to warm up
    for _ in range(ROUNDS):
        N = time_ours(build, network, own)
        time_theirs(peer, theirs)
    for what, name in (("batch", f"batches of {BATCH}"), ("whole", f"all {EXAMPLES} examples")):
        ratio = own[what] / theirs[what]
        print(f"| {'-'.join(map(str, widths))} | {N} | {name} | {own[what]:.0f} | {theirs[what]:.0f} | {ratio:.1f} |", flush=True)
    parts = ", ".join(f"{what} {1e6 / own[what]:.1f} µs" for what in own if what not in theirs)
    print(f"|  |  | of a batch step: {parts} | | | |")
