"""Writes the small NIR files that the tests of crates/glocal-nir read, with the libraries themselves, and what these
libraries make of them: NAME.nir beside NAME.json with {"reader", "dt", "input" [T, ...], "output" [T, ...]}.

    python make_golden.py FOLDER

Weights are multiples of 1/16 and thresholds are not, so that no potential meets its threshold.
"""

import json
import logging
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import nir
import norse.torch as norse
import numpy as np
import sinabs.layers as sl
import sinabs.nir
import snntorch as snn
import torch
from snntorch.export_nir import export_to_nir
from torch import nn

STEPS, DT = 16, 1e-4
folder = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(0)


def sixteenths(*shape):
    return torch.tensor(rng.integers(-8, 12, shape) / 16, dtype=torch.float32)


def on_a_grid(module):
    for parameter in [*module.parameters()]:
        if parameter.dim() > 0 and parameter.is_leaf and parameter.requires_grad:
            parameter.data = sixteenths(*parameter.shape)
    return module


def spikes_in(*shape):
    return torch.tensor(rng.random((STEPS, *shape)) < 0.5, dtype=torch.float32)


def keep(name, reader, graph, inputs, outputs, dt=DT):
    nir.write(folder / f"{name}.nir", graph)
    outputs = torch.stack(outputs) if isinstance(outputs, list) else outputs
    case = {"reader": reader, "dt": dt, "input": inputs.flatten().tolist(), "output": outputs.flatten().tolist()}
    assert outputs.sum() > 0, f"{name} is silent"
    (folder / f"{name}.json").write_text(json.dumps(case))
    print(f"{name}: {tuple(inputs.shape)} -> {tuple(outputs.shape)}, {int(outputs.sum())} spikes")


def run(net, inputs):
    """Step by step, a batch of one."""
    return [net(step[None])[0].detach() for step in inputs]


def leaky(beta, shape, threshold=0.97):
    full = lambda value: torch.full(shape, value)
    return snn.Leaky(beta=full(beta), threshold=full(threshold), reset_mechanism="zero", init_hidden=True, reset_delay=False)


def synaptic(alpha, beta, shape, threshold=0.97):
    full = lambda value: torch.full(shape, value)
    return snn.Synaptic(alpha=full(alpha), beta=full(beta), threshold=full(threshold), reset_mechanism="zero",
                        init_hidden=True, reset_delay=False)


def snntorch_case(name, shape, *modules):
    net = nn.Sequential(*modules)
    on_a_grid(nn.ModuleList([m for m in modules if isinstance(m, (nn.Linear, nn.Conv2d))]))
    graph = export_to_nir(net, torch.zeros(1, *shape), ignore_dims=[0])
    for module in modules:
        if isinstance(module, (snn.Leaky, snn.Synaptic)):
            module.reset_mem()
    inputs = spikes_in(*shape)
    keep(name, "euler", graph, inputs, run(net, inputs))


snntorch_case("snntorch_lif", (6,), nn.Linear(6, 8), leaky(0.75, (8,)), nn.Linear(8, 5), leaky(0.5, (5,)))
snntorch_case("snntorch_cuba", (6,), nn.Linear(6, 8), synaptic(0.5, 0.75, (8,)), nn.Linear(8, 5), leaky(0.5, (5,)))
snntorch_case("snntorch_conv", (1, 6, 6), nn.Conv2d(1, 3, 3, padding=1), leaky(0.75, (3, 6, 6)), nn.AvgPool2d(2),
              nn.Flatten(), nn.Linear(27, 4), leaky(0.5, (4,)))
snntorch_case("snntorch_conv_cuba", (1, 6, 6), nn.Conv2d(1, 3, 3), synaptic(0.25, 0.5, (3, 4, 4)), nn.Flatten(),
              nn.Linear(48, 4), synaptic(0.5, 0.5, (4,)))


def norse_lif(tau, shape):
    full = lambda value: torch.full(shape, value)
    return norse.LIFBoxCell(p=norse.LIFBoxParameters(tau_mem_inv=full(1 / tau), v_th=full(0.47), v_leak=full(0.0)), dt=1e-3)


def run_norse(net, inputs):
    state, outputs = None, []
    for step in inputs:
        out, state = net(step[None], state)
        outputs.append(out[0].detach())
    return outputs


# norse multiplies its time constants by the dt of to_nir, so only dt = 1 writes seconds.
net = norse.SequentialState(nn.Linear(6, 8), norse_lif(4e-3, (8,)), nn.Linear(8, 5), norse_lif(2e-3, (5,)))
on_a_grid(nn.ModuleList([net[0], net[2]]))
inputs = spikes_in(6)
keep("norse_lif", "euler", norse.to_nir(net, torch.zeros(1, 6), dt=1.0), inputs, run_norse(net, inputs), dt=1e-3)

# CubaLIF as norse reads it: the graph by hand, the spikes by norse.
row = lambda count, value: np.full(count, value, dtype=np.float32)
graph = nir.NIRGraph.from_list(
    nir.Affine(sixteenths(8, 6).numpy(), sixteenths(8).numpy()),
    nir.CubaLIF(tau_syn=row(8, 2e-4), tau_mem=row(8, 4e-4), r=row(8, 2.0), v_leak=row(8, 0.0),
                v_threshold=row(8, 0.47), w_in=row(8, 1.5)),
    nir.Affine(sixteenths(5, 8).numpy(), sixteenths(5).numpy()),
    nir.CubaLIF(tau_syn=row(5, 3e-4), tau_mem=row(5, 2e-4), r=row(5, 1.0), v_leak=row(5, 0.0),
                v_threshold=row(5, 0.31), w_in=row(5, 2.0)),
)
keep("norse_cuba", "euler", graph, inputs, run_norse(norse.from_nir(graph, dt=DT), inputs))

# IF as norse reads it: what comes in is added, without dt.
graph = nir.NIRGraph.from_list(
    nir.Affine(sixteenths(5, 6).numpy(), sixteenths(5).numpy()), nir.IF(r=row(5, 1.0), v_threshold=row(5, 0.97)))
keep("norse_if", "euler", graph, inputs, run_norse(norse.from_nir(graph, dt=DT), inputs))


def sinabs_case(name, shape, *modules):
    net = nn.Sequential(*modules)
    on_a_grid(nn.ModuleList([m for m in modules if isinstance(m, (nn.Linear, nn.Conv2d))]))
    inputs = spikes_in(*shape)
    outputs = net(inputs).detach()
    graph = sinabs.nir.to_nir(net, inputs)
    graph.infer_types()
    keep(name, "sinabs", graph, inputs, outputs)


def sinabs_lif(tau, shape):
    full = lambda value: torch.full(shape, value)
    return sl.LIFSqueeze(tau_mem=full(tau), spike_threshold=full(0.97), norm_input=False, num_timesteps=STEPS)


sinabs_case("sinabs_lif", (6,), nn.Linear(6, 8), sinabs_lif(3.0, (8,)), nn.Linear(8, 5), sinabs_lif(2.0, (5,)))
iaf = sl.IAFSqueeze(spike_threshold=torch.tensor(0.97), min_v_mem=-0.97, num_timesteps=STEPS)
sinabs_case("sinabs_conv", (1, 6, 6), nn.Conv2d(1, 3, 3), iaf, sl.SumPool2d(2), nn.Flatten(), nn.Linear(12, 4),
            sinabs_lif(2.0, (4,)))
