#!/usr/bin/python3
"""Derivatives of gears beside PyTorch's, in one run, one thread each: the table of docs/bench.md.

    make bench        or        bench/torch_hessian.py [BUILD]           (Debian: python3-torch)

tanh networks with biases, 1024 examples, mse, double precision. For each network bench_hessian and PyTorch take turns.
PyTorch's Hessian: the gradient's graph is kept and differentiated once per row; torch.autograd.functional.hessian with and
without vectorize, is_grads_batched and functorch are slower. "Rows from the diagonal on" only asks for the parameters from
the row's own layer on and takes the rest from symmetry. Its behaviour Jacobian: a copy of the parameters per example, then
one backward pass per output.
"""
import statistics
import subprocess
import sys
import time

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
WIDTHS = [[10, 26, 26, 10], [32, 52, 52, 10], [64, 64, 64, 10]]
EXAMPLES = 1024
RUNS = 5


def cpu_seconds(work, runs):
    work()
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


class Peer:
    def __init__(self, widths):
        torch.manual_seed(1)
        self.x, self.t = torch.randn(EXAMPLES, widths[0]), torch.randn(EXAMPLES, widths[-1])
        self.parameters = []
        for n_in, n_out in zip(widths, widths[1:]):
            self.parameters += [torch.randn(n_out, n_in) / n_in**0.5, torch.zeros(n_out)]
        for p in self.parameters:
            p.requires_grad_()
        self.v = [torch.randn_like(p) for p in self.parameters]
        self.keep_graph()

    def outputs(self, parameters):
        a = self.x
        for layer in range(0, len(parameters), 2):
            a = torch.nn.functional.linear(a if layer == 0 else torch.tanh(a), *parameters[layer : layer + 2])
        return a

    def keep_graph(self):
        loss = 0.5 * (self.outputs(self.parameters) - self.t).square().sum(1).mean()
        self.gradient = torch.autograd.grad(loss, self.parameters, create_graph=True)

    def hvp(self):
        return torch.autograd.grad(self.gradient, self.parameters, self.v, retain_graph=True)

    def hessian(self, whole_rows=False):
        self.keep_graph()
        sizes = [p.numel() for p in self.parameters]
        H, row = torch.zeros(sum(sizes), sum(sizes)), 0
        for k, g in enumerate(self.gradient):
            first = 0 if whole_rows else k
            start = sum(sizes[:first])
            unit = torch.zeros_like(g)
            for i in range(sizes[k]):
                unit.view(-1)[i] = 1
                parts = torch.autograd.grad(g, self.parameters[first:], unit, retain_graph=True)
                unit.view(-1)[i] = 0
                H[row, start:] = torch.cat([part.view(-1) for part in parts])
                row += 1
        if whole_rows:
            return H
        return torch.triu(H) + torch.triu(H, 1).T

    def jacobian(self):
        copies = [p.detach().expand(EXAMPLES, *p.shape).contiguous().requires_grad_() for p in self.parameters]
        a = self.x.unsqueeze(2)
        for layer in range(0, len(copies), 2):
            a = torch.baddbmm(copies[layer + 1].unsqueeze(2), copies[layer], a if layer == 0 else torch.tanh(a))
        total, m = a.squeeze(2).sum(0), a.shape[1]
        G = torch.empty(EXAMPLES, m, sum(p.numel() for p in self.parameters))
        for j in range(m):
            parts = torch.autograd.grad(total[j], copies, retain_graph=True)
            G[:, j] = torch.cat([part.reshape(EXAMPLES, -1) for part in parts], 1)
        return G


def ours(build, network):
    text = subprocess.run([f"{build}/bench/bench_hessian", str(network)], check=True, capture_output=True, text=True)
    times = {}
    for line in text.stdout.splitlines():
        what, parameters, cpu, _ = line.split(",")
        times.setdefault(what, []).append(float(cpu))
    return int(parameters), {what: statistics.median(values) for what, values in times.items()}


def compare(build, network):
    N, own = ours(build, network)
    peer = Peer(WIDTHS[network])
    H = peer.hessian()
    assert torch.allclose(torch.cat([h.flatten() for h in peer.hvp()]), H @ torch.cat([v.flatten() for v in peer.v]))
    theirs = {
        "hessian": cpu_seconds(peer.hessian, RUNS),
        "whole rows": cpu_seconds(lambda: peer.hessian(True), RUNS),
        "hvp": cpu_seconds(lambda: [peer.hvp() for _ in range(50)], RUNS) / 50,
        "jacobian": cpu_seconds(peer.jacobian, RUNS),
    }
    _, again = ours(build, network)
    own = {what: (own[what] + again[what]) / 2 for what in own}
    rate = 2 * 1500**3 / own["product"]
    yield "Hessian; PyTorch: whole rows", own["hessian"], theirs["whole rows"], EXAMPLES * N * N / own["hessian"] / rate
    yield "Hessian; PyTorch: rows from the diagonal on", own["hessian"], theirs["hessian"], None
    yield "Gauss-Newton part", own["gauss_newton"], None, EXAMPLES * N * N / own["gauss_newton"] / rate
    yield "Hessian-vector product", own["hvp"], theirs["hvp"], 12 * EXAMPLES * N / own["hvp"] / rate
    yield "G, 10240 rows", own["jacobian"], theirs["jacobian"], None
    notes.append(
        f"N = {N}: dgemm {rate / 1e9:.1f} GFLOP/s; peak memory {own['peak']:.2f} H; "
        f"forward and backward pass {own['move'] * 1e3:.2f} ms"
    )


def show(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


notes = []
build = sys.argv[1] if len(sys.argv) > 1 else "build"
print("| N | | gears | PyTorch | ratio | share of the dgemm rate |\n|---|---|---|---|---|---|")
for network, widths in enumerate(WIDTHS):
    N = sum((i + 1) * o for i, o in zip(widths, widths[1:]))
    for what, own, peer, share in compare(build, network):
        print(f"| {N} | {what} | {show(own)} | {show(peer) if peer else ''} |", end="")
        print(f" {peer / own:.1f} |" if peer else " |", f"{100 * share:.0f} % |" if share else "|", flush=True)
print()
print("\n".join(notes))
