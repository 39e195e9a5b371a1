"""Writes a small NIR file for each type of node with the Python package `nir`, and what the node makes of an input by its equation,
computed here with numpy alone: NAME.nir, and nodes.json with {NAME: {"input" [T, ...], "output" [T, ...]}}. The tests of
crates/glocal-nir read them.

    python make_nodes.py FOLDER          # nir 1.0.8, numpy

Values are multiples of 1/16, so that sums are exact; Euler steps of DT as docs/nir.md says. The package finds other shapes for windows
that are not square and for groups of channels, so that there are none here.
"""

import json
import pathlib
import sys

import nir
import numpy as np

STEPS, DT = 6, 1e-4
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(1)
cases = {}


def sixteenths(*shape):
    return rng.integers(-8, 16, shape) / 16


def row(*values):
    return np.array(values, dtype=np.float64)


def windows(x, kernel, stride, padding, dilation=(1, 1)):
    """Of a map [C,H,W]: [C,Y,X,K,L], zeros outside."""
    x = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2])
    reach = [dilation[a] * (kernel[a] - 1) + 1 for a in (0, 1)]
    size = [(x.shape[a + 1] - reach[a]) // stride[a] + 1 for a in (0, 1)]
    out = np.zeros((x.shape[0], *size, *kernel))
    for y, z, k, l in np.ndindex(*size, *kernel):
        out[:, y, z, k, l] = x[:, y * stride[0] + k * dilation[0], z * stride[1] + l * dilation[1]]
    return out


def convolved(x, node, stride, padding, dilation, groups):
    weight, found = node.weight, []
    own = weight.shape[0] // groups
    for o in range(weight.shape[0]):
        first = o // own * weight.shape[1]
        part = windows(x[first : first + weight.shape[1]], weight.shape[2:], stride, padding, dilation)
        found.append((part * weight[o][:, None, None]).sum((0, 3, 4)) + node.bias[o])
    return np.stack(found)


def each(function):
    return lambda x: np.stack([function(step) for step in x])


def neuron(tau=None, r=1.0, v_leak=0.0, v_threshold=None, v_reset=0.0, tau_syn=None, w_in=1.0):
    """Euler steps; without tau the input is added."""

    def run(x):
        share = 1.0 if tau is None else DT / tau
        kept = 1.0 if tau is None else 1.0 - share
        leak = 0.0 if tau is None else share * v_leak
        v, i, out = np.zeros_like(x[0]) + v_leak, np.zeros_like(x[0]), []
        for step in x:
            if tau_syn is None:
                i = step
            else:
                i = i + DT / tau_syn * (w_in * step - i)
            v = kept * v + share * r * i + leak
            z = v if v_threshold is None else (v > v_threshold).astype(float)
            out.append(z)
            v = v if v_threshold is None else np.where(z > 0, v_reset, v)
        return np.stack(out)

    return run


def keep(name, node, inputs, function, outputs=None):
    shape = inputs.shape[1:]
    expected = function(inputs)
    assert np.abs(expected).sum() > 0, f"{name} is silent"
    graph = nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array(shape)),
            "node": node,
            "output": nir.Output(np.array(expected.shape[1:])),
        },
        edges=[("input", "node"), ("node", "output")],
    )
    nir.write(folder / f"{name}.nir", graph)
    cases[name] = {"input": inputs.flatten().tolist(), "output": expected.flatten().tolist()}


x, maps, spikes = sixteenths(STEPS, 3), sixteenths(STEPS, 2, 5, 4), (rng.random((STEPS, 3)) < 0.6).astype(float)
three = lambda value: row(*[value] * 3)

affine = nir.Affine(sixteenths(2, 3), sixteenths(2))
keep("Affine", affine, x, lambda x: x @ affine.weight.T + affine.bias)
linear = nir.Linear(sixteenths(2, 3))
keep("Linear", linear, x, lambda x: x @ linear.weight.T)
one = nir.Conv1d(input_shape=7, weight=sixteenths(4, 2, 3), stride=2, padding=1, dilation=1, groups=1, bias=sixteenths(4))
flat = nir.Conv2d(None, one.weight[:, :, None], (1, 2), (0, 1), (1, 1), 1, one.bias)
keep("Conv1d", one, sixteenths(STEPS, 2, 7), each(lambda s: convolved(s[:, None], flat, (1, 2), (0, 1), (1, 1), 1)[:, 0]))
two = nir.Conv2d(input_shape=(5, 4), weight=sixteenths(3, 2, 2, 2), stride=(2, 1), padding=(1, 0), dilation=(2, 1), groups=1,
                 bias=sixteenths(3))
keep("Conv2d", two, maps, each(lambda s: convolved(s, two, (2, 1), (1, 0), (2, 1), 1)))
pool = dict(kernel_size=np.array([2, 2]), stride=np.array([2, 1]), padding=np.array([1, 0]))
keep("SumPool2d", nir.SumPool2d(**pool), maps, each(lambda s: windows(s, (2, 2), (2, 1), (1, 0)).sum((3, 4))))
keep("AvgPool2d", nir.AvgPool2d(**pool), maps, each(lambda s: windows(s, (2, 2), (2, 1), (1, 0)).mean((3, 4))))
keep("Flatten", nir.Flatten({"input": np.array([2, 5, 4])}, start_dim=1, end_dim=2), maps, lambda x: x.reshape(STEPS, 2, 20))
scale = nir.Scale(row(0.5, -2.0, 3.0))
keep("Scale", scale, x, lambda x: x * scale.scale)
threshold = nir.Threshold(row(0.1, -0.2, 0.3))
keep("Threshold", threshold, x, lambda x: (x > threshold.threshold).astype(float))
r, leak, reset, level = row(1.0, 2.0, 0.5), row(0.0, 0.25, -0.125), row(0.0, -0.25, 0.125), row(0.43, 0.61, 0.22)
tau, syn, w_in = row(2e-4, 4e-4, 8e-4), row(4e-4, 2e-4, 3e-4), row(1.0, 3.0, 2.0)
keep("I", nir.I(r), x, neuron(r=r))
keep("IF", nir.IF(r, level, reset), spikes, neuron(r=r, v_threshold=level, v_reset=reset))
keep("LI", nir.LI(tau, r, leak), x, neuron(tau, r, leak))
keep("LIF", nir.LIF(tau, 4 * r, leak, level, reset), spikes, neuron(tau, 4 * r, leak, level, reset))
keep("CubaLI", nir.CubaLI(syn, tau, r, leak, w_in), x, neuron(tau, r, leak, tau_syn=syn, w_in=w_in))
keep("CubaLIF", nir.CubaLIF(syn, tau, 8 * r, leak, level, reset, w_in), spikes,
     neuron(tau, 8 * r, leak, level, reset, syn, w_in))
inner = nir.NIRGraph(
    nodes={"input": nir.Input(np.array([3])), "map": affine, "output": nir.Output(np.array([2]))},
    edges=[("input", "map"), ("map", "output")],
)
keep("NIRGraph", inner, x, lambda x: x @ affine.weight.T + affine.bias)

(folder / "nodes.json").write_text(json.dumps(cases))
print(f"{len(cases)} nodes: {', '.join(cases)}; nir {nir.__version__ if hasattr(nir, '__version__') else ''}")
