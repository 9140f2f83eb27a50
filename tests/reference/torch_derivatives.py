#!/usr/bin/python3
"""Derivatives of small networks by automatic differentiation, for tests/test_torch.c.

    tests/reference/torch_derivatives.py > tests/reference/torch_derivatives.json      (Debian: python3-torch 1.13.1)

A network 2-3-2-2 with biases on three examples, every activation with every loss; theta holds W1, b1, W2, b2, W3, b3,
each W (out, in) row-major. Written: loss, gradient, the upper triangles of the Hessian and of its Gauss-Newton part row
by row, the Hessian times v, and the Jacobian of the outputs (mse) or of the probabilities (bce, ce).
"""
import json

import torch
from torch.autograd.functional import hessian, jacobian
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
WIDTHS = [2, 3, 2, 2]
EXAMPLES = 3
ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": F.relu,
    "leaky-relu": lambda z: F.leaky_relu(z, 0.01),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "gelu-tanh": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "square": torch.square,
}
LOSSES = {
    "mse": lambda f, t: 0.5 * (f - t).square().sum(1).mean(),
    "bce": lambda f, t: F.binary_cross_entropy_with_logits(f, t, reduction="none").sum(1).mean(),
    "ce": lambda f, t: -(t * F.log_softmax(f, 1)).sum(1).mean(),
}


def outputs(theta, x, activation):
    at = 0
    for layer, (n_in, n_out) in enumerate(zip(WIDTHS, WIDTHS[1:])):
        weight = theta[at : at + n_in * n_out].reshape(n_out, n_in)
        at += n_in * n_out
        x = F.linear(x, weight, theta[at : at + n_out])
        at += n_out
        if layer + 2 < len(WIDTHS):
            x = activation(x)
    return x


def upper(matrix):
    return matrix[tuple(torch.triu_indices(*matrix.shape))].tolist()


def case(name, loss, generator):
    parameters = sum((i + 1) * o for i, o in zip(WIDTHS, WIDTHS[1:]))
    theta, v = (torch.randn(parameters, generator=generator) for _ in range(2))
    x, t = (torch.randn(EXAMPLES, width, generator=generator) for width in (WIDTHS[0], WIDTHS[-1]))
    t = {"mse": lambda t: t, "bce": torch.sigmoid, "ce": lambda t: torch.softmax(t, 1)}[loss](t)

    def net(theta):
        return outputs(theta, x, ACTIVATIONS[name])

    def total(theta):
        return LOSSES[loss](net(theta), t)

    def behaviour(theta):
        return {"mse": lambda f: f, "bce": torch.sigmoid, "ce": lambda f: torch.softmax(f, 1)}[loss](net(theta))

    H = hessian(total, theta)
    J = jacobian(net, theta).reshape(-1, parameters)
    D = hessian(lambda f: LOSSES[loss](f, t), net(theta)).reshape(len(J), len(J))
    return {
        "activation": name,
        "loss": loss,
        "x": x.flatten().tolist(),
        "t": t.flatten().tolist(),
        "theta": theta.tolist(),
        "v": v.tolist(),
        "value": total(theta).item(),
        "gradient": jacobian(total, theta).tolist(),
        "hessian": upper(H),
        "gauss_newton": upper(J.T @ D @ J),
        "hv": (H @ v).tolist(),
        "behaviour_jacobian": jacobian(behaviour, theta).flatten().tolist(),
    }


generator = torch.Generator().manual_seed(20240611)
cases = [case(name, loss, generator) for name in ACTIVATIONS for loss in LOSSES]
print("[" + ",\n".join(json.dumps(c) for c in cases) + "]")
